//! A walk along one chain of the ledger, from its first record to its end, beside a service that goes on writing and signing.

use std::collections::BTreeMap;

use super::Audit;
use super::verify::{Audited, ChainFault, ChainFinding};
use crate::domain::{Chain, NO_RECORD, RecordHash, Region, Result, record_hash};
use crate::store::{ChainPlace, StoredRecord};

/// How many records are read at once.
const PAGE: u32 = 1000;

impl Audit {
    /// What was signed is asked before where the chain ends: a checkpoint that the service signs meanwhile lies behind
    /// that end, or is over records that are walked.
    pub(super) async fn verify_chain(&self, place: &ChainPlace, audited: &mut Audited) -> Result<()> {
        let ChainPlace { region, owner } = place;
        let name = format!("{region} {owner}");
        let (Ok(region), Ok(chain)) = (Region::parse(region), Chain::parse(owner)) else {
            audited.findings.push(ChainFinding { fault: ChainFault::Edited, chain: name, seq: 0 });
            return Ok(());
        };
        let signed_to = self.store.ledger_signed_to(&region, &chain).await?;
        let (end, head) = self.store.ledger_end(&region, &chain).await?;
        let mut walk = Walk { chain: name, seq: 0, hash: NO_RECORD, findings: Vec::new() };
        loop {
            let page = self.store.ledger_page(&region, &chain, walk.seq, PAGE).await?;
            let Some(last) = page.last() else { break };
            let mut signed = Signed::of(self.store.ledger_heads_on(&region, &chain, walk.seq, last.seq).await?);
            for record in page.iter().filter(|record| record.seq <= end) {
                audited.records += 1;
                walk.step(record, &mut signed);
            }
            if last.seq >= end {
                // The service goes on meanwhile: what stands behind the end must be what came since it was read.
                if last.seq > end && self.store.ledger_end(&region, &chain).await?.0 <= end {
                    walk.fault(ChainFault::Head, last.seq);
                }
                break;
            }
        }
        if walk.reaches(end, &head)
            && signed_to > end
            && let Some(first) = self.store.ledger_signed_behind(&region, &chain, end).await?
        {
            walk.fault(ChainFault::Cut, first);
        }
        audited.findings.append(&mut walk.findings);
        Ok(())
    }
}

/// What checkpoints hold of some records, by number. One number may have several hashes, where somebody changed rows
/// between two checkpoints: then one of them is not the record's.
struct Signed(BTreeMap<i64, Vec<Vec<u8>>>);

impl Signed {
    fn of(heads: Vec<(i64, Vec<u8>)>) -> Self {
        let mut signed: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
        for (seq, hash) in heads {
            signed.entry(seq).or_default().push(hash);
        }
        Self(signed)
    }

    /// Whether each checkpoint over that record holds this hash.
    fn agrees(&mut self, seq: i64, hash: &RecordHash) -> bool {
        self.0.remove(&seq).is_none_or(|signed| signed.iter().all(|one| one == hash))
    }
}

struct Walk {
    /// As findings name it.
    chain: String,
    /// The last record's number and, by the records so far, its hash.
    seq: i64,
    hash: RecordHash,
    findings: Vec<ChainFinding>,
}

impl Walk {
    fn step(&mut self, record: &StoredRecord, signed: &mut Signed) {
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
        if !signed.agrees(*seq, &self.hash) {
            self.fault(ChainFault::Rewritten, *seq);
        }
    }

    /// Whether there are records up to the end; else the chain was cut there.
    fn reaches(&mut self, end: i64, head: &[u8]) -> bool {
        if self.seq < end {
            self.fault(ChainFault::Cut, self.seq + 1);
            return false;
        }
        if end > 0 && self.hash != head {
            self.fault(ChainFault::Head, self.seq);
        }
        true
    }

    fn fault(&mut self, fault: ChainFault, seq: i64) {
        self.findings.push(ChainFinding { fault, chain: self.chain.clone(), seq });
    }
}
