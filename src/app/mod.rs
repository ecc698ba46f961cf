//! The composition root: the only place that names concrete providers. `keypaird serve` and the tests build the same.

mod client_files;
mod error;
pub mod first_start;
mod health;
mod housekeeping;
mod master_keys;

use std::fs::DirBuilder;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::pin::pin;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use futures_util::future::{Either, select, try_join};
use prometheus::Registry;

pub use self::error::{KnownKeys, StartError};
use self::first_start::FirstStart;
use self::health::Lookout;
use self::housekeeping::{Checkpoints, Followed, Housekeeping, Verification};
use self::master_keys::IfMissing;
pub use self::master_keys::master_key_file;
use crate::auth::{AccessKeys, Authentication, Identity, Keystone, Mode, Nonces, StoredKeys};
use crate::domain::{Actor, Dialect, Error, Region, Via};
use crate::http;
use crate::http::ops::Readiness;
use crate::service::{Audit, Census, CheckpointMetrics, KeptKeys, KeyPairs, Pace, PassMetrics, Quotas};
use crate::settings::{Settings, masked_url};
use crate::store::Store;
use crate::vault::kms::Kms;
use crate::vault::{Suites, Vault, self_check};

/// The service, bound to its ports and ready to run.
pub struct Application {
    server: Server,
    admin_server: Server,
    address: SocketAddr,
    admin_address: SocketAddr,
    first_start: FirstStart,
    authentication: Authentication,
    key_pairs: Arc<KeyPairs>,
    store: Store,
    vault: Vault,
    housekeeping: Housekeeping,
}

impl Application {
    /// Opens the database and the vault, binds both listeners, and makes the first accounts where there are none.
    pub async fn build(settings: &Settings) -> Result<Self, StartError> {
        let store = open_store(settings).await?;
        let metrics = Registry::new();
        let OpenVault { vault, master_keys, kms } = open_vault(settings, &store, &metrics, IfMissing::Make).await?;
        let region = Region::parse(&settings.region)?;
        let key_pairs = KeyPairs::new(&settings.keypair, region.clone(), store.clone(), vault.clone(), &metrics)?;
        let key_pairs = Arc::new(key_pairs);
        let quotas = Arc::new(Quotas::new(&settings.keypair, region.clone(), store.clone()));
        let authentication = authentication(settings, &store, &metrics)?;
        let (listener, address) = bind(settings.http.listen)?;
        let (admin_listener, admin_address) = bind(settings.admin.listen)?;
        let first_start = match &authentication {
            Authentication::Embedded(identity) => {
                first_start::at_serve(settings, store.backend(), identity, address).await?
            }
            Authentication::Keystone(_) => FirstStart::Elsewhere,
        };
        let audit = Audit::new(store.clone(), vault.clone(), region.clone());
        let verification = verification(settings, &store, &vault, &key_pairs, &metrics)?;
        let every = settings.ledger.checkpoint_interval();
        let checkpoints = Checkpoints { every, metrics: CheckpointMetrics::new(&metrics).map_err(Error::internal)? };
        store.show_metrics(&metrics).map_err(Error::internal)?;
        let access_keys = access_keys(settings, &authentication, &store, &vault)?;
        let nonces = Nonces::new(store.clone());
        let readiness = Readiness::default();
        let lookout = Lookout {
            readiness: readiness.clone(),
            store: store.clone(),
            vault: vault.clone(),
            master_keys: Arc::clone(&master_keys.file),
            authentication: authentication.clone(),
        };
        let state = http::State {
            access_keys: access_keys.clone(),
            nonces: nonces.clone(),
            audit: audit.clone(),
            key_pairs: Arc::clone(&key_pairs),
            quotas,
            authentication: authentication.clone(),
            settings: settings.http.clone(),
            region,
            alibaba: Arc::new(http::alibaba::Products::new(&settings.alibaba, &key_pairs)?),
            census: Arc::new(Census::new(store.clone(), &metrics).map_err(Error::internal)?),
            metrics,
            readiness: readiness.clone(),
        };
        let of_dialects = authentication.clone();
        let routes = move |config: &mut ServiceConfig| http::routes(config, &of_dialects);
        let server = serve(listener, address, state.clone(), routes)?;
        let admin_server = serve(admin_listener, admin_address, state, http::ops::routes)?;
        let housekeeping = Housekeeping {
            access_keys,
            nonces,
            authentication: authentication.clone(),
            key_pairs: Arc::clone(&key_pairs),
            master_keys,
            kms,
            audit,
            checkpoints,
            verification,
            lookout,
        };
        Ok(Self {
            server,
            admin_server,
            address,
            admin_address,
            first_start,
            authentication,
            key_pairs,
            store,
            vault,
            housekeeping,
        })
    }

