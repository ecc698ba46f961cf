//! Why a transaction was not committed, and what its callers are told.

use diesel::result::{DatabaseErrorKind, Error as DatabaseError};

use super::connection::unavailable;
use crate::domain::{Error, Source};

/// Why statements within a transaction stopped: it is rolled back.
#[derive(Debug)]
pub(super) enum Abort {
    /// The request cannot be done, and its caller is told why.
    Refused(Error),
    Database(DatabaseError),
}

/// What became of a transaction that was not committed for certain.
#[derive(Debug)]
pub(super) enum Failed<T> {
    /// Rolled back because a statement refused.
    Refused(Error),
    /// Rolled back because the database did not take a statement.
    Database(DatabaseError),
    /// Rolled back, or never begun, because the database could not be reached.
    Unreachable(Source),
    /// COMMIT was sent and its answer lost; with what the statements had returned.
    Unknown(T, Source),
}

impl From<DatabaseError> for Abort {
    fn from(cause: DatabaseError) -> Self {
        Self::Database(cause)
    }
}

impl From<Error> for Abort {
    fn from(refusal: Error) -> Self {
        Self::Refused(refusal)
    }
}

impl<T> From<Failed<T>> for Error {
    fn from(failed: Failed<T>) -> Self {
        match failed {
            Failed::Refused(refusal) => refusal,
            Failed::Database(cause) if is_conflict(&cause) || is_out_of_room(&cause) => unavailable(cause),
            Failed::Database(cause) => Self::internal(cause),
            Failed::Unreachable(cause) | Failed::Unknown(_, cause) => unavailable(cause),
        }
    }
}

pub(super) fn is_conflict(cause: &DatabaseError) -> bool {
    conflict(cause).is_some()
}

/// A serialization failure, a deadlock (which has no kind of its own in diesel), or SQLite's lock held by another process: its
/// SQLSTATE, or SQLite's name for it.
pub(super) fn conflict(cause: &DatabaseError) -> Option<&'static str> {
    match cause {
        DatabaseError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Some("40001"),
        DatabaseError::DatabaseError(_, told) => match told.message() {
            "deadlock detected" => Some("40P01"),
            "database is locked" => Some("SQLITE_BUSY"),
            _ => None,
        },
        _ => None,
    }
}

/// The disk is full, in SQLite's words or in those of the operating system, which PostgreSQL repeats.
fn is_out_of_room(cause: &DatabaseError) -> bool {
    let DatabaseError::DatabaseError(_, told) = cause else { return false };
    told.message() == "database or disk is full" || told.message().ends_with("No space left on device")
}

pub(super) fn is_read_only(cause: &DatabaseError) -> bool {
    matches!(cause, DatabaseError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))
}
