//! Nonces of signed requests: which were seen.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use tokio::sync::oneshot;
use tracing::instrument;

use super::Store;
use super::connection::{insert_many, run, unavailable};
use super::schema::nonces;
use super::writer::{Command, Writer};
use crate::domain::{Error, Result, Timestamp};

/// A nonce that is to be seen, and whoever waits to hear whether it was before.
pub(super) struct NonceWrite {
    hash: Vec<u8>,
    expires_at: i64,
    answer: oneshot::Sender<Result<bool>>,
}

impl NonceWrite {
    pub(super) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Commits all that wait in one transaction: of a few hundred calls at once each would else be a commit of its own.
pub(super) async fn commit(writer: &mut Writer, writes: Vec<NonceWrite>) {
    let rows: BTreeMap<&[u8], i64> = writes.iter().map(|write| (write.hash.as_slice(), write.expires_at)).collect();
    let rows: Vec<_> =
        rows.into_iter().map(|(hash, expires_at)| (nonces::hash.eq(hash), nonces::expires_at.eq(expires_at))).collect();
    let inserted = writer
        .transaction(async |conn| {
            let insert = diesel::insert_into(nonces::table).values(&rows).on_conflict_do_nothing();
            let inserted: Vec<Vec<u8>> = insert_many!(conn, get_results, insert.returning(nonces::hash))?;
            Ok(inserted)
        })
        .await;
    match inserted {
        Ok(inserted) => {
            let mut new: BTreeSet<Vec<u8>> = inserted.into_iter().collect();
            for NonceWrite { hash, answer, .. } in writes {
                // Of two that wait with the same, the first takes it.
                drop(answer.send(Ok(new.remove(&hash))));
            }
        }
        Err(failed) => {
            let failed = Error::from(failed);
            let is_passing = matches!(failed, Error::Unavailable { .. });
            let cause = failed.with_cause();
            let error = || if is_passing { unavailable(cause.clone()) } else { Error::internal(cause.clone()) };
            writes.into_iter().for_each(|write| drop(write.answer.send(Err(error()))));
        }
    }
}

impl Store {
    /// Whether it was not there. Of requests that bring the same at the same time, to whichever process, one is told so: the
    /// insert itself decides. It is committed when this returns.
    #[instrument(skip_all, level = "debug")]
    pub async fn nonce_insert(&self, hash: [u8; 32], expires_at: Timestamp) -> Result<bool> {
        let (answer, answered) = oneshot::channel();
        let write = NonceWrite { hash: hash.to_vec(), expires_at: expires_at.as_micros(), answer };
        self.submit(Command::Nonce(write), answered).await
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
