//! Bodies out.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::super::error::Error;
use super::super::super::view::Wrapped;
use crate::domain::{KekId, KeyAlgorithm, KeyPair, KeyPairName, ListedKeyPair, Owner, PrivateKeyPem, Timestamp};
use crate::http::echo;
use crate::service::Exported;

/// What Huawei freezes key pairs for does not exist here: 0 is a key pair that can be used.
const NOT_FROZEN: u8 = 0;

/// The longest part of a caller's word that an answer repeats, in characters: all of a name that could be one.
const LONGEST_ECHO: usize = 255;

#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct List<'a> {
    keypairs: Vec<Wrapped<Entry<'a>>>,
    page_info: PageInfo<'a>,
}

#[derive(Serialize, ToSchema)]
struct Entry<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    scope: &'static str,
    public_key: &'a str,
    fingerprint: &'a str,
    is_key_protection: bool,
    /// A string in lists, a number in details: the Terraform provider decodes neither as the other.
    frozen_state: String,
}

/// Markers are names, and are after which a page begins.
#[derive(Serialize, ToSchema)]
struct PageInfo<'a> {
    /// `null` on the last page: clients ask on until then.
    #[schema(required)]
    next_marker: Option<&'a str>,
    /// What this page began after.
    #[schema(required)]
    previous_marker: Option<&'a str>,
    current_count: usize,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct Detail<'a> {
    name: &'a str,
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    scope: &'static str,
    public_key: &'a str,
    fingerprint: &'a str,
    is_key_protection: bool,
    deleted: bool,
    description: &'a str,
    user_id: &'a str,
    /// Milliseconds since 1970, as a number.
    create_time: i64,
    #[schema(required)]
    delete_time: Option<i64>,
    #[schema(required)]
    update_time: Option<i64>,
    frozen_state: u8,
    /// Of the KMS key that the private key is kept under.
    #[schema(required)]
    key_id: Option<&'a str>,
    algorithm: String,
}

/// The only body but a create's with a private key.
#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct Released {
    name: String,
    #[serde(serialize_with = "PrivateKeyPem::serialize_exposed")]
    #[schema(value_type = String)]
    private_key: Option<PrivateKeyPem>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct Named<'a> {
    name: &'a str,
}

/// `pairs` may be one more than the page has room for.
pub(in super::super) fn listed<'a>(
    pairs: &'a [ListedKeyPair],
    limit: usize,
    after: Option<&'a KeyPairName>,
) -> List<'a> {
    let (page, further) = pairs.split_at(limit.min(pairs.len()));
    let last = page.last().filter(|_| !further.is_empty());
    List {
        keypairs: page.iter().map(|pair| Wrapped::new(entry(pair))).collect(),
        page_info: PageInfo {
            next_marker: last.map(|pair| pair.name.as_str()),
            previous_marker: after.map(KeyPairName::as_str),
            current_count: page.len(),
        },
    }
}

fn entry(pair: &ListedKeyPair) -> Entry<'_> {
    Entry {
        name: pair.name.as_str(),
        kind: pair.kind.as_str(),
        scope: scope(&pair.owner),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        is_key_protection: pair.has_private_key,
        frozen_state: NOT_FROZEN.to_string(),
    }
}

fn scope(owner: &Owner) -> &'static str {
    match owner {
        Owner::User(_) => "user",
        Owner::Project(_) => "domain",
    }
}

/// `kek`: what its private key is kept under.
pub(in super::super) fn shown<'a>(pair: &'a KeyPair, kek: Option<&'a KekId>) -> Wrapped<Detail<'a>> {
    Wrapped::new(Detail {
        name: pair.name.as_str(),
        id: pair.id.number(),
        kind: pair.kind.as_str(),
        scope: scope(&pair.owner),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        is_key_protection: pair.has_private_key,
        // A deleted key pair is gone, so none is ever shown.
        deleted: false,
        description: &pair.description,
        user_id: pair.user.as_str(),
        create_time: pair.created_at.as_millis(),
        delete_time: None,
        update_time: pair.updated_at.map(Timestamp::as_millis),
        frozen_state: NOT_FROZEN,
        key_id: kek.and_then(KekId::kms_key_id),
        algorithm: algorithm(pair.algorithm),
    })
}

/// In the words of Huawei's console; the API documents the member without its values.
fn algorithm(algorithm: KeyAlgorithm) -> String {
    match algorithm {
        KeyAlgorithm::Rsa { bits } => format!("SSH_RSA_{bits}"),
        KeyAlgorithm::Dsa => "SSH_DSA".to_owned(),
        KeyAlgorithm::Ed25519 => "SSH_ED25519".to_owned(),
        KeyAlgorithm::EcdsaP256 => "SSH_ECDSA_256".to_owned(),
        KeyAlgorithm::EcdsaP384 => "SSH_ECDSA_384".to_owned(),
        KeyAlgorithm::EcdsaP521 => "SSH_ECDSA_521".to_owned(),
        KeyAlgorithm::SkEd25519 => "SSH_SK_ED25519".to_owned(),
        KeyAlgorithm::SkEcdsaP256 => "SSH_SK_ECDSA_256".to_owned(),
    }
}

pub(in super::super) fn exported(exported: Exported) -> Wrapped<Released> {
    let Exported { pair, private_key } = exported;
    Wrapped::new(Released { name: pair.name.to_string(), private_key: Some(private_key) })
}

pub(in super::super) fn imported(pair: &KeyPair) -> Wrapped<Named<'_>> {
    Wrapped::new(Named { name: pair.name.as_str() })
}

/// What became of each key pair of a batch.
#[derive(Default, Serialize, ToSchema)]
pub(in crate::http::huawei) struct BatchImported {
    succeeded_keypairs: Vec<Wrapped<Succeeded>>,
    failed_keypairs: Vec<Failure>,
}

/// Twice, in one another: the documentation has the key pair once in `keypair`, and the Terraform provider reads it from
/// `keypair.keypair`.
#[derive(Serialize, ToSchema)]
struct Succeeded {
    keypair: Summary,
    #[serde(flatten)]
    same: Summary,
}

/// Never a private key, whatever was imported with it.
#[derive(Clone, Serialize, ToSchema)]
struct Summary {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    public_key: String,
    fingerprint: String,
    user_id: String,
}

#[derive(Serialize, ToSchema)]
struct Failure {
    keypair_name: String,
    failed_reason: String,
}

impl BatchImported {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.succeeded_keypairs.is_empty() && self.failed_keypairs.is_empty()
    }

    pub(in super::super) fn succeeded(&mut self, pair: &KeyPair) {
        let keypair = Summary {
            name: pair.name.to_string(),
            kind: pair.kind.as_str(),
            public_key: pair.public_key.clone(),
            fingerprint: pair.fingerprint.to_string(),
            user_id: pair.user.to_string(),
        };
        self.succeeded_keypairs.push(Wrapped::new(Succeeded { same: keypair.clone(), keypair }));
    }

    pub(in super::super) fn failed(&mut self, keypair_name: &str, error: &Error) {
        let keypair_name = echo::shown(keypair_name).chars().take(LONGEST_ECHO).collect();
        self.failed_keypairs.push(Failure { keypair_name, failed_reason: error.reason() });
    }
}
