//! Owners' rows: how many key pairs each has and where its chain in the ledger ends, held by the transaction that changes
//! them.

use std::collections::BTreeMap;

use diesel::QueryResult;
use diesel::prelude::*;
use futures_util::future::try_join;

use super::connection::{Conn, insert_rows};
use super::failed::Abort;
use super::ledger::{NewLedgerRow, NewRecord};
use super::owner_rows::{self, OwnerChange};
use super::schema::ledger;
use crate::domain::{Chain, Entry, Error, NO_RECORD, Owner, RecordHash, Region, Result};

/// A region and an owner, as written in the columns that lead every key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub(super) struct Space {
    pub region: String,
    pub owner: String,
}

impl Space {
    pub(super) fn new(region: &Region, owner: &Owner) -> Self {
        Self { region: region.to_string(), owner: owner.to_string() }
    }

    pub(super) fn of_chain(region: &Region, chain: &Chain) -> Self {
        Self { region: region.to_string(), owner: chain.to_string() }
    }
}

/// The owners that a transaction touches, in the order in which their rows are locked.
#[derive(Default)]
pub(super) struct Tallies<'w>(BTreeMap<&'w Space, Tally>);

#[derive(Default)]
struct Tally {
    /// What the row is raised by when it is locked: as if nothing were refused, so that most batches write it once.
    reserved: i64,
    /// What it should have been raised by.
    change: i64,
    /// How many key pairs there are, with what has been decided so far.
    used: i64,
    head: Head,
    /// What the transaction adds to the chain.
    records: Vec<NewRecord>,
}

/// Where a chain ends: how many records it has, and the last one's hash.
struct Head {
    seq: i64,
    hash: RecordHash,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: NO_RECORD }
    }
}

impl<'w> Tallies<'w> {
    /// Before the rows are locked: the owner is touched, and may come to have `change` key pairs more.
    pub(super) fn reserve(&mut self, space: &'w Space, change: i64) {
        self.0.entry(space).or_default().reserved += change;
    }

    /// The owner has `change` key pairs more.
    pub(super) fn count(&mut self, space: &Space, change: i64) {
        if let Some(tally) = self.0.get_mut(space) {
            tally.change += change;
            tally.used += change;
        }
    }

    pub(super) fn used(&self, space: &Space) -> i64 {
        self.0.get(space).map_or(0, |tally| tally.used)
    }

    /// Adds a record to the chain of an owner whose row is locked.
    pub(super) fn record(&mut self, space: &Space, entry: &Entry) -> Result<()> {
        let tally = self.0.get_mut(space).ok_or_else(|| Error::internal("a record for an owner that is not locked"))?;
        let seq = tally.head.seq + 1;
        let record = NewRecord::new(space, seq, &tally.head.hash, entry)?;
        tally.head = Head { seq, hash: record.hash };
        tally.records.push(record);
        Ok(())
    }

    /// Locks each owner's row, makes those that are missing, and learns how many key pairs there are and where the chain
    /// ends.
    ///
    /// The write comes first on purpose: between a read and a write another process could use up the quota.
    pub(super) async fn lock(&mut self, conn: &Conn<'_>) -> Result<(), Abort> {
        let reserve = |(&space, tally): (&&'w Space, &Tally)| OwnerChange {
            space,
            key_pairs: tally.reserved,
            ledger_seq: 0,
            ledger_head: None,
        };
        let changes: Vec<_> = self.0.iter().map(reserve).collect();
        let locked = owner_rows::change(conn, &changes).await?;
        for (tally, row) in self.0.values_mut().zip(locked) {
            tally.used = row.key_pairs - tally.reserved;
            tally.head = Head { seq: row.ledger_seq, hash: record_hash_of(row.ledger_head).map_err(Abort::Refused)? };
        }
        Ok(())
    }

    /// Writes the records, and those owners' rows again whose chain has grown or for which less was done than reserved.
    pub(super) async fn settle(&mut self, conn: &Conn<'_>) -> QueryResult<()> {
        let is_open = |(_, tally): &(&&Space, &Tally)| tally.change != tally.reserved || !tally.records.is_empty();
        let settle = |(&space, tally): (&&'w Space, &Tally)| OwnerChange {
            space,
            key_pairs: tally.change - tally.reserved,
            ledger_seq: tally.records.len() as i64,
            ledger_head: tally.records.last().map(|record| record.hash.to_vec()),
        };
        let changes: Vec<_> = self.0.iter().filter(is_open).map(settle).collect();
        let records: Vec<NewRecord> = self.0.values_mut().flat_map(|tally| tally.records.drain(..)).collect();
        conn.records.borrow_mut().extend(records.iter().map(|record| record.kind));
        let rows: Vec<NewLedgerRow> = records.into_iter().map(|record| record.row).collect();
        let insert =
            async { insert_rows!(conn, execute, rows, |some| diesel::insert_into(ledger::table).values(some)) };
        try_join(owner_rows::change(conn, &changes), insert).await?;
        Ok(())
    }
}

/// A head as it is stored; none before the first record.
fn record_hash_of(stored: Option<Vec<u8>>) -> Result<RecordHash> {
    match stored {
        None => Ok(NO_RECORD),
        Some(bytes) => bytes.try_into().map_err(|_| Error::internal("the ledger's head in owners has a wrong length")),
    }
}
