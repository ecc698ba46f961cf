//! Looks in the background at all that requests need. Probes are told what was seen last: none of them waits for a
//! database that hangs, and any number of them asks it no more.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::StartError;
use super::master_keys::KeyFile;
use crate::auth::{Authentication, Keystone};
use crate::domain::{Error, Result};
use crate::http::ops::{Change, Check, Finding, Readiness};
use crate::store::{SchemaFit, Store};
use crate::vault::Vault;
use crate::vault::kms::KmsHealth;

/// How often what costs no more than a small SELECT is looked at. Three looks in a row change what probes are told: a
/// replica whose database is away is taken out within some ten seconds, and what takes less is not worth it.
const EVERY: Duration = Duration::from_secs(3);
/// How long the database may take for one of these SELECTs. Less than the time between two looks, so that the rhythm holds.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How often a Keystone is asked, which is a request of its own.
const ASK_KEYSTONE: Duration = Duration::from_secs(30);
/// The same after it did not answer.
const ASK_KEYSTONE_AGAIN: Duration = Duration::from_secs(5);

/// What is looked at, and who is told.
pub(super) struct Lookout {
    pub(super) readiness: Readiness,
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) master_keys: Arc<KeyFile>,
    pub(super) authentication: Authentication,
}

impl Lookout {
    /// Looks, for ever.
    pub(super) async fn run(self) -> Infallible {
        join(self.look_at_what_is_near(), self.look_at_keystone()).await.0
    }

    async fn look_at_what_is_near(&self) -> Infallible {
        let mut turns = interval(EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            self.look_at_kms();
            self.look_at_database().await;
        }
    }

    async fn look_at_database(&self) {
        match in_time(self.store.ping()).await {
            Ok(()) => {
                self.tell(Check::Database, Finding::Ok, "");
                self.look_at_schema().await;
                self.look_at_master_keys().await;
            }
            // What the database holds is not known meanwhile: what was seen of it before stays.
            Err(cause) => self.tell(Check::Database, Finding::Unavailable, &cause),
        }
    }

    async fn look_at_schema(&self) {
        match in_time(self.store.schema_fit()).await {
            Ok(SchemaFit::Known) => self.tell(Check::Schema, Finding::Ok, ""),
            Ok(SchemaFit::Compatible(migration)) => {
                let cause =
                    format!("it has the migration {migration} of a newer version, beside which this one may serve");
                self.tell(Check::Schema, Finding::Compatible, &cause);
            }
            Ok(SchemaFit::Newer(migration)) => {
                let cause = format!(
                    "it has the migration {migration} of a newer version, beside which this one must not serve: run the newer \
                     one here too"
                );
                self.tell(Check::Schema, Finding::Newer, &cause);
            }
            Err(cause) => tracing::debug!(%cause, "the schema could not be looked at"),
        }
    }

    async fn look_at_master_keys(&self) {
        let given = self.vault.master_key_check_values();
        match timeout(TIMEOUT, self.master_keys.refuse_unfit(&given)).await {
            Ok(Ok(())) => self.tell(Check::MasterKeys, Finding::Ok, ""),
            Ok(Err(StartError::Domain(cause))) => tracing::debug!(?cause, "master keys could not be compared"),
            Ok(Err(unfit)) => self.tell(Check::MasterKeys, Finding::Wrong, &unfit.to_string()),
            Err(late) => tracing::debug!(%late, "master keys could not be compared"),
        }
    }

    /// Whether it answers is found out elsewhere, by calls as by looks.
    fn look_at_kms(&self) {
        match self.vault.kms_health() {
            KmsHealth::None => self.tell(Check::Kms, Finding::Unused, ""),
            KmsHealth::Up => self.tell(Check::Kms, Finding::Ok, ""),
            KmsHealth::Degraded => self.tell(Check::Kms, Finding::Unavailable, "it does not answer"),
        }
    }

    async fn look_at_keystone(&self) -> Infallible {
        match &self.authentication {
            Authentication::Embedded(_) => {
                self.tell(Check::Keystone, Finding::Unused, "");
                pending().await
            }
            Authentication::Keystone(keystone) => loop {
                sleep(self.ask(keystone).await).await;
            },
        }
    }

    /// How long to wait before it is asked again.
    async fn ask(&self, keystone: &Keystone) -> Duration {
        match keystone.check().await {
            Ok(()) => {
                self.tell(Check::Keystone, Finding::Ok, "");
                ASK_KEYSTONE
            }
            Err(cause) => {
                self.tell(Check::Keystone, Finding::Unavailable, &cause.with_cause());
                ASK_KEYSTONE_AGAIN
            }
        }
    }

    /// Probes get the word; what is behind it goes to the log, once.
    fn tell(&self, check: Check, found: Finding, cause: &str) {
        let Some(Change { before, now }) = self.readiness.see(check, found) else { return };
        let (check, found) = (check.name(), now.name());
        match now {
            Finding::Unused | Finding::Unknown => {}
            Finding::Ok if before == Finding::Unknown => {}
            Finding::Ok => tracing::info!(check, found, "health: {check} is ok again"),
            Finding::Compatible => tracing::info!(check, found, "health: {check} is {found}: {cause}"),
            Finding::Unavailable | Finding::Newer | Finding::Wrong => {
                tracing::warn!(check, found, "health: {check} is {found}: {cause}");
            }
        }
    }
}

/// What the database said, or why it did not, for the log.
async fn in_time<T>(look: impl Future<Output = Result<T>>) -> Result<T, String> {
    match timeout(TIMEOUT, look).await {
        Ok(answered) => answered.map_err(|error: Error| error.with_cause()),
        Err(_) => Err(format!("the database did not answer within {} s", TIMEOUT.as_secs())),
    }
}
