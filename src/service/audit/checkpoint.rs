//! Signed checkpoints over the heads of all chains.

use serde::{Deserialize, Serialize};

use super::Audit;
use crate::domain::{Encoding, Error, InstanceId, KekId, KekProvider, NO_RECORD, RecordHash, Result, Timestamp, hex};
use crate::store::{ChainHead, ChainPlace, Grown, HeadPage, Signed, StoredCheckpoint};
use crate::vault::{Vault, is_signed};

/// How many heads one checkpoint holds.
const MOST_HEADS: usize = 5000;

/// Told each checkpoint as soon as it is signed.
pub type Told<'a> = &'a mut (dyn FnMut(&Checkpoint) + Send);

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
    /// Signs the heads of all chains that have grown since their last checkpoint, in as many checkpoints as that takes,
    /// and tells each; the last of them, `None` where no chain has grown.
    pub async fn checkpoint(&self, trust: Trust, told: Told<'_>) -> Result<Option<Checkpoint>> {
        self.checkpoint_by(MOST_HEADS, trust, told).await
    }

    /// One pass over the chains, from page to page: what has grown behind it is the next pass's, so that it ends also where
    /// chains grow faster than they are signed.
    async fn checkpoint_by(&self, most: usize, trust: Trust, told: Told<'_>) -> Result<Option<Checkpoint>> {
        let mut last = None;
        let mut place = Some(ChainPlace::default());
        while let Some(after) = place {
            let signed = self.sign(Grown::Some, HeadPage { after, most }, trust).await?;
            let Some(Signed { checkpoint, next }) = signed else { break };
            let made = Checkpoint::from(&checkpoint);
            told(&made);
            last = Some(made);
            place = next;
        }
        Ok(last)
    }

    /// Signs anew what was signed so far, by the primary master key: before the key that signed it is retired.
    pub async fn sign_again(&self) -> Result<()> {
        if self.last_checkpoint().await?.is_some() {
            let page = HeadPage { after: ChainPlace::default(), most: MOST_HEADS };
            self.sign(Grown::OrNot, page, Trust::KnownKeys).await?;
        }
        Ok(())
    }

    async fn sign(&self, grown: Grown, page: HeadPage, trust: Trust) -> Result<Option<Signed>> {
        let (vault, instance) = (self.vault.clone(), self.store.instance());
        self.store.ledger_checkpoint(grown, page, move |last, heads| make(&vault, instance, last, heads, trust)).await
    }

    /// The last one; `None` where there is none.
    pub async fn last_checkpoint(&self) -> Result<Option<Checkpoint>> {
        Ok(self.store.ledger_last_checkpoint().await?.as_ref().map(Checkpoint::from))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::domain::{Actor, Chain, Dialect, Entry, Event, Region, Subject, Via};
    use crate::store::Store;
    use crate::vault::MasterKeys;

    /// A ledger in which each of so many users has a record.
    async fn ledger(users: usize) -> (Audit, TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("t.sqlite").display());
        let keys = MasterKeys::create(&folder.path().join("master.key")).expect("a master key");
        let store = Store::open(&url).await.expect("a database");
        let audit = Audit::new(store, Vault::new(keys), Region::parse("RegionOne").expect("a region"));
        for user in 0..users {
            grow(&audit, user).await;
        }
        (audit, folder)
    }

    async fn grow(audit: &Audit, user: usize) {
        let via = Via { dialect: Dialect::Cli, client: None, request_id: None };
        let actor = Actor { user: "os:test".to_owned(), project: None, via };
        let chain = Chain::parse(&format!("u:{user}")).expect("a chain");
        let entry = Entry::done(Event::Export, actor, Subject::default());
        audit.store.ledger_append(&audit.region, &chain, entry).await.expect("is recorded");
    }

    /// How many heads each checkpoint holds that one turn signs, by pages of two.
    async fn signed(audit: &Audit) -> Vec<i64> {
        let mut told = Vec::new();
        let last =
            audit.checkpoint_by(2, Trust::KnownKeys, &mut |made| told.push(made.clone())).await.expect("is signed");
        assert_eq!(last.as_ref(), told.last());
        assert_eq!(told.last(), audit.last_checkpoint().await.expect("is read").filter(|_| !told.is_empty()).as_ref());
        told.iter().map(|made| made.heads).collect()
    }

    #[tokio::test]
    async fn a_turn_signs_page_after_page_and_tells_each_checkpoint() {
        let (audit, _folder) = ledger(5).await;
        assert_eq!(signed(&audit).await, [2, 2, 1]);
        assert_eq!(signed(&audit).await, [0; 0], "nothing has grown");
        for user in [0, 4] {
            grow(&audit, user).await;
        }
        assert_eq!(signed(&audit).await, [2], "a full page may be the last");
        let audited = audit.verify(None).await.expect("is read");
        assert_eq!((audited.chains, audited.records, audited.checkpoints, audited.findings), (5, 7, 4, vec![]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_turn_ends_although_the_chains_grow_faster_than_they_are_signed() {
        let (audit, _folder) = ledger(6).await;
        let busy = audit.clone();
        let growing = tokio::spawn(async move {
            for user in (0..6).cycle() {
                grow(&busy, user).await;
            }
        });
        for _ in 0..20 {
            let turn = tokio::time::timeout(Duration::from_secs(10), signed(&audit));
            assert!(turn.await.expect("it ends").len() <= 3);
        }
        growing.abort();
    }
}
