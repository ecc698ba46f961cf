//! One connection to either database, and the macro that writes a statement once for both.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::result::Error as DatabaseError;
use diesel::{Connection, QueryResult, SqliteConnection};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio_postgres::NoTls;

use super::url::Location;
use crate::domain::{Error, Event, Outcome, Source};

/// How long connecting, a statement, or a whole request to the database may take before the caller is told to come again.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that is open.
pub(super) enum Link {
    Postgres(Box<PostgresLink>),
    Sqlite(SqliteConnection),
}

pub(super) struct PostgresLink {
    pub connection: AsyncPgConnection,
    /// Set when the connection has ended, before those who wait on it are woken.
    pub closed: Arc<AtomicBool>,
}

/// A connection as the statements of one transaction see it.
pub(super) struct Conn<'c> {
    pub wire: Wire<'c>,
    /// What the transaction adds to the ledger: to be counted once it is committed.
    pub records: Vec<(Event, Outcome)>,
}

/// PostgreSQL's is shared: statements that are polled together are pipelined.
pub(super) enum Wire<'c> {
    Postgres(&'c AsyncPgConnection),
    Sqlite(&'c mut SqliteConnection),
}

/// Runs one statement on either database: `run!(conn, load, users::table.select(…))`. The statement is compiled once for
/// each, so that what differs between the backends' types (upserts, `RETURNING`) still has one source text.
macro_rules! run {
    ($conn:expr, $method:ident, $statement:expr) => {
        match &mut $conn.wire {
            $crate::store::connection::Wire::Postgres(postgres) => {
                diesel_async::RunQueryDsl::$method($statement, postgres).await
            }
            $crate::store::connection::Wire::Sqlite(sqlite) => diesel::RunQueryDsl::$method($statement, *sqlite),
        }
    };
}
pub(super) use run;

/// Runs a statement for each item and gathers the answers in the items' order. On PostgreSQL all of them are sent before
/// the first answer is awaited.
macro_rules! run_each {
    ($conn:expr, $method:ident, $items:expr, |$item:pat_param| $statement:expr) => {
        match &mut $conn.wire {
            $crate::store::connection::Wire::Postgres(postgres) => {
                let shared: &diesel_async::AsyncPgConnection = postgres;
                let sent = $items.map(async |$item| {
                    let mut connection = shared;
                    diesel_async::RunQueryDsl::$method($statement, &mut connection).await
                });
                futures_util::future::try_join_all(sent).await
            }
            $crate::store::connection::Wire::Sqlite(sqlite) => {
                $items.map(|$item| diesel::RunQueryDsl::$method($statement, *sqlite)).collect::<QueryResult<Vec<_>>>()
            }
        }
    };
}
pub(super) use run_each;

impl Link {
    /// Must be called on the runtime that is to drive the connection.
    pub(super) async fn open(location: &Location) -> Result<Self, Source> {
        match location {
            Location::Postgres(config) => Ok(Self::Postgres(Box::new(PostgresLink::open(config).await?))),
            Location::Sqlite(path) => Ok(Self::Sqlite(open_sqlite(path)?)),
        }
    }

    pub(super) fn conn(&mut self) -> Conn<'_> {
        let wire = match self {
            Self::Postgres(link) => Wire::Postgres(&link.connection),
            Self::Sqlite(connection) => Wire::Sqlite(connection),
        };
        Conn { wire, records: Vec::new() }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Postgres(link) => link.is_closed(),
            Self::Sqlite(_) => false,
        }
    }
}

impl PostgresLink {
    pub(super) async fn open(config: &tokio_postgres::Config) -> Result<Self, Source> {
        let connected = match tokio::time::timeout(TIMEOUT, Self::connect(config)).await {
            Ok(connected) => connected,
            Err(late) => Err(late.into()),
        };
        // Neither the user nor the password of the URL is repeated.
        connected.map_err(|cause| format!("cannot connect to PostgreSQL: {}", in_one_line(&*cause)).into())
    }

    async fn connect(config: &tokio_postgres::Config) -> Result<Self, Source> {
        let (client, mut driver) = config.connect(NoTls).await?;
        let closed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&closed);
        tokio::spawn(async move {
            if let Err(cause) = (&mut driver).await {
                let cause = in_one_line(&cause);
                tracing::warn!(error = %cause, "the connection to PostgreSQL broke: {cause}");
            }
            // Before the driver is dropped, which wakes those who wait for an answer: they look at the flag.
            flag.store(true, Ordering::Release);
        });
        let mut connection = AsyncPgConnection::try_from(client).await?;
        connection.batch_execute(&limits()).await?;
        Ok(Self { connection, closed })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// The server itself gives up what takes too long, also when this process is gone and holds locks.
fn limits() -> String {
    let timeout = TIMEOUT.as_millis();
    format!("SET statement_timeout = {timeout}; SET idle_in_transaction_session_timeout = {timeout}")
}

pub(super) fn open_sqlite(path: &Path) -> Result<SqliteConnection, Source> {
    try_open_sqlite(path)
        .map_err(|cause| format!("cannot open the SQLite database {}: {}", path.display(), in_one_line(&*cause)).into())
}

fn try_open_sqlite(path: &Path) -> Result<SqliteConnection, Source> {
    create_private(path)?;
    let mut connection = SqliteConnection::establish(path.to_str().ok_or("the path is not valid UTF-8")?)?;
    // FULL syncs at each commit: what is answered is on disk. Deleted rows are overwritten with zeros, wrapped data keys
    // among them; and what SQLite sorts, it sorts in memory.
    connection.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY",
    )?;
    turn_wal_on(&mut connection)?;
    Ok(connection)
}

/// Of processes that turn WAL on at the same moment, in a new file, SQLite lets one pass and refuses the others at once,
/// whatever the busy timeout: they would wait for each other's read locks.
fn turn_wal_on(connection: &mut SqliteConnection) -> QueryResult<()> {
    let started = Instant::now();
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(DatabaseError::DatabaseError(_, told))
                if told.message() == "database is locked" && started.elapsed() < TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

/// SQLite gives its side files the mode of the database file, so it is enough to make that one private.
fn create_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(taken) if taken.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

impl Conn<'_> {
    /// On SQLite it takes the write lock at once: a transaction that only reads first fails when it comes to write.
    pub(super) async fn begin(&mut self) -> QueryResult<()> {
        match &mut self.wire {
            Wire::Postgres(postgres) => SimpleAsyncConnection::batch_execute(postgres, "BEGIN").await,
            Wire::Sqlite(sqlite) => sqlite.batch_execute("BEGIN IMMEDIATE"),
        }
    }

    pub(super) async fn commit(&mut self) -> QueryResult<()> {
        self.batch("COMMIT").await
    }

    pub(super) async fn rollback(&mut self) -> QueryResult<()> {
        self.batch("ROLLBACK").await
    }

    async fn batch(&mut self, sql: &str) -> QueryResult<()> {
        match &mut self.wire {
            Wire::Postgres(postgres) => SimpleAsyncConnection::batch_execute(postgres, sql).await,
            Wire::Sqlite(sqlite) => sqlite.batch_execute(sql),
        }
    }
}

/// The database cannot be reached, or does not answer in time; nothing was stored.
pub(super) fn unavailable(cause: impl Into<Source>) -> Error {
    Error::Unavailable { retry_after: Duration::from_secs(1), source: cause.into() }
}

/// An error and its causes: what the database said is often only in a cause.
pub(super) fn in_one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        line = format!("{line}: {next}");
        cause = next.source();
    }
    line
}
