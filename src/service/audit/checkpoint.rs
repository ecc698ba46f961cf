//! Signed checkpoints over the heads of all chains.

use serde::{Deserialize, Serialize};

use super::Audit;
use crate::domain::{Encoding, Error, InstanceId, KekId, KekProvider, NO_RECORD, RecordHash, Result, Timestamp, hex};
use crate::store::{ChainHead, Grown, StoredCheckpoint};
use crate::vault::{Vault, is_signed};

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
    /// Signs the heads of all chains that have grown since their last checkpoint, in as many checkpoints as that takes; the
    /// last of them, `None` where no chain has grown.
    pub async fn checkpoint(&self, trust: Trust) -> Result<Option<Checkpoint>> {
        let mut last = None;
        while let Some(made) = self.sign(Grown::Some, trust).await? {
            last = Some(Checkpoint::from(&made));
        }
        Ok(last)
    }

    /// Signs anew what was signed so far, by the primary master key: before the key that signed it is retired.
    pub async fn sign_again(&self) -> Result<()> {
        if self.last_checkpoint().await?.is_some() {
            self.sign(Grown::OrNot, Trust::KnownKeys).await?;
        }
        Ok(())
    }

    async fn sign(&self, grown: Grown, trust: Trust) -> Result<Option<StoredCheckpoint>> {
        let (vault, instance) = (self.vault.clone(), self.store.instance());
        self.store.ledger_checkpoint(grown, move |last, heads| make(&vault, instance, last, heads, trust)).await
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
    trust: Trust,
) -> Result<StoredCheckpoint> {
    if let (Trust::KnownKeys, Some(last)) = (trust, last)
        && signer(vault, last)? != Signer::Known
    {
        return Err(Error::internal(Strange(last.seq)));
    }
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

/// Which checkpoint a new one may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// One that a master key of the file has signed. A new signature would vouch for all before it.
    KnownKeys,
    /// Any: its master key is lost.
    Anybody,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "checkpoint {0} of the ledger was not signed by a master key of the file, so that no further one is signed on top of \
     it: look into the ledger, and where that key is lost, run `keypaird audit checkpoint --trust-last`"
)]
struct Strange(i64);

/// Who has signed a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signer {
    /// A master key of the file.
    Known,
    /// A key that the file does not have: a retired one, or anybody's.
    Unknown,
    /// Not the key that it names.
    Nobody,
}

pub(super) fn signer(vault: &Vault, stored: &StoredCheckpoint) -> Result<Signer> {
    let kek = KekId { provider: KekProvider::Local, name: stored.key_name.clone(), version: stored.key_version };
    let known = vault.checkpoint_public_key(&kek)?;
    let hash = RecordHash::try_from(stored.hash.as_slice());
    let holds = hash.is_ok_and(|hash| is_signed(&stored.public_key, &hash, &stored.signature));
    Ok(match known {
        Some(known) if holds && known == stored.public_key => Signer::Known,
        None if holds => Signer::Unknown,
        Some(_) | None => Signer::Nobody,
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
