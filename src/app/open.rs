//! Opens the database and the vault of the settings, for the service and for commands alike.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use prometheus::Registry;

use super::StartError;
use super::housekeeping::Followed;
use super::master_keys::{self, IfMissing};
use crate::auth::{Identity, SecretKind, StoredKeys, read_secret};
use crate::domain::{Actor, Region};
use crate::service::{Audit, KeptKeys};
use crate::settings::{Settings, masked_url};
use crate::store::{self, Store};
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

/// The database of the settings; by default a SQLite file in the data directory, which is made (0700) if need be.
pub async fn open_store(settings: &Settings) -> Result<Store, StartError> {
    let directory = &settings.data.dir;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| StartError::DataDirectory { path: directory.clone(), source })?;
    let url = database_url(settings)?;
    Store::open(&url).await.map_err(|error| StartError::Database { url: masked_url(&url), error })
}

pub(super) fn database_url(settings: &Settings) -> Result<String, StartError> {
    let store::Settings { url, url_file } = &settings.database;
    Ok(match (url, url_file) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => {
            let url = read_secret(SecretKind::DatabaseUrl, file).map_err(StartError::DatabaseUrlFile)?;
            url.expose().to_owned()
        }
        (None, None) => format!("sqlite:{}", settings.data.dir.join("keypaird.sqlite").display()),
    })
}

/// The suites of the settings, which were found to fit together.
fn suites(settings: &Settings) -> Suites {
    Suites::new(settings.vault.suite, settings.vault.open_suites.clone()).unwrap_or_default()
}
