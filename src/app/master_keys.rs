//! Which master keys the service has, and whether they are the ones that the database was written with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::StartError;
use super::stamp::Stamp;
use crate::domain::{Error, KekId, Source, Timestamp};
use crate::settings::Settings;
use crate::store::{MasterKeyCheck, Store};
use crate::vault::{LocalKeys, MasterKeyError, MasterKeySource, MasterKeys};

/// The file of the settings. The default holds only for a database in the data directory: other settings are refused
/// before they come here.
pub fn master_key_file(settings: &Settings) -> PathBuf {
    settings.vault.master_key_file.clone().unwrap_or_else(|| settings.data.dir.join("master.key"))
}

/// The master key file; each time that it is read it is compared with the database.
pub(super) struct KeyFile {
    path: PathBuf,
    store: Store,
}

impl KeyFile {
    pub(super) fn new(path: PathBuf, store: Store) -> Self {
        Self { path, store }
    }

    /// `None` where there is no file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.path)
    }

    /// Refuses master keys that the database was not written with, as the start does.
    pub(super) async fn refuse_unfit(&self, given: &[(KekId, Vec<u8>)]) -> Result<(), StartError> {
        refuse_others(given, &self.store, &self.path).await.map(drop)
    }

    async fn read(&self) -> Result<MasterKeys, StartError> {
        let path = self.path.clone();
        let keys = spawn_blocking(move || MasterKeys::load(&path)).await.map_err(Error::internal)??;
        check(&keys, &self.store, &self.path).await?;
        Ok(keys)
    }
}

#[async_trait]
impl MasterKeySource for KeyFile {
    async fn load(&self) -> Result<MasterKeys, Source> {
        Ok(self.read().await?)
    }
}

/// What becomes of a file that is not there, where the service could make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfMissing {
    Make,
    /// A command makes none: it may run as another user than the service.
    Refuse,
}

/// The keys of the file, which follow it from here on, and the stamp that it had before it was read. Only the embedded
/// default, SQLite in the data directory, makes a file by itself, and only while no private key was ever sealed: a lost
/// file must not be papered over by a new one.
pub(super) async fn load(
    settings: &Settings,
    store: &Store,
    if_missing: IfMissing,
) -> Result<(LocalKeys, Arc<KeyFile>, Option<Stamp>), StartError> {
    let file = Arc::new(KeyFile::new(master_key_file(settings), store.clone()));
    let mut stamp = file.stamp();
    // Before the file is looked for: another process may make both right now.
    let known = store.master_key_checks().await?;
    let keys = match file.read().await {
        Err(StartError::MasterKey(MasterKeyError::Missing { path })) => {
            if !known.is_empty() {
                return Err(StartError::MasterKeyFileMissing { path, known: known.into() });
            }
            if settings.vault.master_key_file.is_some() || if_missing == IfMissing::Refuse {
                return Err(MasterKeyError::Missing { path }.into());
            }
            let made = make(&path)?;
            stamp = file.stamp();
            check(&made, store, &path).await?;
            made
        }
        read => read?,
    };
    Ok((LocalKeys::following(keys, file.clone()), file, stamp))
}

/// Makes the file. Where another process that starts in the same directory was first, its file is the one: a file
/// appears under its name only when it is whole.
fn make(path: &Path) -> Result<MasterKeys, MasterKeyError> {
    match MasterKeys::create(path) {
        Ok(made) => {
            let path = path.display();
            tracing::info!(%path, "made the master key file {path}: without it, kept private keys cannot be opened");
            Ok(made)
        }
        Err(MasterKeyError::Exists { .. }) => MasterKeys::load(path),
        Err(failed) => Err(failed),
    }
}

/// Compares each key with its check value in the database, and writes those that are new. Nothing is written for keys
/// that do not fit.
async fn check(keys: &MasterKeys, store: &Store, path: &Path) -> Result<(), StartError> {
    let given = keys.check_values();
    let known = refuse_others(&given, store, path).await?;
    let new: Vec<_> = given.iter().filter(|(kek, _)| known.iter().all(|(known, _)| known != kek)).collect();
    if new.is_empty() {
        return Ok(());
    }
    for (kek, check_value) in new {
        store.master_key_check_insert(kek, check_value, Timestamp::now()).await?;
    }
    // Read after writing: another process may have been first, with another key of the same name.
    refuse_others(&given, store, path).await.map(drop)
}

/// The keys that the database knows, if they fit those that are given. What they protect is counted only if they don't seem
/// to: a job asks again and again.
async fn refuse_others(
    given: &[(KekId, Vec<u8>)],
    store: &Store,
    path: &Path,
) -> Result<Vec<(KekId, Vec<u8>)>, StartError> {
    let known = store.master_key_check_values().await?;
    if !known.iter().all(|known| given.contains(known)) {
        compare(given, &store.master_key_checks().await?, path)?;
    }
    Ok(known)
}

fn compare(given: &[(KekId, Vec<u8>)], known: &[MasterKeyCheck], path: &Path) -> Result<(), StartError> {
    let path = || path.to_owned();
    for known in known {
        let (kek, rows) = (known.kek.clone(), known.rows);
        match given.iter().find(|(kek, _)| *kek == known.kek) {
            Some((_, check_value)) if *check_value == known.check_value => {}
            Some(_) => return Err(StartError::MasterKeyWrong { path: path(), kek, rows }),
            None if rows == 0 => {}
            None => return Err(StartError::MasterKeyGone { path: path(), kek, rows }),
        }
    }
    Ok(())
}
