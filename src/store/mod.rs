//! Every SQL statement of the service, written once for PostgreSQL and SQLite.
//!
//! Reads run on a connection that all requests of a thread share; every write goes through one thread that gathers what waits.

mod access_keys;
mod admission;
mod batch;
mod chains;
mod checkpoints;
mod connection;
mod creates;
mod everywhere;
mod failed;
mod grants;
mod identity;
mod key_pairs;
mod ledger;
mod master_keys;
mod metrics;
mod migrations;
mod nonces;
mod opening;
mod owner_rows;
mod owners;
mod pooler;
mod private_keys;
mod projects;
mod quotas;
mod readers;
mod recent_deletions;
mod rows;
mod schema;
mod schema_version;
mod search;
mod statement;
mod survey;
mod tags;
mod tls;
mod tls_parameters;
mod tokens;
mod url;
mod users;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use diesel::dsl::{select, sql};
use diesel::sql_types::Integer;
use prometheus::Registry;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::{Instrument, instrument};

pub use self::chains::{ChainPage, ChainPlace};
pub use self::checkpoints::{ChainHead, Grown, HeadPage, Signed, StoredCheckpoint};
use self::connection::{Conn, TIMEOUT, unavailable};
pub use self::everywhere::{KekCount, KeptRow, MissingRows, Rewrapped, RowKey};
use self::failed::Abort;
pub use self::key_pairs::LimitOf;
pub use self::ledger::StoredRecord;
use self::metrics::Metrics;
use self::opening::Joined;
pub use self::opening::{Access, Settings};
pub use self::pooler::Pooler;
pub use self::private_keys::{HandOut, Still};
use self::readers::{Readers, read};
pub use self::schema_version::{Migrated, SchemaFit, SchemaVersion};
pub use self::search::{Outline, OutlineFilter};
pub use self::survey::{Schema, Survey};
use self::writer::{Command, Waiting};
use crate::domain::{
    AccessKey, Entry, Error, Grant, InstanceId, KekId, KeyPair, Owner, Project, Region, Result, SealedPrivateKey,
    StoredToken, Tag, User, UserId,
};

/// How often who closes it looks whether others still have it.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// The database. Clones share it; with the last one its thread and its connections end.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    instance: InstanceId,
    migrated: Migrated,
    readers: Readers,
    metrics: Metrics,
    queue: mpsc::Sender<Waiting>,
    /// Last, because it ends when the queue is dropped.
    _thread: Joined,
}

/// A key pair to insert, with all that is decided in the insert's own transaction.
pub struct NewKeyPair {
    pub pair: KeyPair,
    pub tags: Vec<Tag>,
    pub sealed: Option<SealedPrivateKey>,
    /// What the ledger says of it, where there is a private key that goes out or is kept.
    pub entry: Option<Entry>,
    /// The caller's other owner: a name there is refused as taken too.
    pub also_visible: Option<Owner>,
    /// Whose limit holds, in `pair.project`: the caller's, also where the pair is for another user.
    pub caller: UserId,
    /// The region whose quotas hold, which may be another than the pair's.
    pub limits_in: Region,
    /// How many key pairs `pair.owner` may have where no quota was set that says otherwise.
    pub limit: u32,
}

/// Everything that the first start writes, in one transaction, where no user is there yet.
pub struct Bootstrap {
    pub users: Vec<User>,
    pub projects: Vec<Project>,
    pub grants: Vec<Grant>,
}

/// What became of an attempt to bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrapped {
    Done,
    /// There were users already: nothing was written.
    Before,
}

/// A master key's check value, as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKeyCheck {
    pub kek: KekId,
    pub check_value: Vec<u8>,
    /// How many sealed private keys and secrets of access keys are wrapped by it.
    pub rows: u64,
}

/// A token and who it is for, read in one go.
pub struct TokenRecord {
    pub token: StoredToken,
    pub user: User,
    /// The project of a project-scoped token.
    pub project: Option<Project>,
    /// All grants of the user.
    pub grants: Vec<Grant>,
}

/// An access key and who it is for.
pub struct AccessKeyRecord {
    pub key: AccessKey,
    pub user: User,
    pub project: Project,
    /// All grants of the user.
    pub grants: Vec<Grant>,
}

impl Store {
    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    /// Waits until nobody else has it any more, five seconds at most, and closes it: SQLite then puts all into its one file.
    pub async fn close(self) {
        let others_are_gone = async {
            while Arc::strong_count(&self.0) > 1 {
                tokio::time::sleep(LOOK).await;
            }
        };
        if timeout(TIMEOUT, others_are_gone).await.is_err() {
            tracing::warn!("the database is still in use: its connections are left to the operating system");
        }
    }

    /// Has what is counted about the ledger, the writer and the schema shown by `registry`.
    pub fn show_metrics(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.0.metrics.show(registry)
    }

    pub fn instance(&self) -> InstanceId {
        self.0.instance
    }

    /// One SELECT, for readiness.
    #[instrument(skip_all, level = "debug")]
    pub async fn ping(&self) -> Result<()> {
        if self.0.queue.is_closed() {
            return Err(unavailable("the writer has ended"));
        }
        let _one: i32 = read!(self, get_result, select(sql::<Integer>("1")))?;
        Ok(())
    }

    fn readers(&self) -> &Readers {
        &self.0.readers
    }

    /// Runs `statements` in a transaction of their own, on the writer's thread; perhaps more than once.
    async fn write<T: Send + 'static>(
        &self,
        statements: impl AsyncFn(&Conn<'_>) -> Result<T, Abort> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.submit(writer::job(statements, answer), answered).await
    }

    /// The same for statements that add a record to the ledger: where they fail, that is counted.
    async fn write_with_record<T: Send + 'static>(
        &self,
        statements: impl AsyncFn(&Conn<'_>) -> Result<T, Abort> + Send + 'static,
    ) -> Result<T> {
        let written = self.write(statements).await;
        self.0.metrics.answered(&written);
        written
    }

    async fn submit<T>(&self, command: Command, answered: oneshot::Receiver<Result<T>>) -> Result<T> {
        let span = match self.0.backend {
            Backend::Postgres => {
                tracing::debug_span!("transaction", otel.kind = "client", db.system.name = "postgresql")
            }
            Backend::Sqlite => tracing::debug_span!("transaction", otel.kind = "client", db.system.name = "sqlite"),
        };
        let waiting = Waiting::new(command, span.clone(), &self.0.metrics);
        self.0.queue.try_send(waiting).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy { what: "the database", retry_after: Duration::from_secs(1) },
            TrySendError::Closed(_) => unavailable("the writer has ended"),
        })?;
        let late = |_| unavailable("the database did not answer in time: what became of the write is not known");
        let answered = timeout(TIMEOUT, answered).instrument(span).await;
        answered.map_err(late)?.map_err(|_| unavailable("the writer has ended"))?
    }
}
