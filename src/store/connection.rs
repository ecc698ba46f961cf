//! One connection to either database, and the macro that writes a statement once for both.

use std::cell::RefCell;
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
use postgres_openssl::TlsStream;
use tokio_postgres::{Client, Socket};

use super::tls::advice;
use super::url::{Location, Server};
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
    /// Begins a transaction.
    pub begin: String,
}

/// A connection as the statements of one transaction see it. It is shared: on PostgreSQL, statements that are polled
/// together are pipelined; SQLite's answer before they would wait.
pub(super) struct Conn<'c> {
    pub wire: Wire<'c>,
    begin: &'c str,
    /// What the transaction adds to the ledger: to be counted once it is committed.
    pub records: RefCell<Vec<(Event, Outcome)>>,
}

pub(super) enum Wire<'c> {
    Postgres(&'c AsyncPgConnection),
    Sqlite(RefCell<&'c mut SqliteConnection>),
}

/// Runs one statement on either database: `run!(conn, load, users::table.select(…))`. The statement is compiled once for
/// each, so that what differs between the backends' types (upserts, `RETURNING`) still has one source text.
macro_rules! run {
    ($conn:expr, $method:ident, $statement:expr) => {
        $crate::store::connection::run_by!(on_sqlite, $conn, $method, $statement)
    };
}
pub(super) use run;

/// The same of a statement that inserts many rows.
macro_rules! insert_many {
    ($conn:expr, $method:ident, $statement:expr) => {
        $crate::store::connection::run_by!(rows_on_sqlite, $conn, $method, $statement)
    };
}
pub(super) use insert_many;

macro_rules! run_by {
    ($on_sqlite:ident, $conn:expr, $method:ident, $statement:expr) => {
        match &$conn.wire {
            $crate::store::connection::Wire::Postgres(postgres) => {
                $crate::store::statement::on_postgres!(postgres, $method, $statement)
            }
            $crate::store::connection::Wire::Sqlite(sqlite) => {
                let mut connection = sqlite.borrow_mut();
                $crate::store::statement::$on_sqlite!(&mut **connection, $method, $statement)
            }
        }
    };
}
pub(super) use run_by;

/// Runs a statement for each item and gathers the answers in the items' order. On PostgreSQL all of them are sent before
/// the first answer is awaited.
macro_rules! run_each {
    ($conn:expr, $method:ident, $items:expr, |$item:pat_param| $statement:expr) => {
        $crate::store::connection::run_each_by!(on_sqlite, $conn, $method, $items, |$item| $statement)
    };
}
pub(super) use run_each;

macro_rules! run_each_by {
    ($on_sqlite:ident, $conn:expr, $method:ident, $items:expr, |$item:pat_param| $statement:expr) => {
        match &$conn.wire {
            $crate::store::connection::Wire::Postgres(postgres) => {
                let shared: &diesel_async::AsyncPgConnection = postgres;
                let sent =
                    $items.map(async |$item| $crate::store::statement::on_postgres!(shared, $method, $statement));
                futures_util::future::try_join_all(sent).await
            }
            $crate::store::connection::Wire::Sqlite(sqlite) => {
                let mut connection = sqlite.borrow_mut();
                $items
                    .map(|$item| $crate::store::statement::$on_sqlite!(&mut **connection, $method, $statement))
                    .collect::<QueryResult<Vec<_>>>()
            }
        }
    };
}
pub(super) use run_each_by;

/// Inserts rows by statements of 32, 16, 8, 4, 2 and 1 rows, all of which are sent before the first answer is awaited; gives
/// what each statement gives. Each is prepared once for a connection: one of just as many rows as there are would be parsed
/// and planned every time. Diesel keeps it by the rows' type, which therefore borrows nothing.
macro_rules! insert_rows {
    ($conn:expr, $method:ident, $rows:expr, |$some:ident| $statement:expr) => {{
        let (of_32, rest) = $rows.as_chunks::<32>();
        let (of_16, rest) = rest.as_chunks::<16>();
        let (of_8, rest) = rest.as_chunks::<8>();
        let (of_4, rest) = rest.as_chunks::<4>();
        let (of_2, rest) = rest.as_chunks::<2>();
        let (of_1, _) = rest.as_chunks::<1>();
        let answers = futures_util::try_join!(
            async {
                $crate::store::connection::run_each_by!(rows_on_sqlite, $conn, $method, of_32.iter(), |$some| {
                    $statement
                })
            },
            async {
                $crate::store::connection::run_each_by!(rows_on_sqlite, $conn, $method, of_16.iter(), |$some| {
                    $statement
                })
            },
            async {
                $crate::store::connection::run_each_by!(rows_on_sqlite, $conn, $method, of_8.iter(), |$some| $statement)
            },
            async {
                $crate::store::connection::run_each_by!(rows_on_sqlite, $conn, $method, of_4.iter(), |$some| $statement)
            },
            async {
                $crate::store::connection::run_each_by!(rows_on_sqlite, $conn, $method, of_2.iter(), |$some| $statement)
            },
            async {
                $crate::store::connection::run_each_by!(rows_on_sqlite, $conn, $method, of_1.iter(), |$some| $statement)
            },
        );
        answers.map(|(of_32, of_16, of_8, of_4, of_2, of_1)| [of_32, of_16, of_8, of_4, of_2, of_1].concat())
    }};
}
pub(super) use insert_rows;

impl Link {
    /// Must be called on the runtime that is to drive the connection.
    pub(super) async fn open(location: &Location) -> Result<Self, Source> {
        match location {
            Location::Postgres(server) => Ok(Self::Postgres(Box::new(PostgresLink::open(server).await?))),
            Location::Sqlite(path) => Ok(Self::Sqlite(open_sqlite(path)?)),
        }
    }

    pub(super) fn conn(&mut self) -> Conn<'_> {
        let (wire, begin) = match self {
            Self::Postgres(link) => (Wire::Postgres(&link.connection), link.begin.as_str()),
            // Takes the write lock at once: a transaction that only reads first fails when it comes to write.
            Self::Sqlite(connection) => (Wire::Sqlite(RefCell::new(connection)), "BEGIN IMMEDIATE"),
        };
        Conn { wire, begin, records: RefCell::default() }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Postgres(link) => link.is_closed(),
            Self::Sqlite(_) => false,
        }
    }
}

