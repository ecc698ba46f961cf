//! The release ledger: what became of private keys and who asked, as a chain of records for each owner.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

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

/// An entry as it is stored and shown: a JSON object of these members, those without a value left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Microseconds since 1970, UTC.
    pub at: i64,
    pub event: String,
    pub outcome: String,
    pub user_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    pub dialect: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pair_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pair_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// In hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    pub repeats: u32,
}

/// The SHA-256 that a record is chained by.
pub type RecordHash = [u8; 32];

/// What comes before the first record of a chain.
pub const NO_RECORD: RecordHash = [0; 32];

impl From<&Entry> for Record {
    fn from(entry: &Entry) -> Self {
        let Entry { at, event, outcome, actor, subject, format, detail, repeats } = entry;
        let Actor { user, project, via } = actor;
        Self {
            at: at.as_micros(),
            event: event.as_str().to_owned(),
            outcome: outcome.as_str().to_owned(),
            user_id: user.clone(),
            project_id: project.as_ref().map(ToString::to_string),
            dialect: via.dialect.as_str().to_owned(),
            client: via.client.map(|client| client.to_string()),
            request_id: via.request_id.clone(),
            key_pair_id: subject.id.map(|id| id.to_string()),
            key_pair_name: subject.name.as_ref().map(ToString::to_string),
            fingerprint: subject.fingerprint.as_ref().map(ToString::to_string),
            commitment: subject.commitment.as_deref().map(hex),
            format: format.clone(),
            detail: detail.clone(),
            repeats: *repeats,
        }
    }
}

/// Lower-case hexadecimal digits, as the ledger writes bytes.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of record number `seq` of a chain: over the hash before it, where it stands, and its text as stored.
pub fn record_hash(previous: &RecordHash, region: &str, chain: &str, seq: i64, record: &str) -> RecordHash {
    let mut text = Encoding::new("keypaird/1/ledger-record");
    text.part(previous);
    text.part(region.as_bytes());
    text.part(chain.as_bytes());
    text.part(&seq.to_be_bytes());
    text.part(record.as_bytes());
    text.hash()
}

/// Bytes to be hashed: parts, each with its length in front, so that no two lists of parts give the same bytes.
pub struct Encoding(Vec<u8>);

impl Encoding {
    pub fn new(purpose: &str) -> Self {
        let mut text = Self(Vec::with_capacity(512));
        text.part(purpose.as_bytes());
        text
    }

    pub fn part(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    pub fn hash(&self) -> RecordHash {
        openssl::sha::sha256(&self.0)
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
            Self::Admin => "admin",
            Self::Cli => "cli",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_covers_the_one_before_the_place_and_the_text() {
        let hash = record_hash(&NO_RECORD, "RegionOne", "u:ada", 3, "{}");
        let others = [
            record_hash(&hash, "RegionOne", "u:ada", 3, "{}"),
            record_hash(&NO_RECORD, "RegionTwo", "u:ada", 3, "{}"),
            record_hash(&NO_RECORD, "RegionOne", "p:ada", 3, "{}"),
            record_hash(&NO_RECORD, "RegionOne", "u:ada", 4, "{}"),
            record_hash(&NO_RECORD, "RegionOne", "u:ada", 3, "{ }"),
            record_hash(&NO_RECORD, "RegionOneu", ":ada", 3, "{}"),
        ];
        for (place, other) in others.iter().enumerate() {
            assert_ne!(*other, hash, "change {place} is not in the hash");
        }
    }

    #[test]
    fn chains_are_read_back_as_they_were_written() {
        for written in ["u:ada", "p:demo", "o:operator"] {
            assert_eq!(Chain::parse(written).expect("is a chain").to_string(), written);
        }
        assert!(Chain::parse("o:other").is_err());
    }
}
