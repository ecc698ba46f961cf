//! Which chains of the ledger there are and where each ends, by every table that knows: for whoever verifies all of them.

use std::collections::BTreeSet;

use diesel::dsl::{max, min, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use tracing::instrument;

use super::Store;
use super::readers::read;
use super::schema::{ledger, ledger_checkpoint_heads as heads, owners};
use crate::domain::{Chain, Region, Result};

/// How many owners' rows are read at once.
const OWNERS: i64 = 1000;

/// A chain's place among all: region and owner as they are written. Both databases order them by bytes, as Rust does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct ChainPlace {
    pub region: String,
    pub owner: String,
}

/// Some of the chains, in order.
pub struct ChainPage {
    pub chains: BTreeSet<ChainPlace>,
    /// Behind what the next page begins; `None` after the last one.
    pub next: Option<ChainPlace>,
}

/// Compared as a row, so that both databases begin at its place in an index: `behind!("owners", place)`.
macro_rules! behind {
    ($table:literal, $place:expr) => {
        sql::<Bool>(concat!("(", $table, ".region, ", $table, ".owner) > ("))
            .bind::<Text, _>(&$place.region)
            .sql(", ")
            .bind::<Text, _>(&$place.owner)
            .sql(")")
    };
}
pub(super) use behind;

impl Store {
    /// The chains of the next 1000 owners' rows behind `after`, with those in between whose owner's row is gone or says
    /// that there is none.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_chains(&self, after: &ChainPlace) -> Result<ChainPage> {
        let rows: Vec<(ChainPlace, i64)> = read!(
            self,
            load,
            owners::table
                .filter(behind!("owners", after))
                .order((owners::region, owners::owner))
                .limit(OWNERS)
                .select(((owners::region, owners::owner), owners::ledger_seq))
        )?;
        let next = rows.get(OWNERS as usize - 1).map(|(last, _)| last.clone());
        let is_here = |place: &ChainPlace| next.as_ref().is_none_or(|next| place <= next);
        let with_end = rows.into_iter().filter(|(_, seq)| *seq > 0).map(|(place, _)| place);
        let mut chains: BTreeSet<ChainPlace> = with_end.collect();
        let mut place = after.clone();
        while let Some(found) = self.ledger_chain_behind(&place).await?.filter(is_here) {
            chains.insert(found.clone());
            place = found;
        }
        let mut place = after.clone();
        while let Some(found) = self.ledger_signed_chain_behind(&place).await?.filter(is_here) {
            chains.insert(found.clone());
            place = found;
        }
        Ok(ChainPage { chains, next })
    }

    /// The next chain with records: one place in the primary key, however many records the chain before has.
    async fn ledger_chain_behind(&self, place: &ChainPlace) -> Result<Option<ChainPlace>> {
        let found: Vec<ChainPlace> = read!(
            self,
            load,
            ledger::table
                .filter(behind!("ledger", place))
                .order((ledger::region, ledger::owner))
                .limit(1)
                .select((ledger::region, ledger::owner))
        )?;
        Ok(found.into_iter().next())
    }

    /// The next chain that a checkpoint knows: one place in an index, too.
    async fn ledger_signed_chain_behind(&self, place: &ChainPlace) -> Result<Option<ChainPlace>> {
        let found: Vec<ChainPlace> = read!(
            self,
            load,
            heads::table
                .filter(behind!("ledger_checkpoint_heads", place))
                .order((heads::region, heads::owner))
                .limit(1)
                .select((heads::region, heads::owner))
        )?;
        Ok(found.into_iter().next())
    }

    /// Where a chain ends now, by its owner's row: its last record's number and hash; 0 where there is none.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_end(&self, region: &Region, chain: &Chain) -> Result<(i64, Vec<u8>)> {
        let chain = chain.to_string();
        let ends: Vec<(i64, Option<Vec<u8>>)> = read!(
            self,
            load,
            owners::table
                .filter(owners::region.eq(region.as_str()))
                .filter(owners::owner.eq(&chain))
                .select((owners::ledger_seq, owners::ledger_head))
        )?;
        Ok(ends.into_iter().next().map_or((0, Vec::new()), |(seq, hash)| (seq, hash.unwrap_or_default())))
    }

    /// What checkpoints hold of a chain behind number `after` and up to number `to`, in order: the number of a record and
    /// its hash. Of one number there may be several. As many as were signed of these records, so that a page of records
    /// bounds it.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_heads_on(
        &self,
        region: &Region,
        chain: &Chain,
        after: i64,
        to: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>> {
        let chain = chain.to_string();
        read!(
            self,
            load,
            heads::table
                .filter(heads::region.eq(region.as_str()))
                .filter(heads::owner.eq(&chain))
                .filter(heads::seq.gt(after))
                .filter(heads::seq.le(to))
                .order(heads::seq)
                .select((heads::seq, heads::head))
        )
    }

    /// The number of a chain's last record that a checkpoint was signed over; 0 where there is none.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_signed_to(&self, region: &Region, chain: &Chain) -> Result<i64> {
        let chain = chain.to_string();
        let last: Option<i64> = read!(
            self,
            get_result,
            heads::table
                .filter(heads::region.eq(region.as_str()))
                .filter(heads::owner.eq(&chain))
                .select(max(heads::seq))
        )?;
        Ok(last.unwrap_or(0))
    }

    /// The first number behind `after` that a checkpoint was signed over.
    #[instrument(skip_all, level = "debug")]
    pub async fn ledger_signed_behind(&self, region: &Region, chain: &Chain, after: i64) -> Result<Option<i64>> {
        let chain = chain.to_string();
        read!(
            self,
            get_result,
            heads::table
                .filter(heads::region.eq(region.as_str()))
                .filter(heads::owner.eq(&chain))
                .filter(heads::seq.gt(after))
                .select(min(heads::seq))
        )
    }
}
