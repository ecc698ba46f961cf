//! The release ledger: the rows of its chains.

use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::owners::{Space, Tallies};
use super::readers::read;
use super::schema::ledger;
use crate::domain::{Chain, Entry, Error, Event, Outcome, Record, RecordHash, Region, Result, record_hash};

/// A record that a transaction adds.
pub(super) struct NewRecord {
    pub(super) kind: (Event, Outcome),
    pub(super) hash: RecordHash,
    pub(super) row: NewLedgerRow,
}

#[derive(Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
pub(super) struct NewLedgerRow {
    region: String,
    owner: String,
    seq: i64,
    record: String,
    hash: Vec<u8>,
}

impl NewRecord {
    /// The record number `seq` of a chain, behind the one with the hash `previous`.
    pub(super) fn new(space: &Space, seq: i64, previous: &RecordHash, entry: &Entry) -> Result<Self> {
        let record = serde_json::to_string(&Record::from(entry)).map_err(Error::internal)?;
        let hash = record_hash(previous, &space.region, &space.owner, seq, &record);
        let Space { region, owner } = space.clone();
        let row = NewLedgerRow { region, owner, seq, record, hash: hash.to_vec() };
        Ok(Self { kind: (entry.event, entry.outcome), hash, row })
    }
}

/// A record as it is stored, whatever became of it since.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = ledger)]
pub struct StoredRecord {
    pub region: String,
    /// The chain in its written form.
    pub owner: String,
    pub seq: i64,
    /// A JSON object; see [`Record`].
    pub record: String,
    pub hash: Vec<u8>,
}

impl Store {
    /// Adds a record to a chain that is about nothing else the database has to change.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_append(&self, region: &Region, chain: &Chain, entry: Entry) -> Result<()> {
        let space = Space::of_chain(region, chain);
        self.write_with_record(async move |conn| {
            let mut tallies = Tallies::default();
            tallies.reserve(&space, 0);
            tallies.lock(conn).await?;
            tallies.record(&space, &entry)?;
            tallies.settle(conn).await?;
            Ok(())
        })
        .await
    }

    /// The records of a chain behind number `after`, in order, at most `limit`.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_page(
        &self,
        region: &Region,
        chain: &Chain,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredRecord>> {
        let chain = chain.to_string();
        read!(
            self,
            load,
            ledger::table
                .filter(ledger::region.eq(region.as_str()))
                .filter(ledger::owner.eq(&chain))
                .filter(ledger::seq.gt(after))
                .order(ledger::seq)
                .limit(i64::from(limit))
                .select(StoredRecord::as_select())
        )
    }

    /// The last records of a chain before number `before`, the last one first, at most `limit`.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_page_before(
        &self,
        region: &Region,
        chain: &Chain,
        before: i64,
        limit: u32,
    ) -> Result<Vec<StoredRecord>> {
        let chain = chain.to_string();
        read!(
            self,
            load,
            ledger::table
                .filter(ledger::region.eq(region.as_str()))
                .filter(ledger::owner.eq(&chain))
                .filter(ledger::seq.lt(before))
                .order(ledger::seq.desc())
                .limit(i64::from(limit))
                .select(StoredRecord::as_select())
        )
    }
}
