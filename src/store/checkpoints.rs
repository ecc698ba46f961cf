//! Checkpoints of the ledger: the heads of all chains that have grown, under a signature, each holding the one before.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::readers::read;
use super::schema::{ledger, ledger_checkpoint_heads as heads, ledger_checkpoints as checkpoints, owners};
use crate::domain::Result;

/// How many heads one checkpoint holds: it must not keep other writes waiting.
pub(super) const MOST_HEADS: i64 = 5000;

/// Whether a checkpoint is written where no chain has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grown {
    Some,
    OrNot,
}

/// How many heads one INSERT writes: both databases bound the values of a statement.
const ROWS: usize = 1000;

/// Where a chain ends, or ended at a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct ChainHead {
    pub region: String,
    /// The chain in its written form.
    pub owner: String,
    pub seq: i64,
    pub hash: Vec<u8>,
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
    /// Writes a checkpoint over all chains that have grown since their last one; `None` where none has. `make` is given the
    /// checkpoint before it and the heads in order, and may be called more than once.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_checkpoint(
        &self,
        grown: Grown,
        make: impl Fn(Option<&StoredCheckpoint>, &[ChainHead]) -> Result<StoredCheckpoint> + Send + Sync + 'static,
    ) -> Result<Option<StoredCheckpoint>> {
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
                    .filter(owners::ledger_seq.gt(0))
                    .filter(not(exists(known)))
                    .order((owners::region, owners::owner))
                    .limit(MOST_HEADS)
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
                run!(conn, execute, diesel::insert_into(heads::table).values(&rows))?;
            }
            Ok(Some(made))
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

    /// The heads that a checkpoint holds, in order.
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

    /// Where every chain ends, by its owner's row; those whose owner's row is gone end at nothing.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_chains(&self) -> Result<Vec<ChainHead>> {
        let ends: Vec<(String, String, i64, Option<Vec<u8>>)> = read!(
            self,
            load,
            owners::table.filter(owners::ledger_seq.gt(0)).select((
                owners::region,
                owners::owner,
                owners::ledger_seq,
                owners::ledger_head
            ))
        )?;
        let with_end = owners::table
            .filter(owners::region.eq(ledger::region))
            .filter(owners::owner.eq(ledger::owner))
            .filter(owners::ledger_seq.gt(0));
        let without: Vec<(String, String)> = read!(
            self,
            load,
            ledger::table.filter(not(exists(with_end))).select((ledger::region, ledger::owner)).distinct()
        )?;
        let with_end_checkpointed = owners::table
            .filter(owners::region.eq(heads::region))
            .filter(owners::owner.eq(heads::owner))
            .filter(owners::ledger_seq.gt(0));
        let gone: Vec<(String, String)> = read!(
            self,
            load,
            heads::table.filter(not(exists(with_end_checkpointed))).select((heads::region, heads::owner)).distinct()
        )?;
        let mut chains: Vec<ChainHead> = ends
            .into_iter()
            .map(|(region, owner, seq, hash)| ChainHead { region, owner, seq, hash: hash.unwrap_or_default() })
            .collect();
        let endless = without.into_iter().chain(gone);
        chains.extend(endless.map(|(region, owner)| ChainHead { region, owner, seq: 0, hash: Vec::new() }));
        chains.sort();
        chains.dedup_by(|one, other| (&one.region, &one.owner) == (&other.region, &other.owner));
        Ok(chains)
    }
}
