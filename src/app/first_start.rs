//! The first start: an administrator, a demo user with a project, and the files to log in with.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::task::{JoinError, spawn_blocking};

use super::client_files::{ClientFiles, Endpoint};
use crate::auth::{FirstPasswords, Identity, Password, PasswordFileError};
use crate::domain::Error;
use crate::settings::Settings;
use crate::store::{Backend, Bootstrapped};

/// Where the files stand that say how to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginFiles {
    pub clouds: PathBuf,
    pub openrc: PathBuf,
}

/// What `keypaird serve` made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstStart {
    Done(LoginFiles),
    /// There were users already: nothing was written.
    Before,
    /// There are no users, and nobody said what the administrator's password is to be.
    ToBeDone,
    /// The users are a Keystone's.
    Elsewhere,
}

/// Why the first accounts were not made.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    #[error(transparent)]
    PasswordFile(#[from] PasswordFileError),
    #[error(
        "cannot write clouds.yaml and openrc into {directory}: {source}; choose another directory by data.dir",
        directory = directory.display()
    )]
    Files { directory: PathBuf, source: io::Error },
    #[error("cannot make the first users: {}", .0.with_cause())]
    Accounts(#[from] Error),
    #[error("the first start was broken off")]
    BrokenOff(#[from] JoinError),
}

/// What `keypaird serve` does: on SQLite the first start comes by itself; on a database that others may share only with
/// `identity.bootstrap_password_file`.
pub async fn at_serve(
    settings: &Settings,
    backend: Backend,
    identity: &Identity,
    address: SocketAddr,
) -> Result<FirstStart, FirstStartError> {
    if !identity.has_no_users().await? {
        return Ok(FirstStart::Before);
    }
    let given = settings.identity.bootstrap_password_file.as_deref().map(Password::read_file).transpose()?;
    if backend == Backend::Postgres && given.is_none() {
        return Ok(FirstStart::ToBeDone);
    }
    let made = run(settings, identity, address, given).await?;
    Ok(made.map_or(FirstStart::Before, FirstStart::Done))
}

/// Makes the first accounts; `None` where there are some. Without a password the administrator gets a random one.
///
/// The files are written, synced and in their place before the accounts are committed. A crash in between leaves files
/// whose passwords were never valid, and the next start makes new ones of both; the other way round it would leave
/// accounts that nobody can log in to. Who finds other accounts at the commit takes the files back.
pub async fn run(
    settings: &Settings,
    identity: &Identity,
    address: SocketAddr,
    admin: Option<Password>,
) -> Result<Option<LoginFiles>, FirstStartError> {
    let directory = settings.data.dir.as_path();
    let in_directory = |source| FirstStartError::Files { directory: directory.to_owned(), source };
    // Held to the end: two processes with one data directory must not write each other's passwords over.
    let _lock = lock(directory).await?.map_err(in_directory)?;
    if !identity.has_no_users().await? {
        return Ok(None);
    }
    let admin = admin.map_or_else(Password::generate, Ok)?;
    let passwords = FirstPasswords { admin, demo: Password::generate()? };
    let files = ClientFiles::write(directory, &endpoint(settings, address), &passwords).map_err(in_directory)?;
    // An error may have come after the commit: the files stay, and are right if it did.
    match identity.bootstrap(&passwords).await? {
        Bootstrapped::Done => Ok(Some(LoginFiles { clouds: files.clouds.path, openrc: files.openrc.path })),
        Bootstrapped::Before => {
            files.withdraw().map_err(in_directory)?;
            Ok(None)
        }
    }
}

/// Locks the directory itself, so that no lock file stays behind; the lock ends with the returned file.
async fn lock(directory: &Path) -> Result<io::Result<File>, JoinError> {
    let directory = directory.to_owned();
    spawn_blocking(move || {
        let opened = File::open(directory)?;
        opened.lock()?;
        Ok(opened)
    })
    .await
}

/// `http.public_url`, else the address that is listened on; for all addresses, this machine's own.
fn endpoint(settings: &Settings, address: SocketAddr) -> Endpoint {
    let reachable = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        given => given,
    };
    let scheme = if settings.http.tls.is_on() { "https" } else { "http" };
    let listening = || format!("{scheme}://{}", SocketAddr::new(reachable, address.port()));
    Endpoint { base_url: settings.http.public_url.clone().unwrap_or_else(listening), region: settings.region.clone() }
}
