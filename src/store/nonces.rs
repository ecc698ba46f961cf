//! Nonces of signed requests: which were seen.

use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::schema::nonces;
use crate::domain::{Result, Timestamp};

impl Store {
    /// Whether it was not there. Of requests that bring the same at the same time, to whichever process, one is told so: the
    /// insert itself decides. It is committed when this returns.
    #[instrument(skip_all, level = "debug")]
    pub async fn nonce_insert(&self, hash: [u8; 32], expires_at: Timestamp) -> Result<bool> {
        self.write(async move |conn| {
            let row = (nonces::hash.eq(hash.as_slice()), nonces::expires_at.eq(expires_at.as_micros()));
            let inserted = diesel::insert_into(nonces::table).values(row).on_conflict_do_nothing();
            Ok(run!(conn, execute, inserted)? > 0)
        })
        .await
    }

    /// Deletes what was over before `now`, the oldest first, at most `limit`; how many.
    #[instrument(skip_all, level = "debug")]
    pub async fn nonces_purge(&self, now: Timestamp, limit: u32) -> Result<u64> {
        self.write(async move |conn| {
            let old = diesel::alias!(nonces as old);
            let expired = old
                .filter(old.field(nonces::expires_at).lt(now.as_micros()))
                .order(old.field(nonces::expires_at))
                .limit(i64::from(limit))
                .select(old.field(nonces::hash));
            Ok(run!(conn, execute, diesel::delete(nonces::table).filter(nonces::hash.eq_any(expired)))? as u64)
        })
        .await
    }
}
