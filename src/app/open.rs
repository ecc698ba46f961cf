//! Opens the database and the vault of the settings, for the service and for commands alike.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use prometheus::Registry;

use super::StartError;
use super::housekeeping::Followed;
use super::master_keys::{self, IfMissing};
use crate::auth::{Identity, SecretKind, StoredKeys, read_secret};
use crate::domain::{Actor, Region};
use crate::service::{Audit, KeptKeys};
use crate::settings::{Settings, masked_url};
use crate::store::{self, Access, Pooler, Store};
use crate::vault::kms::Kms;
use crate::vault::{Suites, Vault, self_check};

/// All kept private keys of the settings' database, for the operator's jobs. `actor` is who the ledger says did it.
pub async fn open_kept_keys(settings: &Settings, actor: Actor) -> Result<KeptKeys, StartError> {
    let store = open_store(settings).await?;
    let OpenVault { vault, .. } = open_vault(settings, &store, &Registry::new(), IfMissing::Refuse).await?;
    Ok(KeptKeys::new(store, vault, Region::parse(&settings.region)?, actor))
}

/// The access keys of the embedded identity, for commands.
pub async fn open_access_keys(settings: &Settings, identity: &Identity) -> Result<StoredKeys, StartError> {
    let store = identity.store().clone();
    let OpenVault { vault, .. } = open_vault(settings, &store, &Registry::new(), IfMissing::Refuse).await?;
    Ok(StoredKeys::new(store, vault))
}

/// The ledger of the settings' database.
pub async fn open_audit(settings: &Settings) -> Result<Audit, StartError> {
    let store = open_store(settings).await?;
    let OpenVault { vault, .. } = open_vault(settings, &store, &Registry::new(), IfMissing::Refuse).await?;
    Ok(Audit::new(store, vault, Region::parse(&settings.region)?))
}

/// The vault, and what it follows.
pub(super) struct OpenVault {
    pub(super) vault: Vault,
    pub(super) master_keys: Followed,
    pub(super) kms: Option<Kms>,
}

/// The vault of the settings, with master keys that are those that the database was written with.
pub(super) async fn open_vault(
    settings: &Settings,
    store: &Store,
    metrics: &Registry,
    if_missing: IfMissing,
) -> Result<OpenVault, StartError> {
    self_check()?;
    let (master_keys, file, stamp) = master_keys::load(settings, store, if_missing).await?;
    let kms = Kms::new(&settings.vault.kms, metrics)?;
    let vault = Vault::new(master_keys).with_suites(suites(settings)).with_kms(kms.clone());
    let master_keys = Followed { vault: vault.clone(), file, stamp };
    Ok(OpenVault { vault, master_keys, kms })
}

/// The database of the settings, with the right to change its schema: for `keypaird migrate`, which needs no other.
pub async fn migrate(settings: &Settings) -> Result<Store, StartError> {
    match migration_url(settings)? {
        Some(url) => open_by(Access { url, pooler: Pooler::None, migration_url: None }).await,
        None => open_store(settings).await,
    }
}

/// The database of the settings; by default a SQLite file in the data directory, which is made (0700) if need be.
pub async fn open_store(settings: &Settings) -> Result<Store, StartError> {
    let directory = &settings.data.dir;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| StartError::DataDirectory { path: directory.clone(), source })?;
    let pooler = settings.database.pooler;
    open_by(Access { url: database_url(settings)?, pooler, migration_url: migration_url(settings)? }).await
}

/// The database's URL: as it is set, or that of the SQLite database in the data directory.
pub(super) fn database_url(settings: &Settings) -> Result<String, StartError> {
    let default = || format!("sqlite:{}", settings.data.dir.join("keypaird.sqlite").display());
    let store::Settings { url, url_file, .. } = &settings.database;
    Ok(given(url.as_ref(), url_file.as_deref(), "database.url_file")?.unwrap_or_else(default))
}

pub(super) async fn open_by(access: Access) -> Result<Store, StartError> {
    let opened = Store::open_by(&access).await;
    opened.map_err(|error| StartError::Database { url: masked_url(&access.url), error })
}

fn migration_url(settings: &Settings) -> Result<Option<String>, StartError> {
    let store::Settings { migration_url, migration_url_file, .. } = &settings.database;
    given(migration_url.as_ref(), migration_url_file.as_deref(), "database.migration_url_file")
}

/// A URL as it is set, or as it stands in the file that is.
fn given(url: Option<&String>, file: Option<&Path>, file_setting: &'static str) -> Result<Option<String>, StartError> {
    match (url, file) {
        (Some(url), _) => Ok(Some(url.clone())),
        (None, Some(file)) => {
            let read = read_secret(SecretKind::DatabaseUrl, file);
            let url = read.map_err(|source| StartError::DatabaseUrlFile { setting: file_setting, source })?;
            Ok(Some(url.expose().to_owned()))
        }
        (None, None) => Ok(None),
    }
}

/// The suites of the settings, which were found to fit together.
fn suites(settings: &Settings) -> Suites {
    Suites::new(settings.vault.suite, settings.vault.open_suites.clone()).unwrap_or_default()
}
