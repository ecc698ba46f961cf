//! Owners' rows: how many key pairs each has and where its chain in the ledger ends, held by the transaction that changes
//! them.

use std::collections::BTreeMap;

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::{Conn, run};
use super::ledger::{LedgerRow, NewLedgerRow};
use super::schema::{ledger, owners};
use super::writer::Abort;
use crate::domain::{Chain, Entry, Error, NO_RECORD, Owner, RecordHash, Region, Result};

/// A region and an owner, as written in the columns that lead every key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    records: Vec<NewLedgerRow>,
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

type LockedRow = (String, String, i64, i64, Option<Vec<u8>>);

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
        let row = NewLedgerRow::new(space, tally.head.seq + 1, &tally.head.hash, entry)?;
        tally.head = Head { seq: row.seq, hash: row.hash };
        tally.records.push(row);
        Ok(())
    }

    /// Locks each owner's row, makes those that are missing, and learns how many key pairs there are and where the chain
    /// ends.
    ///
    /// The write comes first on purpose: between a read and a write another process could use up the quota.
    pub(super) async fn lock(&mut self, conn: &mut Conn<'_>) -> Result<(), Abort> {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(space, tally)| {
                (owners::region.eq(&space.region), owners::owner.eq(&space.owner), owners::key_pairs.eq(tally.reserved))
            })
            .collect();
        let mut locked: Vec<LockedRow> = run!(
            conn,
            get_results,
            diesel::insert_into(owners::table)
                .values(&rows)
                .on_conflict((owners::region, owners::owner))
                .do_update()
                .set(owners::key_pairs.eq(owners::key_pairs + excluded(owners::key_pairs)))
                .returning((owners::region, owners::owner, owners::key_pairs, owners::ledger_seq, owners::ledger_head))
        )?;
        // Neither database promises the order of returned rows; sorted, they are in the order of the tallies.
        locked.sort_unstable();
        for (tally, (_, _, key_pairs, seq, hash)) in self.0.values_mut().zip(locked) {
            tally.used = key_pairs - tally.reserved;
            tally.head = Head { seq, hash: record_hash_of(hash).map_err(Abort::Refused)? };
        }
        Ok(())
    }

    /// Writes the records, and those owners' rows again whose chain has grown or for which less was done than reserved.
    pub(super) async fn settle(&mut self, conn: &mut Conn<'_>) -> QueryResult<()> {
        let rows: Vec<_> = self
            .0
            .iter()
            .filter(|(_, tally)| tally.change != tally.reserved || !tally.records.is_empty())
            .map(|(space, tally)| {
                (
                    owners::region.eq(&space.region),
                    owners::owner.eq(&space.owner),
                    owners::key_pairs.eq(tally.used),
                    owners::ledger_seq.eq(tally.head.seq),
                    owners::ledger_head.eq((tally.head.seq > 0).then(|| tally.head.hash.to_vec())),
                )
            })
            .collect();
        if !rows.is_empty() {
            run!(
                conn,
                execute,
                diesel::insert_into(owners::table)
                    .values(&rows)
                    .on_conflict((owners::region, owners::owner))
                    .do_update()
                    .set((
                        owners::key_pairs.eq(excluded(owners::key_pairs)),
                        owners::ledger_seq.eq(excluded(owners::ledger_seq)),
                        owners::ledger_head.eq(excluded(owners::ledger_head)),
                    ))
            )?;
        }
        conn.records.extend(self.0.values().flat_map(|tally| &tally.records).map(|record| record.kind));
        let records: Vec<LedgerRow<'_>> =
            self.0.values().flat_map(|tally| &tally.records).map(LedgerRow::from).collect();
        match records.as_slice() {
            [] => {}
            // A statement of one row is prepared once for each connection, one of many rows each time.
            [record] => drop(run!(conn, execute, diesel::insert_into(ledger::table).values(record))?),
            records => drop(run!(conn, execute, diesel::insert_into(ledger::table).values(records))?),
        }
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
