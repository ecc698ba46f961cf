//! The operator's jobs on all private keys that are kept: rewrap, reseal, verify. They run beside a service that goes on.

mod census;
mod history;
mod pacer;
mod pass;
mod reseal;
mod rewrap;
mod secrets;
mod verify;
mod walk;

pub use self::census::Census;
pub use self::pacer::Pace;
pub use self::pass::PassMetrics;
pub use self::rewrap::Rewrap;
pub use self::verify::{Fault, Finding, Observer, Verification};
pub use self::walk::JobReport;
use crate::domain::{
    AccessKey, AccessKeyIds, Actor, Chain, Entry, Error, Event, Outcome, Owner, Region, Result, Subject,
};
use crate::store::{KekCount, RowKey, Store};
use crate::vault::Vault;

/// How many rows are read, and written in one transaction, at once.
const BATCH: u32 = 100;

/// How many rows a report names.
const MOST_NAMED: usize = 1000;

/// All kept private keys of a database, whoever they belong to.
#[derive(Clone)]
pub struct KeptKeys {
    store: Store,
    vault: Vault,
    /// Where the operator's chain of the ledger stands.
    region: Region,
    actor: Actor,
}

/// Told about each row, in order, so that somebody who watches sees the job go on.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// A row that a job could not do its work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub region: String,
    pub owner: String,
    pub name: String,
    pub id: String,
    pub reason: String,
}

impl KeptKeys {
    /// `actor` is who the ledger says did it.
    pub fn new(store: Store, vault: Vault, region: Region, actor: Actor) -> Self {
        Self { store, vault, region, actor }
    }

    /// How many there are under each key-encryption key and suite.
    pub async fn by_kek(&self) -> Result<Vec<KekCount>> {
        self.store.kept_rows_by_kek().await
    }

    /// How many there are.
    pub async fn count(&self) -> Result<u64> {
        let counts = self.by_kek().await?;
        Ok(counts.iter().map(|count| count.rows.unsigned_abs()).sum())
    }

    /// Seals by the master keys that the file has now: one that was retired since the job began must not be used again.
    async fn follow_master_keys(&self) -> Result<()> {
        self.vault.reload_master_keys().await.map_err(Error::internal)
    }

    /// Records how a job ended, and hands its report on. Where it was broken off, the database may be away: that is told.
    async fn conclude(&self, event: Event, detail: String, report: JobReport) -> Result<JobReport> {
        match (self.record(event, report.outcome(), detail).await, &report.broken_off) {
            (Ok(()), _) | (Err(_), Some(_)) => Ok(report),
            (Err(error), None) => Err(error),
        }
    }

    /// Puts what a job did into the operator's chain.
    async fn record(&self, event: Event, outcome: Outcome, detail: String) -> Result<()> {
        let entry =
            Entry { outcome, detail: Some(detail), ..Entry::done(event, self.actor.clone(), Subject::default()) };
        self.store.ledger_append(&self.region, &Chain::Operator, entry).await
    }
}

impl Failed {
    fn of_access_key(key: &AccessKey, reason: String) -> Self {
        let AccessKeyIds { id, user, .. } = &key.ids;
        let owner = Owner::User(user.clone()).to_string();
        Self { region: "-".to_owned(), owner, name: "access key".to_owned(), id: id.to_string(), reason }
    }

    fn new(key: &RowKey, name: &str, reason: String) -> Self {
        Self { region: key.region.clone(), owner: key.owner.clone(), name: name.to_owned(), id: key.id(), reason }
    }
}
