//! What is done now and then while the service runs.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{MissedTickBehavior, interval};

use crate::auth::{Authentication, Identity};
use crate::service::KeyPairs;

/// Expired tokens are refused anyway; this only keeps their table from growing.
const EVERY: Duration = Duration::from_secs(600);

/// Attempts at private keys that were only counted are written when their minute is over.
const FLUSH: Duration = Duration::from_secs(20);

/// All of it, for ever.
pub(super) async fn run(authentication: Authentication, key_pairs: Arc<KeyPairs>) -> Infallible {
    match select(pin!(of_identity(authentication)), pin!(flush_attempts(key_pairs))).await {
        Either::Left((never, _)) | Either::Right((never, _)) => match never {},
    }
}

async fn flush_attempts(key_pairs: Arc<KeyPairs>) -> Infallible {
    let mut turns = interval(FLUSH);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        key_pairs.flush_attempts().await;
    }
}

/// What the identity needs beside requests: its own tokens are purged now and then, a Keystone is looked for once.
async fn of_identity(authentication: Authentication) -> Infallible {
    match authentication {
        Authentication::Embedded(identity) => purge_tokens(identity).await,
        Authentication::Keystone(keystone) => {
            keystone.check().await;
            pending().await
        }
    }
}

/// Deletes expired tokens, for ever. A failure waits for the next turn.
async fn purge_tokens(identity: Identity) -> Infallible {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match identity.purge_expired().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted {count} expired tokens"),
            Err(error) => tracing::warn!(cause = ?error, "expired tokens could not be deleted"),
        }
    }
}
