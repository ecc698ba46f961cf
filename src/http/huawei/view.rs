//! What the answers of both versions have in common.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::PrivateKeyPem;
use crate::service::Created;

/// KPS wraps each key pair once more, alone and in lists.
#[derive(Serialize, ToSchema)]
pub(super) struct Wrapped<T> {
    keypair: T,
}

impl<T> Wrapped<T> {
    pub(super) const fn new(keypair: T) -> Self {
        Self { keypair }
    }
}

/// A key pair that was made: the private key of a generated one, also where it is kept as well.
#[derive(Serialize, ToSchema)]
pub(super) struct Made {
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "PrivateKeyPem::serialize_exposed")]
    #[schema(value_type = Option<String>)]
    private_key: Option<PrivateKeyPem>,
    user_id: String,
    name: String,
    fingerprint: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

/// Whether an answer has the member `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Told,
    /// As in versions that know no other kind.
    LeftOut,
}

pub(super) fn created(created: Created, kind: Kind) -> Wrapped<Made> {
    let Created { pair, private_key } = created;
    Wrapped::new(Made {
        public_key: pair.public_key,
        private_key,
        user_id: pair.user.to_string(),
        name: pair.name.to_string(),
        fingerprint: pair.fingerprint.to_string(),
        kind: kind.of(pair.kind.as_str()),
    })
}

impl Kind {
    pub(super) fn of(self, word: &'static str) -> Option<&'static str> {
        match self {
            Self::Told => Some(word),
            Self::LeftOut => None,
        }
    }
}
