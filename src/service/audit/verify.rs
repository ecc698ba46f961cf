//! Whether the ledger is what was written: every chain from its first record to its head, every checkpoint over them.

use std::collections::BTreeMap;

use super::Audit;
use super::checkpoint::{Checkpoint, checkpoint_hash};
use crate::domain::{Chain, KekId, KekProvider, NO_RECORD, RecordHash, Region, Result, hex, record_hash};
use crate::store::{ChainHead, StoredCheckpoint, StoredRecord};
use crate::vault::is_signed;

/// How many records are read at once.
const PAGE: u32 = 1000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChainFault {
    /// A record is not what was written, or not where it was.
    Edited,
    /// A number is missing.
    Missing,
    /// The chain ends before its head, or before a checkpoint says it went.
    Cut,
    /// There are records behind the head, or the head is not the last record's hash.
    Head,
    /// A record is not the one that a checkpoint was signed over.
    Rewritten,
    /// A checkpoint does not follow from its heads and the one before.
    Checkpoint,
    /// A checkpoint's signature is not by a key of a master key that is known.
    Signature,
    /// The checkpoint that was kept elsewhere is not in the database.
    Kept,
}

impl ChainFault {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Cut => "cut",
            Self::Head => "head",
            Self::Rewritten => "rewritten",
            Self::Checkpoint => "checkpoint",
            Self::Signature => "signature",
            Self::Kept => "kept-checkpoint",
        }
    }
}

/// Where something is wrong: a record of a chain, or a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFinding {
    pub fault: ChainFault,
    /// `region owner`, or `checkpoints`.
    pub chain: String,
    pub seq: i64,
}

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audited {
    pub chains: u64,
    pub records: u64,
    pub checkpoints: u64,
    pub findings: Vec<ChainFinding>,
}

impl Audit {
    /// Walks over all of it; reads only. `kept` is a checkpoint that was kept elsewhere: what was cut or rewritten before
    /// it is found even if every chain and every checkpoint in the database was made to fit.
    pub async fn verify(&self, kept: Option<&Checkpoint>) -> Result<Audited> {
        let mut audited = Audited::default();
        self.verify_checkpoints(kept, &mut audited).await?;
        for end in self.store.ledger_chains().await? {
            self.verify_chain(&end, &mut audited).await?;
            audited.chains += 1;
        }
        Ok(audited)
    }

    async fn verify_chain(&self, end: &ChainHead, audited: &mut Audited) -> Result<()> {
        let (region, chain) = (Region::parse(&end.region)?, Chain::parse(&end.owner)?);
        let signed = self.store.ledger_heads_on(&region, &chain).await?;
        let mut walk = Walk::new(end, signed);
        loop {
            let page = self.store.ledger_page(&region, &chain, walk.seq, PAGE).await?;
            if page.is_empty() {
                break;
            }
            audited.records += page.len() as u64;
            page.iter().for_each(|record| walk.step(record));
        }
        walk.end();
        audited.findings.append(&mut walk.findings);
        Ok(())
    }

    async fn verify_checkpoints(&self, kept: Option<&Checkpoint>, audited: &mut Audited) -> Result<()> {
        let mut previous = NO_RECORD;
        let mut expected = 1;
        let mut kept_is_there = false;
        loop {
            let page = self.store.ledger_checkpoints(expected - 1, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for stored in page {
                audited.checkpoints += 1;
                let mut fault = |fault| {
                    audited.findings.push(ChainFinding { fault, chain: "checkpoints".to_owned(), seq: stored.seq });
                };
                let heads = self.store.ledger_heads_of(stored.seq).await?;
                let hash = checkpoint_hash(&previous, self.store.instance(), stored.seq, stored.at, &heads);
                if stored.seq != expected || hash.as_slice() != stored.hash {
                    fault(ChainFault::Checkpoint);
                }
                if !self.is_signed(&stored, &hash)? {
                    fault(ChainFault::Signature);
                }
                kept_is_there |= kept.is_some_and(|kept| kept.seq == stored.seq && kept.hash == hex(&hash));
                previous = hash;
                expected = stored.seq + 1;
            }
        }
        if let Some(kept) = kept.filter(|_| !kept_is_there) {
            let chain = "checkpoints".to_owned();
            audited.findings.push(ChainFinding { fault: ChainFault::Kept, chain, seq: kept.seq });
        }
        Ok(())
    }

    /// By the key of the master key that it names; where that key is retired, by the public key that it carries, which
    /// proves only that nothing was changed since.
    fn is_signed(&self, stored: &StoredCheckpoint, hash: &RecordHash) -> Result<bool> {
        let kek = KekId { provider: KekProvider::Local, name: stored.key_name.clone(), version: stored.key_version };
        let known = self.vault.checkpoint_public_key(&kek)?;
        let is_the_keys = known.is_none_or(|known| known == stored.public_key);
        Ok(is_the_keys && is_signed(&stored.public_key, hash, &stored.signature))
    }
}

/// A walk along one chain.
struct Walk<'e> {
    end: &'e ChainHead,
    /// What checkpoints say: the number of a record and its hash.
    signed: BTreeMap<i64, Vec<u8>>,
    /// The last record's number and, by the records so far, its hash.
    seq: i64,
    hash: RecordHash,
    findings: Vec<ChainFinding>,
}

impl<'e> Walk<'e> {
    fn new(end: &'e ChainHead, signed: Vec<(i64, Vec<u8>)>) -> Self {
        Self { end, signed: signed.into_iter().collect(), seq: 0, hash: NO_RECORD, findings: Vec::new() }
    }

    fn step(&mut self, record: &StoredRecord) {
        let StoredRecord { region, owner, seq, record, hash } = record;
        if *seq != self.seq + 1 {
            self.fault(ChainFault::Missing, self.seq + 1);
        }
        let computed = record_hash(&self.hash, region, owner, *seq, record);
        let stored: Option<RecordHash> = hash.as_slice().try_into().ok();
        if stored != Some(computed) {
            self.fault(ChainFault::Edited, *seq);
        }
        // From here on by what is stored, so that one edited record is one finding.
        self.hash = stored.unwrap_or(computed);
        self.seq = *seq;
        if self.signed.remove(seq).is_some_and(|signed| signed != self.hash) {
            self.fault(ChainFault::Rewritten, *seq);
        }
    }

    fn end(&mut self) {
        let (seq, hash) = (self.end.seq, self.end.hash.as_slice());
        if self.seq < seq {
            self.fault(ChainFault::Cut, self.seq + 1);
        } else if self.seq > seq || (seq > 0 && self.hash != hash) {
            self.fault(ChainFault::Head, self.seq);
        }
        if let Some(first) = self.signed.keys().next().copied()
            && self.seq >= seq
        {
            self.fault(ChainFault::Cut, first);
        }
    }

    fn fault(&mut self, fault: ChainFault, seq: i64) {
        let chain = format!("{} {}", self.end.region, self.end.owner);
        self.findings.push(ChainFinding { fault, chain, seq });
    }
}