    /// Serves until SIGTERM or SIGINT; requests under way are finished first.
    pub async fn run(self) -> io::Result<()> {
        let served = pin!(try_join(self.server, self.admin_server));
        let served = match select(served, Box::pin(self.housekeeping.run())).await {
            Either::Left((served, _)) => served.map(|_| ()),
            Either::Right((never, _)) => match never {},
        };
        self.key_pairs.stop_generating();
        self.key_pairs.flush_all_attempts().await;
        served
    }

    /// Where clients are served; tells the port where the settings said 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Whether this start made the first accounts, and where it wrote how to log in.
    pub fn first_start(&self) -> &FirstStart {
        &self.first_start
    }

    /// Stops both listeners from elsewhere, as a signal would.
    pub fn handles(&self) -> [ServerHandle; 2] {
        [self.server.handle(), self.admin_server.handle()]
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}

/// The slow pass over kept private keys, where the settings want one.
fn verification(
    settings: &Settings,
    store: &Store,
    vault: &Vault,
    key_pairs: &KeyPairs,
    metrics: &Registry,
) -> Result<Option<Verification>, StartError> {
    let rate = settings.vault.verify_rows_per_minute;
    let metrics = PassMetrics::new(metrics).map_err(Error::internal)?;
    // It changes nothing, so that nobody stands in the ledger for it.
    let via = Via { dialect: Dialect::Admin, client: None, request_id: None };
    let actor = Actor { user: "service".to_owned(), project: None, via };
    let kept = KeptKeys::new(store.clone(), vault.clone(), key_pairs.region().clone(), actor);
    Ok((rate > 0).then_some(Verification { kept, pace: Pace::RowsPerMinute(rate), metrics }))
}

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
struct OpenVault {
    vault: Vault,
    master_keys: Followed,
    kms: Option<Kms>,
}

/// The vault of the settings, with master keys that are those that the database was written with.
async fn open_vault(
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
    let url = database_url(settings);
    Store::open(&url).await.map_err(|error| StartError::Database { url: masked_url(&url), error })
}

fn database_url(settings: &Settings) -> String {
    let in_data_directory = || format!("sqlite:{}", settings.data.dir.join("keypaird.sqlite").display());
    settings.database.url.clone().unwrap_or_else(in_data_directory)
}

/// The suites of the settings, which were found to fit together.
fn suites(settings: &Settings) -> Suites {
    Suites::new(settings.vault.suite, settings.vault.open_suites.clone()).unwrap_or_default()
}

/// Who answers for tokens, as `identity.mode` says.
fn authentication(settings: &Settings, store: &Store, metrics: &Registry) -> Result<Authentication, StartError> {
    Ok(match settings.identity.mode {
        Mode::Embedded => Authentication::Embedded(Identity::new(settings.identity.token_lifetime(), store.clone())),
        Mode::Keystone => Authentication::Keystone(Keystone::new(&settings.identity.keystone, metrics)?),
    })
}

/// What requests may be signed with: the embedded identity's access keys, or a Keystone's EC2 credentials where the settings
/// want them.
fn access_keys(
    settings: &Settings,
    authentication: &Authentication,
    store: &Store,
    vault: &Vault,
) -> Result<Option<AccessKeys>, StartError> {
    Ok(match authentication {
        Authentication::Embedded(_) => Some(AccessKeys::stored(StoredKeys::new(store.clone(), vault.clone()))),
        Authentication::Keystone(keystone) => {
            keystone.ec2_credentials(&settings.identity.keystone)?.map(AccessKeys::of_keystone)
        }
    })
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|source| StartError::Listen { address, source })?;
    Ok((listener, address))
}

fn serve(
    listener: TcpListener,
    address: SocketAddr,
    state: http::State,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<Server, StartError> {
    let state = Data::new(state);
    let app = move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(http::alibaba::read_form))
            // Slashes in a row count as one, as in front of a Nova (recorded): endpoints that end in one are common.
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
            .wrap(from_fn(http::body::drain_too_large))
            .wrap(from_fn(http::options::answer_options))
            .wrap(http::trace())
            .configure(&routes)
    };
    let server = HttpServer::new(app).listen(listener).map_err(|source| StartError::Listen { address, source })?;
    Ok(server.run())
}
