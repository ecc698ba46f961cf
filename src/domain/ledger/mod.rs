//! The release ledger: what became of private keys and who asked, as a chain of records for each owner.

mod record;

use std::fmt;
use std::net::IpAddr;

pub use self::record::{Encoding, NO_RECORD, Record, RecordHash, hex, record_hash};
use super::{
    Error, Fingerprint, KeyPair, KeyPairId, KeyPairName, Owner, ProjectId, SealedPrivateKey, Timestamp, UserId,
};

/// Whose chain a record stands in. Its written form is the `owner` column: `u:…`, `p:…` or `o:operator`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    Of(Owner),
    /// What the operator does to the private keys of all owners.
    Operator,
}

/// What was done, or tried, with a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A key pair was generated, and the private key went out in the answer; where there is a commitment it was also kept.
    Create,
    /// A key pair was imported together with its private key, which is kept.
    Keep,
    /// A kept private key went out.
    Export,
    /// A key pair that was there was given a private key to keep, or another wrapping of it.
    Import,
    /// A kept private key was forgotten; its key pair stays.
    Clear,
    /// A key pair was deleted, and its kept private key with it.
    Delete,
    /// A kept private key was opened, verified and sealed anew.
    Reseal,
    /// Wrapped data keys were moved to another key-encryption key.
    Rewrap,
    /// Records of the ledger were shown.
    AuditRead,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    /// The caller may not, or there is no such thing.
    Refused,
    /// It could not be done.
    Failed,
}

/// By which door a caller came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    Nova,
    Kps,
    Ecs,
    Ens,
    /// The operator's listener.
    Admin,
    /// The operator's command line.
    Cli,
}

/// Where a request came from: what the ledger says besides who.
#[derive(Clone, Debug)]
pub struct Via {
    pub dialect: Dialect,
    pub client: Option<IpAddr>,
    /// As the answer's header names it.
    pub request_id: Option<String>,
}

/// Who did it. A user id is an id of the identity service's; of the command line, `os:<the system's user id>`.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user: String,
    pub project: Option<ProjectId>,
    pub via: Via,
}

/// Which key pair it was about. Of one that the caller cannot see, or that is not there, there is the name alone.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub id: Option<KeyPairId>,
    pub name: Option<KeyPairName>,
    /// SHA-256 of the public key, as [`super::KeyPair`] has it.
    pub fingerprint: Option<Fingerprint>,
    /// The commitment of the sealed private key that the record is about: which sealing it was.
    pub commitment: Option<Vec<u8>>,
}

/// What is to be recorded. It never holds a key, a token or a password.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Timestamp,
    pub event: Event,
    pub outcome: Outcome,
    pub actor: Actor,
    pub subject: Subject,
    /// The private key's format on its way out: `pkcs1`, `openssh, with passphrase`, …
    pub format: Option<String>,
    /// Why it was refused, what was counted, …
    pub detail: Option<String>,
    /// How many attempts the record stands for.
    pub repeats: u32,
}

impl Entry {
    /// That it was done, now.
    pub fn done(event: Event, actor: Actor, subject: Subject) -> Self {
        Self {
            at: Timestamp::now(),
            event,
            outcome: Outcome::Done,
            actor,
            subject,
            format: None,
            detail: None,
            repeats: 1,
        }
    }
}

impl Subject {
    /// A key pair and, where its private key is kept, which sealing of it.
    pub fn of(pair: &KeyPair, sealed: Option<&SealedPrivateKey>) -> Self {
        Self {
            id: Some(pair.id),
            name: Some(pair.name.clone()),
            fingerprint: Some(pair.fingerprint_sha256.clone()),
            commitment: sealed.map(|sealed| sealed.commitment.clone()),
        }
    }
}

impl Chain {
    /// Reads the written form back; anything else is [`Error::Invalid`].
    pub fn parse(written: &str) -> Result<Self, Error> {
        match written {
            OPERATOR => Ok(Self::Operator),
            written => Owner::parse(written).map(Self::Of),
        }
    }

    /// The chain on which a user's refused attempts stand, and what is done with the user's key pairs.
    pub fn of_user(user: &UserId) -> Self {
        Self::Of(Owner::User(user.clone()))
    }
}

const OPERATOR: &str = "o:operator";

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(owner) => owner.fmt(f),
            Self::Operator => f.write_str(OPERATOR),
        }
    }
}

impl Event {
    /// The word in the `event` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Keep => "keep",
            Self::Export => "export",
            Self::Import => "import",
            Self::Clear => "clear",
            Self::Delete => "delete",
            Self::Reseal => "reseal",
            Self::Rewrap => "rewrap",
            Self::AuditRead => "audit-read",
        }
    }

    /// What the record says about the sealed private key of its key pair from then on; `None`: nothing.
    pub fn custody(word: &str) -> Option<CustodyAfter> {
        match word {
            "create" | "keep" | "import" | "reseal" => Some(CustodyAfter::Sealed),
            "clear" | "delete" => Some(CustodyAfter::Gone),
            _ => None,
        }
    }
}

/// What is kept of a private key after a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustodyAfter {
    /// The sealing with the record's commitment, or, where the record has none, nothing.
    Sealed,
    Gone,
}

impl Outcome {
    /// How what was answered with this error ended.
    pub const fn of(error: &Error) -> Self {
        match error {
            Error::NotFound(_)
            | Error::JustDeleted(_)
            | Error::NotKept(_)
            | Error::AlreadyExists(_)
            | Error::QuotaExceeded { .. }
            | Error::TooManyTags { .. }
            | Error::Invalid { .. }
            | Error::PublicKeyUnusable { .. }
            | Error::MarkerNotFound(_)
            | Error::PrivateKeyUnusable { .. }
            | Error::PrivateKeyMismatch
            | Error::ProtectionUnavailable { .. }
            | Error::RateLimited { .. }
            | Error::Forbidden(_) => Self::Refused,
            Error::Busy { .. } | Error::Unavailable { .. } | Error::Integrity(_) | Error::Internal(_) => Self::Failed,
        }
    }

    /// The word in the `outcome` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Dialect {
    /// The word in the `dialect` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nova => "nova",
            Self::Kps => "kps",
            Self::Ecs => "ecs",
            Self::Ens => "ens",
            Self::Admin => "admin",
            Self::Cli => "cli",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_read_back_as_they_were_written() {
        for written in ["u:ada", "p:demo", "o:operator"] {
            assert_eq!(Chain::parse(written).expect("is a chain").to_string(), written);
        }
        assert!(Chain::parse("o:other").is_err());
    }
}
