//! What is asked for with a new key pair, and what its caller gets.

use super::Whose;
use crate::domain::{Action, Event, KeyKind, KeyPair, KeyPairName, Labels, PrivateKeyPem, Protection};
use crate::ssh::{Algorithm, Effort, LineEnd, PrivateKeyFormat};

/// A key pair that is asked for.
pub struct NewKeyPair {
    pub whose: Whose,
    pub name: KeyPairName,
    pub kind: KeyKind,
    pub origin: Origin,
    pub labels: Labels,
}

/// Where the key pair comes from.
pub enum Origin {
    Generate { algorithm: Option<Algorithm>, format: Option<PrivateKeyFormat>, line_end: LineEnd, custody: Custody },
    Import { public_key: String, keep: Option<KeptKey> },
}

/// What becomes of a generated private key besides the one answer that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    ReturnOnce,
    Escrow(Protection),
}

impl Custody {
    /// Whether a create that is refused would have cost more than the look that tells: a key of those that lie ready, a
    /// processor's time, or a question to the KMS.
    pub(super) fn costs_beforehand(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm.effort()) {
            (Self::ReturnOnce, Effort::Slight) => false,
            (Self::ReturnOnce, Effort::Some | Effort::Great) | (Self::Escrow(_), _) => true,
        }
    }
}

/// A private key that comes with an import, to be kept.
pub struct KeptKey {
    pub private_key: PrivateKeyPem,
    pub protection: Protection,
}

/// A key pair that was made.
pub struct Created {
    pub pair: KeyPair,
    /// Only of a generated pair: an imported private key is never sent back.
    pub private_key: Option<PrivateKeyPem>,
}

impl Origin {
    /// What the ledger calls it.
    pub(super) fn event(&self) -> Event {
        match self {
            Self::Generate { .. } => Event::Create,
            Self::Import { .. } => Event::Keep,
        }
    }

    /// A create that also keeps a private key is less often allowed than one that does not.
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Generate { custody: Custody::ReturnOnce, .. } | Self::Import { keep: None, .. } => Action::Create,
            Self::Generate { custody: Custody::Escrow(_), .. } | Self::Import { keep: Some(_), .. } => {
                Action::CreateKept
            }
        }
    }
}
