//! Rows of key pairs and sealed private keys, to the domain and back.

use diesel::dsl::auto_type;
use diesel::prelude::*;
use uuid::Uuid;

use super::NewKeyPair;
use super::creates::Create;
use super::owners::Space;
use super::schema::{key_pairs, sealed_private_keys};
use crate::domain::{
    Error, Fingerprint, KekId, KekProvider, KeyAlgorithm, KeyKind, KeyPair, KeyPairId, KeyPairName, ListedKeyPair,
    Owner, ProjectId, Region, ResourceGroupId, Result, SealedPrivateKey, Suite, Timestamp, UserId,
};

#[derive(Insertable)]
#[diesel(table_name = key_pairs, treat_none_as_default_value = false)]
pub(super) struct NewKeyPairRow {
    region: String,
    owner: String,
    id: Vec<u8>,
    name: String,
    user_id: String,
    project_id: Option<String>,
    kind: &'static str,
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

impl From<&Create> for NewKeyPairRow {
    fn from(Create { space, new: NewKeyPair { pair, sealed, .. }, .. }: &Create) -> Self {
        Self {
            region: space.region.clone(),
            owner: space.owner.clone(),
            id: pair.id.as_uuid().as_bytes().to_vec(),
            name: pair.name.to_string(),
            user_id: pair.user.to_string(),
            project_id: pair.project.as_ref().map(ProjectId::to_string),
            kind: pair.kind.as_str(),
            algorithm: pair.algorithm.to_string(),
            public_key: pair.public_key.clone(),
            fingerprint: pair.fingerprint.to_string(),
            fingerprint_sha256: pair.fingerprint_sha256.to_string(),
            description: pair.description.clone(),
            has_private_key: sealed.is_some(),
            created_at: pair.created_at.as_micros(),
            updated_at: pair.updated_at.map(Timestamp::as_micros),
            resource_group_id: pair.resource_group.as_ref().map(ResourceGroupId::to_string),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = key_pairs)]
pub(super) struct KeyPairRow {
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

impl KeyPairRow {
    /// The key pair, of an owner that the statement asked for.
    pub(super) fn of(self, region: &Region, owner: &Owner) -> Result<KeyPair> {
        let row = self;
        let group = row.resource_group_id.as_deref().map(ResourceGroupId::parse);
        Ok(KeyPair {
            id: KeyPairId::from_uuid(Uuid::from_slice(&row.id).map_err(Error::internal)?),
            region: region.clone(),
            owner: owner.clone(),
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

/// Of a list's hundreds of rows, each column costs both databases and the service time.
#[derive(Queryable, Selectable)]
#[diesel(table_name = key_pairs)]
pub(super) struct ListedRow {
    name: String,
    kind: String,
    public_key: String,
    fingerprint: String,
    has_private_key: bool,
}

impl ListedRow {
    /// The key pair, of an owner that the statement asked for.
    pub(super) fn of(self, owner: &Owner) -> Result<ListedKeyPair> {
        Ok(ListedKeyPair {
            owner: owner.clone(),
            name: KeyPairName::parse(&self.name).map_err(Error::internal)?,
            kind: KeyKind::parse(&self.kind).ok_or_else(|| unknown("kind"))?,
            public_key: self.public_key,
            fingerprint: Fingerprint::from_written(self.fingerprint),
            has_private_key: self.has_private_key,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = sealed_private_keys, treat_none_as_default_value = false)]
pub(super) struct NewSealedRow {
    region: String,
    owner: String,
    key_pair_id: Vec<u8>,
    suite: i32,
    kek_provider: &'static str,
    kek_name: String,
    kek_version: i32,
    kek_alias: Option<String>,
    wrapped_data_key: Vec<u8>,
    salt: Vec<u8>,
    commitment: Vec<u8>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl NewSealedRow {
    pub(super) fn new(space: &Space, key_pair_id: &[u8], sealed: &SealedPrivateKey) -> Self {
        Self {
            region: space.region.clone(),
            owner: space.owner.clone(),
            key_pair_id: key_pair_id.to_vec(),
            suite: sealed.suite.number(),
            kek_provider: sealed.kek.provider.as_str(),
            kek_name: sealed.kek.name.clone(),
            kek_version: sealed.kek.version,
            kek_alias: sealed.kek_alias.clone(),
            wrapped_data_key: sealed.wrapped_data_key.clone(),
            salt: sealed.salt.clone(),
            commitment: sealed.commitment.clone(),
            nonce: sealed.nonce.clone(),
            ciphertext: sealed.ciphertext.clone(),
        }
    }

    /// `None` where no private key is kept.
    pub(super) fn of(Create { space, new, .. }: &Create) -> Option<Self> {
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
