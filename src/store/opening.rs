//! How a database is opened: where it is, who brings it to this version's schema, and the writer's thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tracing::instrument;

use super::connection::{Link, unavailable};
use super::metrics::Metrics;
use super::migrations::{self, Opened, Pending};
use super::pooler::Pooler;
use super::readers::Readers;
use super::schema_version::Migrated;
use super::url::{self, Location};
use super::writer::{self, Waiting, Writer};
use super::{Backend, Inner, Store};
use crate::domain::{Error, InstanceId, Result};

/// `database.*`
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `postgres://…` or `sqlite:PATH`; without it `keypaird.sqlite` in the data directory (`app` puts it in).
    pub url: Option<String>,
    /// A file with nothing but that, for a URL with a password; never beside `url` (`app` reads it).
    pub url_file: Option<PathBuf>,
    /// The same database, for a user who may change its schema, past every pooler.
    pub migration_url: Option<String>,
    /// A file with nothing but that; never beside `migration_url`.
    pub migration_url_file: Option<PathBuf>,
    /// What is in front of a PostgreSQL.
    pub pooler: Pooler,
}

/// How a database is reached.
pub struct Access {
    /// `postgres://…` or `sqlite:PATH`.
    pub url: String,
    pub pooler: Pooler,
    /// Where migrations run; without it, at `url`.
    pub migration_url: Option<String>,
}

/// A thread that is waited for when it is dropped, so that what it has begun is finished and its files are closed.
pub(super) struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // It says nothing when it ends; had it panicked, its callers would know.
        drop(self.0.take().map(JoinHandle::join));
    }
}

/// What a thread that has opened its database tells.
struct Started {
    instance: InstanceId,
    migrated: Migrated,
}

/// Where the service's statements run, and where migrations do if that is elsewhere.
struct Places {
    service: Location,
    migration: Option<Location>,
}

impl Store {
    /// The same as [`Self::open_by`], of a database that is reached by its URL alone.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_by(&Access { url: url.to_owned(), pooler: Pooler::None, migration_url: None }).await
    }

    /// Connects, takes the migration lock, migrates, and starts the writer. The error says what to do.
    #[instrument(skip_all, level = "debug")]
    pub async fn open_by(access: &Access) -> Result<Self> {
        let service = url::parse(&access.url, access.pooler)?;
        let migration = access.migration_url.as_deref().map(|url| url::parse(url, Pooler::None)).transpose()?;
        let backend = match (&service, &migration) {
            (Location::Postgres(_), _) => Backend::Postgres,
            (Location::Sqlite(_), None) => Backend::Sqlite,
            (Location::Sqlite(_), Some(_)) => return Err(no_second_url()),
        };
        let metrics = Metrics::new().map_err(Error::internal)?;
        let counting = metrics.clone();
        let (queue, commands) = mpsc::channel(writer::QUEUE);
        let (started, starting) = oneshot::channel();
        let readers = Readers::new(service.clone());
        let thread = std::thread::Builder::new()
            .name("keypaird-store".to_owned())
            .spawn(move || run_thread(Places { service, migration }, counting, commands, started))
            .map_err(Error::internal)?;
        let Started { instance, migrated } = starting.await.map_err(Error::internal)??;
        metrics.schema_is(migrated.now.as_ref());
        let thread = Joined(Some(thread));
        Ok(Self(Arc::new(Inner { backend, instance, migrated, readers, metrics, queue, _thread: thread })))
    }
}

/// The store's own thread, for the writer and its connection.
fn run_thread(
    places: Places,
    metrics: Metrics,
    commands: mpsc::Receiver<Waiting>,
    started: oneshot::Sender<Result<Started>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return drop(started.send(Err(Error::internal(cause)))),
    };
    match runtime.block_on(places.open()) {
        Ok(Opened { link, instance, migrated }) => {
            if started.send(Ok(Started { instance, migrated })).is_ok() {
                runtime.block_on(Writer::new(places.service, link, commands, metrics).work());
            }
        }
        Err(failure) => drop(started.send(Err(failure))),
    }
}

impl Places {
    async fn open(&self) -> Result<Opened> {
        let link = Link::open(&self.service).await.map_err(unavailable)?;
        if let Location::Postgres(server) = &self.service {
            server.pooler.refuse_unfit(server).await?;
        }
        let Some(migration) = &self.migration else { return bring_up(link, Pending::Run).await };
        let direct = Link::open(migration).await;
        let direct = direct.map_err(|cause| unavailable(format!("by database.migration_url: {cause}")))?;
        let Opened { instance, migrated, .. } = bring_up(direct, Pending::Run).await?;
        let opened = bring_up(link, Pending::Refuse).await?;
        if opened.instance == instance { Ok(Opened { migrated, ..opened }) } else { Err(two_databases()) }
    }
}

fn no_second_url() -> Error {
    let reason =
        "it is for PostgreSQL, and the service's own database is SQLite: set database.url or database.url_file too";
    Error::Invalid { field: "database.migration_url", reason: reason.to_owned() }
}

fn two_databases() -> Error {
    let reason = "it must lead to the same database and schema as database.url, and leads to another installation's";
    Error::Invalid { field: "database.migration_url", reason: reason.to_owned() }
}

async fn bring_up(link: Link, pending: Pending) -> Result<Opened> {
    // Migrations are synchronous: they run beside the runtime, which drives the connection meanwhile.
    tokio::task::spawn_blocking(move || migrations::migrate(link, pending)).await.map_err(Error::internal)?
}
