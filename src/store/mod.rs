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
mod grants;
mod identity;
mod key_pairs;
mod ledger;
mod master_keys;
mod metrics;
mod migrations;
mod nonces;
mod owner_rows;
mod owners;
mod private_keys;
mod projects;
mod quotas;
mod readers;
mod recent_deletions;
mod rows;
mod schema;
mod schema_version;
mod search;
mod survey;
mod tags;
mod tokens;
mod url;
mod users;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::dsl::{select, sql};
use diesel::sql_types::Integer;
use prometheus::Registry;
use tokio::runtime::Builder;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::instrument;

pub use self::chains::{ChainPage, ChainPlace};
pub use self::checkpoints::{ChainHead, Grown, HeadPage, Signed, StoredCheckpoint};
use self::connection::{Conn, Link, TIMEOUT, unavailable};
pub use self::everywhere::{KekCount, KeptRow, MissingRows, Rewrapped, RowKey};
pub use self::key_pairs::LimitOf;
pub use self::ledger::StoredRecord;
use self::metrics::Metrics;
use self::migrations::Opened;
pub use self::private_keys::{HandOut, Still};
use self::readers::{Readers, read};
pub use self::schema_version::{Migrated, SchemaFit, SchemaVersion};
pub use self::search::{Outline, OutlineFilter};
pub use self::survey::{Schema, Survey};
use self::url::Location;
use self::writer::{Abort, Command, Writer};
use crate::domain::{
    AccessKey, Entry, Error, Grant, InstanceId, KekId, KeyPair, Owner, Project, Region, Result, SealedPrivateKey,
    StoredToken, Tag, User, UserId,
};

/// `database.*`
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `postgres://…` or `sqlite:PATH`; without it `keypaird.sqlite` in the data directory (`app` puts it in).
    pub url: Option<String>,
    /// A file with nothing but that, for a URL with a password; never beside `url` (`app` reads it).
    pub url_file: Option<PathBuf>,
}

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
    queue: mpsc::Sender<Command>,
    /// Last, because it ends when the queue is dropped.
    _thread: Joined,
}

/// A thread that is waited for when it is dropped, so that what it has begun is finished and its files are closed.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // It says nothing when it ends; had it panicked, its callers would know.
        drop(self.0.take().map(JoinHandle::join));
    }
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
    /// Connects, takes the migration lock, migrates, and starts the writer. The error says what to do.
    #[instrument(skip_all, level = "debug")]
    pub async fn open(url: &str) -> Result<Self> {
        let location = url::parse(url)?;
        let backend = match location {
            Location::Postgres(_) => Backend::Postgres,
            Location::Sqlite(_) => Backend::Sqlite,
        };
        let metrics = Metrics::new().map_err(Error::internal)?;
        let counting = metrics.clone();
        let (queue, commands) = mpsc::channel(writer::QUEUE);
        let (started, starting) = oneshot::channel();
        let writers = location.clone();
        let thread = std::thread::Builder::new()
            .name("keypaird-store".to_owned())
            .spawn(move || run_thread(writers, counting, commands, started))
            .map_err(Error::internal)?;
        let Started { instance, migrated } = starting.await.map_err(Error::internal)??;
        let readers = Readers::new(location);
        let thread = Joined(Some(thread));
        Ok(Self(Arc::new(Inner { backend, instance, migrated, readers, metrics, queue, _thread: thread })))
    }

    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    /// Has what is counted about the ledger shown by `registry`.
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
        self.0.queue.try_send(command).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy { what: "the database", retry_after: Duration::from_secs(1) },
            TrySendError::Closed(_) => unavailable("the writer has ended"),
        })?;
        let late = |_| unavailable("the database did not answer in time: what became of the write is not known");
        timeout(TIMEOUT, answered).await.map_err(late)?.map_err(|_| unavailable("the writer has ended"))?
    }
}

/// What a thread that has opened its database tells.
struct Started {
    instance: InstanceId,
    migrated: Migrated,
}

/// The store's own thread, for the writer and its connection.
fn run_thread(
    location: Location,
    metrics: Metrics,
    commands: mpsc::Receiver<Command>,
    started: oneshot::Sender<Result<Started>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return drop(started.send(Err(Error::internal(cause)))),
    };
    let opened = runtime.block_on(async {
        let link = Link::open(&location).await.map_err(unavailable)?;
        // Migrations are synchronous: they run beside the runtime, which drives the connection meanwhile.
        tokio::task::spawn_blocking(move || migrations::migrate(link)).await.map_err(Error::internal)?
    });
    match opened {
        Ok(Opened { link, instance, migrated }) => {
            if started.send(Ok(Started { instance, migrated })).is_ok() {
                runtime.block_on(Writer::new(location, link, metrics).work(commands));
            }
        }
        Err(failure) => drop(started.send(Err(failure))),
    }
}
