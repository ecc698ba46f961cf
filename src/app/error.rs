//! Why the service does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::first_start::FirstStartError;
use super::tls::TlsError;
use crate::auth::{KeystoneError, SecretFileError};
use crate::domain::{Error, KekId};
use crate::store::MasterKeyCheck;
use crate::vault::kms::KmsError;
use crate::vault::{MasterKeyError, SelfCheckError};

/// Each text names what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot make the data directory {path}: {source}; choose another by data.dir", path = path.display())]
    DataDirectory { path: PathBuf, source: io::Error },
    /// `url` without its password.
    #[error("cannot open the database {url}: {}; database.url or database.url_file says where it is", reason(error))]
    Database { url: String, error: Error },
    #[error("{setting}: {source}")]
    DatabaseUrlFile { setting: &'static str, source: SecretFileError },
    #[error("cannot listen on {address}: {source}; choose another address by http.listen or admin.listen")]
    Listen { address: SocketAddr, source: io::Error },
    /// `section` is `http.tls` or `admin.tls`.
    #[error("{section}.{cause}")]
    Tls { section: &'static str, cause: TlsError },
    #[error(
        "the master key file {path} is missing, and the database was written with it ({} private keys need it); restore \
         it from a backup{}", known.rows, known.way_out(), path = path.display()
    )]
    MasterKeyFileMissing { path: PathBuf, known: KnownKeys },
    #[error(
        "{path} holds another master key '{}' (version {}) than the one that this database was written with ({rows} \
         private keys need it); restore the right file{}",
        kek.name, kek.version, way_out(kek, *rows), path = path.display()
    )]
    MasterKeyWrong { path: PathBuf, kek: KekId, rows: u64 },
    #[error(
        "{path} lacks the master key '{}' (version {}), and {rows} private keys and secrets are sealed by it; add its line again \
         from a backup of the file, and run `keypaird rewrap` before a key is retired",
        kek.name, kek.version, path = path.display()
    )]
    MasterKeyGone { path: PathBuf, kek: KekId, rows: u64 },
    #[error(transparent)]
    SelfCheck(#[from] SelfCheckError),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Keystone(#[from] KeystoneError),
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    #[error("{}", .0.with_cause())]
    Domain(#[from] Error),
}

/// What is behind an error of the domain; where there is nothing, its own text.
fn reason(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The master keys that the database was written with.
#[derive(Debug)]
pub struct KnownKeys {
    keks: Vec<KekId>,
    /// How many private keys they seal, taken together.
    pub rows: u64,
}

impl From<Vec<MasterKeyCheck>> for KnownKeys {
    fn from(known: Vec<MasterKeyCheck>) -> Self {
        let rows = known.iter().map(|check| check.rows).sum();
        Self { keks: known.into_iter().map(|check| check.kek).collect(), rows }
    }
}

impl KnownKeys {
    fn way_out(&self) -> String {
        self.keks.iter().map(|kek| way_out(kek, self.rows)).collect()
    }
}

/// What else can be done about a key that is lost, which is something only where no private key needs it.
fn way_out(kek: &KekId, rows: u64) -> String {
    match rows {
        0 => format!(
            "; or, if it is lost for good, stop all services of this database and run `keypaird master-key retire \
             --missing {} {}`",
            kek.name, kek.version
        ),
        _ => String::new(),
    }
}
