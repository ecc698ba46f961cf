//! Rows of key pairs and sealed private keys, to the domain and back.

use diesel::dsl::auto_type;
use diesel::prelude::*;
use uuid::Uuid;

use super::NewKeyPair;
use super::batch::Create;
use super::owners::Space;
use super::schema::{key_pairs, sealed_private_keys};
use crate::domain::{
    Error, Fingerprint, KekId, KekProvider, KeyAlgorithm, KeyKind, KeyPair, KeyPairId, KeyPairName, Owner, ProjectId,
    Region, ResourceGroupId, Result, SealedPrivateKey, Suite, Timestamp, UserId,
};

#[derive(Insertable)]
#[diesel(table_name = key_pairs, treat_none_as_default_value = false)]
pub(super) struct NewKeyPairRow<'a> {
    region: &'a str,
    owner: &'a str,
    id: &'a [u8],
    name: &'a str,
    user_id: &'a str,
    project_id: Option<&'a str>,
    kind: &'a str,
    algorithm: String,
    public_key: &'a str,
    fingerprint: &'a str,
    fingerprint_sha256: &'a str,
    description: &'a str,
    has_private_key: bool,
    created_at: i64,
    updated_at: Option<i64>,
    resource_group_id: Option<&'a str>,
}

impl<'a> From<&'a Create> for NewKeyPairRow<'a> {
    fn from(Create { space, new: NewKeyPair { pair, sealed, .. }, .. }: &'a Create) -> Self {
        Self {
            region: &space.region,
            owner: &space.owner,
            id: pair.id.as_uuid().as_bytes(),
            name: pair.name.as_str(),
            user_id: pair.user.as_str(),
            project_id: pair.project.as_ref().map(ProjectId::as_str),
            kind: pair.kind.as_str(),
            algorithm: pair.algorithm.to_string(),
            public_key: &pair.public_key,
            fingerprint: pair.fingerprint.as_str(),
            fingerprint_sha256: pair.fingerprint_sha256.as_str(),
            description: &pair.description,
            has_private_key: sealed.is_some(),
            created_at: pair.created_at.as_micros(),
            updated_at: pair.updated_at.map(Timestamp::as_micros),
            resource_group_id: pair.resource_group.as_ref().map(ResourceGroupId::as_str),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = key_pairs)]
pub(super) struct KeyPairRow {
    region: String,
    owner: String,
    id: Vec<u8>,
    name: String,
    user_id: String,
    project_id: Option<String>,
    kind: String,
    algorithm: String,
    public_key: String,
    fingerprint: String,
    fingerprint_sha256: String,
    description: String,
    has_private_key: bool,
    created_at: i64,
    updated_at: Option<i64>,
    resource_group_id: Option<String>,
}

impl TryFrom<KeyPairRow> for KeyPair {
    type Error = Error;

    fn try_from(row: KeyPairRow) -> Result<Self> {
        let group = row.resource_group_id.as_deref().map(ResourceGroupId::parse);
        Ok(Self {
            id: KeyPairId::from_uuid(Uuid::from_slice(&row.id).map_err(Error::internal)?),
            region: Region::parse(&row.region).map_err(Error::internal)?,
            owner: Owner::parse(&row.owner).map_err(Error::internal)?,
            project: row.project_id.as_deref().map(ProjectId::parse).transpose().map_err(Error::internal)?,
            user: UserId::parse(&row.user_id).map_err(Error::internal)?,
            name: KeyPairName::parse(&row.name).map_err(Error::internal)?,
            kind: KeyKind::parse(&row.kind).ok_or_else(|| unknown("kind"))?,
            algorithm: KeyAlgorithm::parse(&row.algorithm).ok_or_else(|| unknown("algorithm"))?,
            public_key: row.public_key,
            fingerprint: Fingerprint::from_written(row.fingerprint),
            fingerprint_sha256: Fingerprint::from_written(row.fingerprint_sha256),
            description: row.description,
            resource_group: group.transpose().map_err(Error::internal)?,
            has_private_key: row.has_private_key,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: row.updated_at.map(Timestamp::from_micros),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = sealed_private_keys, treat_none_as_default_value = false)]
pub(super) struct NewSealedRow<'a> {
    region: &'a str,
    owner: &'a str,
    key_pair_id: &'a [u8],
    suite: i32,
    kek_provider: &'a str,
    kek_name: &'a str,
    kek_version: i32,
    kek_alias: Option<&'a str>,
    wrapped_data_key: &'a [u8],
    salt: &'a [u8],
    commitment: &'a [u8],
    nonce: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> NewSealedRow<'a> {
    pub(super) fn new(space: &'a Space, key_pair_id: &'a [u8], sealed: &'a SealedPrivateKey) -> Self {
        Self {
            region: &space.region,
            owner: &space.owner,
            key_pair_id,
            suite: sealed.suite.number(),
            kek_provider: sealed.kek.provider.as_str(),
            kek_name: &sealed.kek.name,
            kek_version: sealed.kek.version,
            kek_alias: sealed.kek_alias.as_deref(),
            wrapped_data_key: &sealed.wrapped_data_key,
            salt: &sealed.salt,
            commitment: &sealed.commitment,
            nonce: &sealed.nonce,
            ciphertext: &sealed.ciphertext,
        }
    }

    /// `None` where no private key is kept.
    pub(super) fn of(Create { space, new, .. }: &'a Create) -> Option<Self> {
        let sealed = new.sealed.as_ref()?;
        Some(Self::new(space, new.pair.id.as_uuid().as_bytes(), sealed))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sealed_private_keys)]
pub(super) struct SealedRow {
    suite: i32,
    kek_provider: String,
    kek_name: String,
    kek_version: i32,
    kek_alias: Option<String>,
    wrapped_data_key: Vec<u8>,
    salt: Vec<u8>,
    commitment: Vec<u8>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl TryFrom<SealedRow> for SealedPrivateKey {
    type Error = Error;

    fn try_from(row: SealedRow) -> Result<Self> {
        Ok(Self {
            suite: Suite::from_number(row.suite).ok_or_else(|| unknown_suite(row.suite))?,
            kek: kek_id(&row.kek_provider, row.kek_name, row.kek_version)?,
            kek_alias: row.kek_alias,
            wrapped_data_key: row.wrapped_data_key,
            salt: row.salt,
            commitment: row.commitment,
            nonce: row.nonce,
            ciphertext: row.ciphertext,
        })
    }
}

/// A key-encryption key, from its three columns.
pub(super) fn kek_id(provider: &str, name: String, version: i32) -> Result<KekId> {
    let provider = KekProvider::parse(provider).ok_or_else(|| unknown("kek_provider"))?;
    Ok(KekId { provider, name, version })
}

/// The one key pair of that name in a name space.
#[auto_type(no_type_alias)]
pub(super) fn is_named<'a>(region: &'a str, owner: &'a str, name: &'a str) -> _ {
    key_pairs::region.eq(region).and(key_pairs::owner.eq(owner)).and(key_pairs::name.eq(name))
}

/// A column holds what this version does not know: a newer version wrote it, or somebody's hand.
pub(super) fn unknown(column: &str) -> Error {
    Error::internal(format!("the column {column} holds a value that this version does not know"))
}

/// Fails closed as every other broken part of a sealed private key does, before anything is unwrapped.
fn unknown_suite(number: i32) -> Error {
    let cause = format!(
        "the row names suite {number}, which this version does not know: a newer keypaird sealed it, or the row was \
         changed by hand"
    );
    Error::Integrity(cause.into())
}
