//! What is done now and then while the service runs.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join3, join4};
use tokio::time::{MissedTickBehavior, interval};

use super::health::Lookout;
use super::master_keys::KeyFile;
use super::stamp::Stamp;
use super::tls::Certificates;
use crate::auth::{AccessKeys, Authentication, Identity, Nonces};
use crate::domain::Result;
use crate::service::{Audit, Checkpoint, CheckpointMetrics, KeptKeys, KeyPairs, Pace, PassMetrics, Trust};
use crate::vault::Vault;
use crate::vault::kms::Kms;

/// Expired tokens are refused anyway; this only keeps their table from growing.
const EVERY: Duration = Duration::from_secs(600);

/// Attempts at private keys that were only counted are written when their minute is over.
const FLUSH: Duration = Duration::from_secs(20);

/// How long a changed master key file may go unnoticed. `keypaird master-key retire` counts on it.
const LOOK_AT_FILE: Duration = Duration::from_secs(5);

/// The master keys in use, and the file that they come from.
pub(super) struct Followed {
    pub(super) vault: Vault,
    pub(super) file: Arc<KeyFile>,
    /// What the file was when it was last read.
    pub(super) stamp: Option<Stamp>,
}

/// What is needed for it.
pub(super) struct Housekeeping {
    pub(super) access_keys: Option<AccessKeys>,
    pub(super) nonces: Nonces,
    pub(super) authentication: Authentication,
    pub(super) key_pairs: Arc<KeyPairs>,
    pub(super) master_keys: Followed,
    pub(super) kms: Option<Kms>,
    pub(super) audit: Audit,
    pub(super) checkpoints: Checkpoints,
    pub(super) verification: Option<Verification>,
    pub(super) lookout: Lookout,
    pub(super) certificates: Certificates,
}

impl Housekeeping {
    /// All of it, for ever.
    pub(super) async fn run(self) -> Infallible {
        let Self {
            access_keys,
            nonces,
            authentication,
            key_pairs,
            master_keys,
            kms,
            audit,
            checkpoints,
            verification,
            lookout,
            certificates,
        } = self;
        let ledger = join4(
            flush_attempts(Arc::clone(&key_pairs)),
            sign_chains(audit, checkpoints),
            verify(verification),
            purge_deletions(key_pairs),
        );
        let callers = join(of_identity(authentication, access_keys), forget(nonces));
        let needed = join4(master_keys.follow(), watch(kms), lookout.run(), certificates.follow());
        Box::pin(join3(callers, ledger, needed)).await.0.0
    }
}

/// How often the ledger's chains are signed, and who is told.
pub(super) struct Checkpoints {
    pub(super) every: Duration,
    pub(super) metrics: CheckpointMetrics,
}

/// The slow pass over kept private keys.
pub(super) struct Verification {
    pub(super) kept: KeptKeys,
    pub(super) pace: Pace,
    pub(super) metrics: PassMetrics,
}

async fn verify(verification: Option<Verification>) -> Infallible {
    match verification {
        None => pending().await,
        Some(Verification { kept, pace, metrics }) => kept.keep_verifying(pace, &metrics).await,
    }
}

/// Signs where the ledger's chains end, for ever. The log line is a checkpoint that is kept elsewhere, if logs are.
async fn sign_chains(audit: Audit, Checkpoints { every, metrics }: Checkpoints) -> Infallible {
    let mut turns = interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match audit.checkpoint(Trust::KnownKeys, &mut log).await {
            Ok(Some(_) | None) => metrics.all_is_signed(),
            // Another replica may have signed at the same moment; the next turn looks again.
            Err(error) => tracing::warn!(cause = ?error, "the ledger's chains could not be signed"),
        }
    }
}

fn log(Checkpoint { seq, hash, signature, .. }: &Checkpoint) {
    tracing::info!(seq, %hash, %signature, "signed checkpoint {seq} of the ledger: {hash}");
}

/// Looks whether the KMS answers, where there is one.
async fn watch(kms: Option<Kms>) -> Infallible {
    match kms {
        None => pending().await,
        Some(kms) => kms.watch().await,
    }
}

/// Forgets what was deleted some time ago, for ever.
async fn purge_deletions(key_pairs: Arc<KeyPairs>) -> Infallible {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        told("deletions", key_pairs.purge_deletions().await);
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

/// What the identity needs beside requests: what has expired is purged now and then; whether a Keystone's EC2 credentials can
/// be read is looked for once.
async fn of_identity(authentication: Authentication, access_keys: Option<AccessKeys>) -> Infallible {
    match authentication {
        Authentication::Embedded(identity) => purge(Some(identity), access_keys).await,
        Authentication::Keystone(_) => {
            if let Some(access_keys) = &access_keys {
                access_keys.check().await;
            }
            purge(None, access_keys).await
        }
    }
}

impl Followed {
    /// Reads the file again when it has changed, for ever. While it cannot be used, each turn tries again, and the same
    /// reason is logged once.
    async fn follow(mut self) -> Infallible {
        let mut turns = interval(LOOK_AT_FILE);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = String::new();
        loop {
            turns.tick().await;
            let stamp = self.file.stamp();
            if stamp == self.stamp {
                continue;
            }
            match self.vault.reload_master_keys().await {
                Ok(()) => {
                    self.stamp = stamp;
                    told.clear();
                    tracing::info!("the master key file has changed and is in use");
                }
                Err(failed) => {
                    let failed = failed.to_string();
                    if failed != told {
                        tracing::error!("the changed master key file is not used, those in use stay: {failed}");
                        told = failed;
                    }
                }
            }
        }
    }
}

/// Deletes expired tokens and access keys, for ever. A failure waits for the next turn.
async fn purge(identity: Option<Identity>, access_keys: Option<AccessKeys>) -> Infallible {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        if let Some(identity) = &identity {
            told("tokens", identity.purge_expired().await);
        }
        if let Some(access_keys) = &access_keys {
            told("access keys", access_keys.purge_expired().await);
        }
    }
}

/// Deletes nonces that nobody could use again, for ever.
async fn forget(nonces: Nonces) -> Infallible {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        told("nonces", nonces.purge_expired().await);
    }
}

fn told(what: &str, purged: Result<u64>) {
    match purged {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "deleted {count} expired {what}"),
        Err(error) => tracing::warn!(cause = ?error, "expired {what} could not be deleted"),
    }
}
