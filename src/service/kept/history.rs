//! What the ledger says about the private keys of one owner: which sealing of each is the last one.

use std::collections::HashMap;

use crate::domain::{Chain, CustodyAfter, Event, Record, Region, Result, hex};
use crate::store::Store;

/// How many records are read at once.
const PAGE: u32 = 1000;

/// The last word about each key pair of an owner that the ledger knows.
#[derive(Default)]
pub(super) struct History(HashMap<String, Last>);

/// What is kept of a private key, by the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// The sealing with this commitment, in hex.
    Sealed(String),
    Gone,
    /// It went out and was never kept.
    NeverKept,
}

impl History {
    pub(super) async fn read(store: &Store, region: &Region, chain: &Chain) -> Result<Self> {
        let mut history = HashMap::new();
        let mut after = 0;
        loop {
            let page = store.ledger_page(region, chain, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Self(history)) };
            after = last.seq;
            for stored in page {
                // A record that cannot be read says nothing here; `audit verify` finds it.
                if let Ok(record) = serde_json::from_str::<Record>(&stored.record) {
                    take(&mut history, record);
                }
            }
        }
    }

    /// `None` for a key pair that the ledger does not know: it is older than the ledger.
    pub(super) fn of(&self, id: &str) -> Option<&Last> {
        self.0.get(id)
    }

    /// Whether the last sealing is the one with this commitment.
    pub(super) fn agrees(&self, id: &str, commitment: &[u8]) -> bool {
        match self.of(id) {
            None => true,
            Some(Last::Sealed(last)) => *last == hex(commitment),
            Some(Last::Gone | Last::NeverKept) => false,
        }
    }
}

fn take(history: &mut HashMap<String, Last>, record: Record) {
    let (Some(id), Some(after)) = (record.key_pair_id, Event::custody(&record.event)) else { return };
    if record.outcome != "done" {
        return;
    }
    let last = match (after, record.commitment) {
        (CustodyAfter::Sealed, Some(commitment)) => Last::Sealed(commitment),
        (CustodyAfter::Sealed, None) => Last::NeverKept,
        (CustodyAfter::Gone, _) => Last::Gone,
    };
    history.insert(id, last);
}