/// A connection, and what drives it.
pub(super) async fn connect(
    server: &Server,
) -> Result<(Client, tokio_postgres::Connection<Socket, TlsStream<Socket>>), Source> {
    Ok(server.config.connect(server.tls.connector()?).await?)
}

impl PostgresLink {
    pub(super) async fn open(server: &Server) -> Result<Self, Source> {
        let connected = match tokio::time::timeout(TIMEOUT, Self::connect(server)).await {
            Ok(connected) => connected,
            Err(late) => Err(late.into()),
        };
        // Neither the user nor the password of the URL is repeated.
        connected.map_err(|cause| {
            let told = in_one_line(&*cause);
            let advice = advice(&told).map(|advice| format!("; {advice}")).unwrap_or_default();
            format!("cannot connect to PostgreSQL: {told}{advice}").into()
        })
    }

    async fn connect(server: &Server) -> Result<Self, Source> {
        let (client, mut driver) = connect(server).await?;
        let closed = Arc::new(AtomicBool::new(false));
        let closing = Closing(Arc::clone(&closed));
        tokio::spawn(async move {
            // Dropped before the driver is, which wakes those who wait for an answer: they look at the flag.
            let _closing = closing;
            if let Err(cause) = (&mut driver).await {
                let cause = in_one_line(&cause);
                tracing::warn!(error = %cause, "the connection to PostgreSQL broke: {cause}");
            }
        });
        let mut connection = AsyncPgConnection::try_from(client).await?;
        if let Some(limits) = server.pooler.session_limits() {
            connection.batch_execute(&limits).await?;
        }
        Ok(Self { connection, closed, begin: server.pooler.begin() })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// Says that a connection is closed, also where its runtime ends before it.
struct Closing(Arc<AtomicBool>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
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
    pub(super) async fn begin(&self) -> QueryResult<()> {
        self.batch(self.begin).await
    }

    pub(super) async fn commit(&self) -> QueryResult<()> {
        self.batch("COMMIT").await
    }

    /// In one message: a transaction that is not committed for certain is never followed by another.
    pub(super) async fn commit_and_begin(&self) -> QueryResult<()> {
        self.batch(&format!("COMMIT; {}", self.begin)).await
    }

    pub(super) async fn rollback(&self) -> QueryResult<()> {
        self.batch("ROLLBACK").await
    }

    async fn batch(&self, sql: &str) -> QueryResult<()> {
        match &self.wire {
            Wire::Postgres(postgres) => SimpleAsyncConnection::batch_execute(&mut &**postgres, sql).await,
            Wire::Sqlite(sqlite) => sqlite.borrow_mut().batch_execute(sql),
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
