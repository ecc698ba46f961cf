//! Connections for reading: one for each thread that reads; on PostgreSQL all requests of the thread share it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::result::{DatabaseErrorKind, Error as DatabaseError};
use diesel::{QueryResult, SqliteConnection};
use thread_local::ThreadLocal;

use super::connection::{PostgresLink, open_sqlite, unavailable};
use super::url::{Location, Server};
use crate::domain::{Error, Result};

pub(super) enum Readers {
    Postgres(Box<PostgresReaders>),
    Sqlite(SqliteReaders),
}

impl Readers {
    pub(super) fn new(location: Location) -> Self {
        match location {
            Location::Postgres(server) => {
                Self::Postgres(Box::new(PostgresReaders { server, slots: ThreadLocal::new() }))
            }
            Location::Sqlite(path) => Self::Sqlite(SqliteReaders { path, idle: Mutex::default() }),
        }
    }
}

/// Runs one statement that only reads: `read!(store, load, users::table.select(…))`. On PostgreSQL it runs a second time
/// where the connection broke.
macro_rules! read {
    ($store:expr, $method:ident, $statement:expr) => {
        match $store.readers() {
            $crate::store::readers::Readers::Postgres(readers) => {
                let mut attempts = readers.attempts();
                let work = async {
                    loop {
                        let link = attempts.link().await?;
                        let answer = $crate::store::statement::on_postgres!(&link.connection, $method, $statement);
                        if let Some(answer) = attempts.settle(answer) {
                            break answer;
                        }
                    }
                };
                match tokio::time::timeout($crate::store::connection::TIMEOUT, work).await {
                    Ok(answer) => answer,
                    Err(_) => Err(attempts.give_up()),
                }
            }
            $crate::store::readers::Readers::Sqlite(readers) => {
                readers.read(|connection| $crate::store::statement::on_sqlite!(connection, $method, $statement))
            }
        }
    };
}
pub(super) use read;

pub(super) struct PostgresReaders {
    server: Box<Server>,
    /// A thread's connection is driven by the thread itself: between threads, each statement would cost two wake-ups.
    slots: ThreadLocal<Slot>,
}

/// The lock is held while a broken connection is replaced, so that one request reconnects and the others wait for it.
type Slot = tokio::sync::Mutex<Option<Arc<PostgresLink>>>;

impl PostgresReaders {
    /// On the connection of the thread that asks.
    pub(super) fn attempts(&self) -> Attempts<'_> {
        Attempts { readers: self, slot: self.slots.get_or_default(), current: None, suspect: None }
    }
}

/// Up to two attempts at one statement.
pub(super) struct Attempts<'r> {
    readers: &'r PostgresReaders,
    slot: &'r Slot,
    /// The connection of the attempt that goes on.
    current: Option<Arc<PostgresLink>>,
    /// The connection on which the first attempt failed.
    suspect: Option<Arc<PostgresLink>>,
}

impl Attempts<'_> {
    /// The shared connection; a new one where it is closed or failed us.
    pub(super) async fn link(&mut self) -> Result<Arc<PostgresLink>> {
        let mut shared = self.slot.lock().await;
        let suspect = self.suspect.as_ref();
        shared.take_if(|link| link.is_closed() || suspect.is_some_and(|suspect| Arc::ptr_eq(suspect, link)));
        let link = match &*shared {
            Some(link) => Arc::clone(link),
            None => {
                let opened = PostgresLink::open(&self.readers.server).await.map_err(unavailable)?;
                Arc::clone(shared.insert(Arc::new(opened)))
            }
        };
        self.current = Some(Arc::clone(&link));
        Ok(link)
    }

    /// `None` where it is worth a second attempt. A server that shuts down says so in an error of its own before the
    /// connection closes: after any error of the first attempt, a fresh connection tells whose fault it was.
    pub(super) fn settle<T>(&mut self, answer: QueryResult<T>) -> Option<Result<T>> {
        match answer {
            Err(DatabaseError::DatabaseError(..)) if self.suspect.is_none() => {
                self.suspect = self.current.take();
                None
            }
            answer => Some(answer.map_err(reading_failed)),
        }
    }

    /// No answer came in time. The connection may be dead without knowing it: the next request opens
    /// another one.
    pub(super) fn give_up(self) -> Error {
        if let (Some(silent), Ok(mut shared)) = (self.current, self.slot.try_lock()) {
            shared.take_if(|link| Arc::ptr_eq(link, &silent));
        }
        unavailable("the database did not answer in time")
    }
}

pub(super) struct SqliteReaders {
    path: PathBuf,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl SqliteReaders {
    /// SQLite answers within the call, on the caller's thread: there are never more connections than threads.
    pub(super) fn read<T>(&self, statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_sqlite(&self.path).map_err(unavailable)?,
        };
        let answer = statement(&mut connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        answer.map_err(reading_failed)
    }
}

fn reading_failed(cause: DatabaseError) -> Error {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match cause {
        DatabaseError::DatabaseError(UnableToSendCommand | ClosedConnection, _) => unavailable(cause),
        _ => Error::internal(cause),
    }
}
