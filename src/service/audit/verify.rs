//! Whether the ledger is what was written: every chain from its first record to its head, every checkpoint over them.

use super::Audit;
use super::checkpoint::{Checkpoint, Signer, checkpoint_hash, signer};
use crate::domain::{NO_RECORD, Result, hex};
use crate::store::{ChainPage, ChainPlace};

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
    /// A checkpoint is not signed by a master key of the file, nor is a later one that is.
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
        let mut after = Some(ChainPlace::default());
        while let Some(place) = after {
            let ChainPage { chains, next } = self.store.ledger_chains(&place).await?;
            for place in &chains {
                self.verify_chain(place, &mut audited).await?;
                audited.chains += 1;
            }
            after = next;
        }
        Ok(audited)
    }

    async fn verify_checkpoints(&self, kept: Option<&Checkpoint>, audited: &mut Audited) -> Result<()> {
        let mut previous = NO_RECORD;
        let mut expected = 1;
        let mut kept_is_there = false;
        // Signed by keys that the file does not have, and nobody else vouches for them so far.
        let mut retired = Vec::new();
        loop {
            let page = self.store.ledger_checkpoints(expected - 1, PAGE).await?;
            // Those that are signed from now on are not waited for: the service may sign as fast as this reads.
            let is_last = page.len() < PAGE as usize;
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
                match signer(&self.vault, &stored)? {
                    // It holds the hashes of all before it, and so vouches for those of keys that are retired.
                    Signer::Known => retired.clear(),
                    Signer::Unknown => retired.push(stored.seq),
                    Signer::Nobody => fault(ChainFault::Signature),
                }
                kept_is_there |= kept.is_some_and(|kept| kept.seq == stored.seq && kept.hash == hex(&hash));
                previous = hash;
                expected = stored.seq + 1;
            }
            if is_last {
                break;
            }
        }
        audited.findings.extend(retired.into_iter().map(|seq| ChainFinding {
            fault: ChainFault::Signature,
            chain: "checkpoints".to_owned(),
            seq,
        }));
        if let Some(kept) = kept.filter(|_| !kept_is_there) {
            let chain = "checkpoints".to_owned();
            audited.findings.push(ChainFinding { fault: ChainFault::Kept, chain, seq: kept.seq });
        }
        Ok(())
    }
}
