//! The composition root: the only place that names concrete providers. `keypaird serve` and the tests build the same.

mod client_files;
pub mod doctor;
mod error;
pub mod first_start;
mod health;
mod housekeeping;
mod http1;
mod listen;
mod live;
mod master_keys;
mod metrics;
mod open;
mod stamp;
mod stop;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::ServiceConfig;
use futures_util::future::{Either, select, try_join};
use futures_util::stream::Stream;
use prometheus::Registry;

pub use self::error::{KnownKeys, StartError};
use self::first_start::FirstStart;
use self::health::Lookout;
use self::housekeeping::{Checkpoints, Housekeeping, Verification};
use self::listen::{bind, serve};
pub use self::live::Live;
use self::master_keys::IfMissing;
pub use self::master_keys::master_key_file;
use self::open::{OpenVault, open_vault};
pub use self::open::{migrate, open_access_keys, open_audit, open_kept_keys, open_store};
pub use self::stop::Ask;
use self::stop::{Conductor, Ended};
use self::tls::Certificates;
pub use self::tls::TlsError;
use crate::auth::{AccessKeys, Authentication, CredentialMetrics, Identity, Keystone, Mode, Nonces, StoredKeys};
use crate::domain::{Actor, Dialect, Error, Region, Via};
use crate::http;
use crate::http::RequestMetrics;
use crate::http::ops::Readiness;
use crate::service::{Audit, Census, CheckpointMetrics, KeptKeys, KeyPairs, Pace, PassMetrics, Quotas};
use crate::settings::Settings;
use crate::store::Store;
use crate::vault::Vault;

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
    readiness: Readiness,
    drain: Duration,
    live: Live,
}

impl Application {
    /// Opens the database and the vault, binds both listeners, and makes the first accounts where there are none.
    pub async fn build(settings: &Settings) -> Result<Self, StartError> {
        let store = open_store(settings).await?;
        let metrics = metrics::registry().map_err(Error::internal)?;
        let OpenVault { vault, master_keys, kms } = open_vault(settings, &store, &metrics, IfMissing::Make).await?;
        let region = Region::parse(&settings.region)?;
        let certificates = Certificates::read(settings, &metrics)?;
        let live = Live::new(settings, certificates.clone(), &metrics).map_err(Error::internal)?;
        let (own, keypair) = (live.own.clone(), &settings.keypair);
        let key_pairs = KeyPairs::new(keypair, own, region.clone(), store.clone(), vault.clone(), &metrics)?;
        let key_pairs = Arc::new(key_pairs);
        let quotas = Arc::new(Quotas::new(live.own.clone(), region.clone(), store.clone()));
        let credentials = CredentialMetrics::new(&metrics).map_err(Error::internal)?;
        let authentication = authentication(settings, &store, &metrics, &credentials)?;
        let (listener, address) = bind(settings.http.listen)?;
        let (admin_listener, admin_address) = bind(settings.admin.listen)?;
        let first_start = first_accounts(settings, &store, &authentication, address).await?;
        let audit = Audit::new(store.clone(), vault.clone(), region.clone());
        let verification = verification(settings, &store, &vault, &key_pairs, &metrics)?;
        let every = settings.ledger.checkpoint_interval();
        let checkpoints = Checkpoints { every, metrics: CheckpointMetrics::new(&metrics).map_err(Error::internal)? };
        store.show_metrics(&metrics).map_err(Error::internal)?;
        let access_keys = access_keys(settings, &authentication, &store, &vault, &credentials)?;
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
            alibaba: Arc::new(http::alibaba::Products::new(&settings.alibaba, &live.alibaba, &key_pairs)?),
            rate_limits: live.rate_limits.clone(),
            census: Arc::new(Census::new(store.clone(), &metrics).map_err(Error::internal)?),
            requests: Arc::new(RequestMetrics::new(&metrics).map_err(Error::internal)?),
            metrics,
            readiness: readiness.clone(),
        };
        let (of_dialects, has_document) = (authentication.clone(), settings.http.openapi);
        let routes = move |config: &mut ServiceConfig| {
            if has_document {
                http::openapi::routes(config);
            }
            http::routes(config, &of_dialects);
        };
        let Certificates { api, admin } = certificates.clone();
        let server = serve(listener, address, api, state.clone(), routes)?;
        let admin_server = serve(admin_listener, admin_address, admin, state, http::ops::routes)?;
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
            certificates,
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
            readiness,
            drain: settings.http.drain(),
            live,
        })
    }

    /// Serves until it is asked to stop; requests under way are finished first.
    pub async fn run(self, asks: impl Stream<Item = Ask>) -> io::Result<()> {
        let conductor = Conductor { handles: self.handles(), readiness: self.readiness, drain: self.drain };
        let mut served = pin!(try_join(self.server, self.admin_server));
        let conducted = pin!(conductor.conduct(asks));
        // On the heap: it is everything that goes on beside requests.
        let meanwhile = select(conducted, Box::pin(self.housekeeping.run()));
        let served = match select(&mut served, meanwhile).await {
            Either::Left((served, _)) => served.map(drop),
            Either::Right((Either::Left((Ended::Finished, _)), _)) => served.await.map(drop),
            Either::Right((Either::Left((Ended::CutShort, _)), _)) => Ok(()),
            Either::Right((Either::Right((never, _)), _)) => match never {},
        };
        self.key_pairs.stop_generating();
        self.key_pairs.flush_all_attempts().await;
        served
    }

    /// The settings that may change while it runs.
    pub fn live(&self) -> &Live {
        &self.live
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

/// Makes the first accounts, where they are this service's own and there are none.
async fn first_accounts(
    settings: &Settings,
    store: &Store,
    authentication: &Authentication,
    address: SocketAddr,
) -> Result<FirstStart, StartError> {
    match authentication {
        Authentication::Embedded(identity) => {
            Ok(first_start::at_serve(settings, store.backend(), identity, address).await?)
        }
        Authentication::Keystone(_) => Ok(FirstStart::Elsewhere),
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

/// Who answers for tokens, as `identity.mode` says.
fn authentication(
    settings: &Settings,
    store: &Store,
    metrics: &Registry,
    credentials: &CredentialMetrics,
) -> Result<Authentication, StartError> {
    let (lifetime, keystone) = (settings.identity.token_lifetime(), &settings.identity.keystone);
    Ok(match settings.identity.mode {
        Mode::Embedded => Authentication::Embedded(Identity::new(lifetime, store.clone(), credentials)),
        Mode::Keystone => Authentication::Keystone(Keystone::new(keystone, metrics, credentials)?),
    })
}

/// What requests may be signed with: the embedded identity's access keys, or a Keystone's EC2 credentials where the settings
/// want them.
fn access_keys(
    settings: &Settings,
    authentication: &Authentication,
    store: &Store,
    vault: &Vault,
    metrics: &CredentialMetrics,
) -> Result<Option<AccessKeys>, StartError> {
    Ok(match authentication {
        Authentication::Embedded(_) => Some(AccessKeys::stored(StoredKeys::new(store.clone(), vault.clone()), metrics)),
        Authentication::Keystone(keystone) => {
            let credentials = keystone.ec2_credentials(&settings.identity.keystone)?;
            credentials.map(|credentials| AccessKeys::of_keystone(credentials, metrics))
        }
    })
}
