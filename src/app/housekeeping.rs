//! What is done now and then while the service runs.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::auth::Identity;

/// Expired tokens are refused anyway; this only keeps their table from growing.
const EVERY: Duration = Duration::from_secs(600);

/// Deletes expired tokens, for ever. A failure waits for the next turn.
pub(super) async fn purge_tokens(identity: Identity) {
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
