//! Which master keys the service starts with, and whether they are the ones that the database was written with.

use std::path::{Path, PathBuf};

use super::StartError;
use crate::domain::Timestamp;
use crate::settings::Settings;
use crate::store::Store;
use crate::vault::{MasterKeyError, MasterKeys};

/// The keys of `vault.master_key_file`. Only the embedded default, SQLite in the data directory, makes a file by
/// itself, and only while no private key was ever sealed: a lost file must not be papered over by a new one.
pub(super) async fn load(settings: &Settings, store: &Store) -> Result<MasterKeys, StartError> {
    let path = path(settings);
    let known = store.master_key_checks().await?;
    let keys = match MasterKeys::load(&path) {
        Err(MasterKeyError::Missing { .. }) if settings.vault.master_key_file.is_none() && known.is_empty() => {
            make(&path)?
        }
        Err(MasterKeyError::Missing { .. }) if !known.is_empty() => {
            return Err(StartError::MasterKeyFileMissing { path, rows: known.iter().map(|check| check.rows).sum() });
        }
        loaded => loaded?,
    };
    check(&keys, store, path).await?;
    Ok(keys)
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

/// The default holds only for a database in the data directory: other settings are refused before they come here.
fn path(settings: &Settings) -> PathBuf {
    settings.vault.master_key_file.clone().unwrap_or_else(|| settings.data.dir.join("master.key"))
}

/// Compares each key with its check value in the database, and writes those that are new.
async fn check(keys: &MasterKeys, store: &Store, path: PathBuf) -> Result<(), StartError> {
    let given = keys.check_values();
    for (kek, check_value) in &given {
        store.master_key_check_insert(kek, check_value, Timestamp::now()).await?;
    }
    // Read after writing: another process may have been first, with another key of the same name.
    for known in store.master_key_checks().await? {
        match given.iter().find(|(kek, _)| *kek == known.kek) {
            Some((_, check_value)) if *check_value == known.check_value => {}
            Some(_) => return Err(StartError::MasterKeyWrong { path, kek: known.kek }),
            None if known.rows == 0 => {}
            None => return Err(StartError::MasterKeyGone { path, kek: known.kek, rows: known.rows }),
        }
    }
    Ok(())
}
