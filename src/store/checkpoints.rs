//! Checkpoints of the ledger: the heads of all chains that have grown, under a signature, each holding the one before.

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use tracing::instrument;

use super::Store;
use super::chains::{ChainPlace, behind};
use super::connection::{insert_many, run};
use super::readers::read;
use super::schema::{ledger_checkpoint_heads as heads, ledger_checkpoints as checkpoints, owners};
use crate::domain::{Error, Result};

/// Whether a checkpoint is written where no chain has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grown {
    Some,
    OrNot,
}

/// How many heads one INSERT writes: both databases bound the values of a statement.
const ROWS: usize = 1000;

/// Where a chain ended at a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct ChainHead {
    pub region: String,
    /// The chain in its written form.
    pub owner: String,
    pub seq: i64,
    pub hash: Vec<u8>,
}

/// Which heads a checkpoint is written over.
pub struct HeadPage {
    /// Those of chains behind this place.
    pub after: ChainPlace,
    /// At most so many: a checkpoint must not keep other writes waiting.
    pub most: usize,
}

/// A checkpoint that was written.
pub struct Signed {
    pub checkpoint: StoredCheckpoint,
    /// Where the page was full: behind what the next one begins.
    pub next: Option<ChainPlace>,
}

/// A checkpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = checkpoints)]
pub struct StoredCheckpoint {
    /// 1, 2, 3, …
    pub seq: i64,
    /// Microseconds since 1970, UTC.
    pub at: i64,
    /// How many heads it holds.
    pub heads: i64,
    pub hash: Vec<u8>,
    /// The master key that the signing key was derived from.
    pub key_name: String,
    pub key_version: i32,
    pub public_key: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Store {
    /// Writes a checkpoint over a page of the chains that have grown since their last one; `None` where none has. `make` is
    /// given the checkpoint before it and the heads in order, and may be called more than once.
    ///
    /// To find those that have grown, each owner's row behind `page.after` that has records costs a look into an index,
    /// until the page is full.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_checkpoint(
        &self,
        grown: Grown,
        page: HeadPage,
        make: impl Fn(Option<&StoredCheckpoint>, &[ChainHead]) -> Result<StoredCheckpoint> + Send + Sync + 'static,
    ) -> Result<Option<Signed>> {
        let HeadPage { after, most } = page;
        let limit = i64::try_from(most).map_err(Error::internal)?;
        let even_if_none = grown == Grown::OrNot;
        self.write(async move |conn| {
            let last: Vec<StoredCheckpoint> = run!(
                conn,
                load,
                checkpoints::table.order(checkpoints::seq.desc()).limit(1).select(StoredCheckpoint::as_select())
            )?;
            let known = heads::table
                .filter(heads::region.eq(owners::region))
                .filter(heads::owner.eq(owners::owner))
                .filter(heads::seq.ge(owners::ledger_seq));
            let grown: Vec<(String, String, i64, Option<Vec<u8>>)> = run!(
                conn,
                load,
                owners::table
                    .filter(behind!("owners", after))
                    .filter(owners::ledger_seq.gt(0))
                    .filter(not(exists(known)))
                    .order((owners::region, owners::owner))
                    .limit(limit)
                    .select((owners::region, owners::owner, owners::ledger_seq, owners::ledger_head))
            )?;
            let grown: Vec<ChainHead> = grown
                .into_iter()
                .map(|(region, owner, seq, hash)| ChainHead { region, owner, seq, hash: hash.unwrap_or_default() })
                .collect();
            if grown.is_empty() && !even_if_none {
                return Ok(None);
            }
            let made = make(last.first(), &grown)?;
            run!(conn, execute, diesel::insert_into(checkpoints::table).values(&made))?;
            for some in grown.chunks(ROWS) {
                let rows: Vec<_> = some
                    .iter()
                    .map(|head| {
                        (
                            heads::checkpoint.eq(made.seq),
                            heads::region.eq(&head.region),
                            heads::owner.eq(&head.owner),
                            heads::seq.eq(head.seq),
                            heads::head.eq(&head.hash),
                        )
                    })
                    .collect();
                insert_many!(conn, execute, diesel::insert_into(heads::table).values(&rows))?;
            }
            let last = grown.last().filter(|_| grown.len() == most);
            let next = last.map(|last| ChainPlace { region: last.region.clone(), owner: last.owner.clone() });
            Ok(Some(Signed { checkpoint: made, next }))
        })
        .await
    }

    /// Checkpoints behind number `after`, in order, at most `limit`.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_checkpoints(&self, after: i64, limit: u32) -> Result<Vec<StoredCheckpoint>> {
        read!(
            self,
            load,
            checkpoints::table
                .filter(checkpoints::seq.gt(after))
                .order(checkpoints::seq)
                .limit(i64::from(limit))
                .select(StoredCheckpoint::as_select())
        )
    }

    /// The last one.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_last_checkpoint(&self) -> Result<Option<StoredCheckpoint>> {
        let last: Vec<StoredCheckpoint> = read!(
            self,
            load,
            checkpoints::table.order(checkpoints::seq.desc()).limit(1).select(StoredCheckpoint::as_select())
        )?;
        Ok(last.into_iter().next())
    }

    /// The heads that a checkpoint holds, in order: as many as a page had when it was signed.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_heads_of(&self, checkpoint: i64) -> Result<Vec<ChainHead>> {
        read!(
            self,
            load,
            heads::table.filter(heads::checkpoint.eq(checkpoint)).order((heads::region, heads::owner)).select((
                heads::region,
                heads::owner,
                heads::seq,
                heads::head
            ))
        )
    }
}
