//! How the ledger is written and hashed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Actor, Entry};

/// An entry as it is stored and shown: a JSON object of these members, those without a value left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    use std::fmt::Write;
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
}
