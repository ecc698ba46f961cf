//! Why the service does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::first_start::FirstStartError;
use crate::auth::KeystoneError;
use crate::domain::{Error, KekId};
use crate::vault::MasterKeyError;

/// Each text names what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot make the data directory {path}: {source}; choose another by data.dir", path = path.display())]
    DataDirectory { path: PathBuf, source: io::Error },
    /// `url` without its password.
    #[error("cannot open the database {url}: {}; database.url says where it is", reason(error))]
    Database { url: String, error: Error },
    #[error("cannot listen on {address}: {source}; choose another address by http.listen or admin.listen")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(
        "the master key file {path} is missing, and the database was written with it ({rows} private keys need it); \
         restore it from a backup", path = path.display()
    )]
    MasterKeyFileMissing { path: PathBuf, rows: u64 },
    #[error(
        "{path} holds another master key '{}' (version {}) than the one that this database was written with; restore \
         the right file", kek.name, kek.version, path = path.display()
    )]
    MasterKeyWrong { path: PathBuf, kek: KekId },
    #[error(
        "{path} lacks the master key '{}' (version {}), and {rows} private keys are sealed by it; add it again",
        kek.name, kek.version, path = path.display()
    )]
    MasterKeyGone { path: PathBuf, kek: KekId, rows: u64 },
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Keystone(#[from] KeystoneError),
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    #[error("{}", .0.with_cause())]
    Domain(#[from] Error),
}

/// What is behind an error of the domain; where there is nothing, its own text.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
