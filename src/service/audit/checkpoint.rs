//! Signed checkpoints over the heads of all chains.

use serde::{Deserialize, Serialize};

use super::Audit;
use crate::domain::{Encoding, Error, InstanceId, NO_RECORD, RecordHash, Result, Timestamp, hex};
use crate::store::{ChainHead, StoredCheckpoint};
use crate::vault::Vault;

/// A checkpoint as it is printed, logged and kept elsewhere: with it, what stood in the ledger then cannot be changed
/// unnoticed by whoever can rewrite the whole database. Bytes are in hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub seq: i64,
    /// Microseconds since 1970, UTC.
    pub at: i64,
    pub heads: i64,
    pub hash: String,
    pub key_name: String,
    pub key_version: i32,
    pub public_key: String,
    pub signature: String,
}

impl From<&StoredCheckpoint> for Checkpoint {
    fn from(stored: &StoredCheckpoint) -> Self {
        let StoredCheckpoint { seq, at, heads, hash, key_name, key_version, public_key, signature } = stored;
        Self {
            seq: *seq,
            at: *at,
            heads: *heads,
            hash: hex(hash),
            key_name: key_name.clone(),
            key_version: *key_version,
            public_key: hex(public_key),
            signature: hex(signature),
        }
    }
}

impl Audit {
    /// Signs the heads of all chains that have grown since their last checkpoint; `None` where none has.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let (vault, instance) = (self.vault.clone(), self.store.instance());
        let made = self.store.ledger_checkpoint(move |last, heads| make(&vault, instance, last, heads)).await?;
        Ok(made.as_ref().map(Checkpoint::from))
    }

    /// The last one; `None` where there is none.
    pub async fn last_checkpoint(&self) -> Result<Option<Checkpoint>> {
        let mut last = None;
        let mut after = 0;
        loop {
            let page = self.store.ledger_checkpoints(after, 1000).await?;
            let Some(newest) = page.last() else { return Ok(last) };
            after = newest.seq;
            last = Some(Checkpoint::from(newest));
        }
    }
}

fn make(
    vault: &Vault,
    instance: InstanceId,
    last: Option<&StoredCheckpoint>,
    heads: &[ChainHead],
) -> Result<StoredCheckpoint> {
    let previous = last.map_or(Ok(NO_RECORD), |last| last.hash.as_slice().try_into().map_err(Error::internal))?;
    let (seq, at) = (last.map_or(0, |last| last.seq) + 1, Timestamp::now().as_micros());
    let hash = checkpoint_hash(&previous, instance, seq, at, heads);
    let signed = vault.sign_checkpoint(&hash)?;
    Ok(StoredCheckpoint {
        seq,
        at,
        heads: i64::try_from(heads.len()).map_err(Error::internal)?,
        hash: hash.to_vec(),
        key_name: signed.key.name,
        key_version: signed.key.version,
        public_key: signed.public_key,
        signature: signed.signature,
    })
}

/// SHA-256 over a purpose, the hash of the checkpoint before, the instance, number and time, and each head in order.
pub(super) fn checkpoint_hash(
    previous: &RecordHash,
    instance: InstanceId,
    seq: i64,
    at: i64,
    heads: &[ChainHead],
) -> RecordHash {
    let mut text = Encoding::new("keypaird/1/ledger-checkpoint");
    text.part(previous);
    text.part(instance.as_uuid().as_bytes());
    text.part(&seq.to_be_bytes());
    text.part(&at.to_be_bytes());
    for ChainHead { region, owner, seq, hash } in heads {
        text.part(region.as_bytes());
        text.part(owner.as_bytes());
        text.part(&seq.to_be_bytes());
        text.part(hash);
    }
    text.hash()
}
