//! Where a chain of the ledger ends, and what checkpoints hold of it: for whoever verifies it.

use diesel::dsl::{max, min};
use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::readers::read;
use super::schema::{ledger_checkpoint_heads as heads, owners};
use crate::domain::{Chain, Region, Result};

impl Store {
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
