//! What is done now and then while the service runs.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::auth::{Authentication, Identity};

/// Expired tokens are refused anyway; this only keeps their table from growing.
const EVERY: Duration = Duration::from_secs(600);

/// What the identity needs beside requests: its own tokens are purged now and then, a Keystone is looked for once.
pub(super) async fn run(authentication: Authentication) -> Infallible {
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
