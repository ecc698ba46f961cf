//! The rules that hold in every dialect: who may do what with which key pair, quota, names, custody.

mod attempts;
mod audit;
mod bounds;
mod create;
mod export;
mod generation;
mod kept;
mod labels;
mod metrics;
mod new_key_pair;
mod policy;
mod private_keys;
mod quotas;
mod read;
mod write;

use std::sync::Arc;
use std::time::Duration;

pub use audit::{
    Audit, AuditRecord, Audited, ChainFault, ChainFinding, Checkpoint, CheckpointMetrics, RecordLimit, Told, Trust,
    Wanted,
};
pub use bounds::{Bounds, LiveBounds};
pub use export::{Export, Exported};
pub use kept::{
    Census, Failed, Fault, Finding, JobReport, KeptKeys, Observer, Pace, PassMetrics, Progress, Rewrap, Verification,
};
pub use labels::{Hit, Hits, NamePattern, PageNumber, Search, TagFilter};
pub use new_key_pair::{Created, Custody, KeptKey, NewKeyPair, Origin};
pub use policy::may_see_extensions;
pub use private_keys::ImportInto;
pub use quotas::{Agreement, Change, QuotaAction, QuotaError, Quotas};

use self::attempts::Attempts;
use self::generation::Generators;
use self::metrics::Metrics;
use prometheus::Registry;

use crate::domain::{Caller, Error, Owner, ProjectId, Region, Result, UserId};
use crate::ssh::Algorithm;
use crate::store::Store;
use crate::vault::Vault;

/// `keypair.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is generated where the request does not say: `rsa-2048`, `rsa-3072`, `rsa-4096`, `ed25519`, `ecdsa-p256`, …
    pub algorithm: String,
    /// The shortest RSA key that is imported, in bits; 0 takes any, as Nova does.
    pub min_rsa_bits: u32,
    /// How many key pairs an owner may have in a region, where no quota was set.
    pub limit: u32,
    /// Threads that generate keys; 0 means as many as there are cores.
    pub generators: usize,
    /// How many requests may wait for a generator before further ones are answered 503.
    pub generator_queue: usize,
    /// How long a request may wait for a generator before it is answered 503.
    pub generator_wait_seconds: u64,
    pub pool: PoolSettings,
}

/// `keypair.pool.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// How many RSA keys are kept ready of each algorithm; 0 keeps none, -1 as many as memory and cores allow.
    pub size: i64,
}

/// `ledger.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSettings {
    /// How often the heads of the chains are signed.
    pub checkpoint_seconds: u64,
}

impl LedgerSettings {
    pub const fn checkpoint_interval(&self) -> Duration {
        Duration::from_secs(self.checkpoint_seconds)
    }
}

/// The key pairs of one region.
pub struct KeyPairs {
    store: Store,
    vault: Vault,
    generators: Arc<Generators>,
    region: Region,
    /// The service's own region: whose quotas hold, and where what was refused to a user is recorded, wherever it was tried.
    home: Region,
    algorithm: Algorithm,
    bounds: LiveBounds,
    attempts: Arc<Attempts>,
    metrics: Metrics,
}

/// Whose key pairs a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The caller's own, and to read also those of the caller's project.
    Callers,
    /// A project's, and to read also the caller's own where it is the caller's project.
    Project(ProjectId),
    /// A named user's (`user_id`); another's only for an administrator, and never a private key.
    User(UserId),
}

impl KeyPairs {
    /// An unknown `keypair.algorithm` is `Error::Invalid`.
    pub fn new(
        settings: &Settings,
        bounds: LiveBounds,
        region: Region,
        store: Store,
        vault: Vault,
        metrics: &Registry,
    ) -> Result<Self> {
        let algorithm = Algorithm::parse(&settings.algorithm).ok_or_else(|| Error::Invalid {
            field: "keypair.algorithm",
            reason: format!("'{}' cannot be generated", settings.algorithm),
        })?;
        Ok(Self {
            store,
            vault,
            generators: Arc::new(Generators::start(settings, algorithm, metrics)?),
            home: region.clone(),
            region,
            algorithm,
            bounds,
            attempts: Arc::default(),
            metrics: Metrics::new(metrics).map_err(Error::internal)?,
        })
    }

    /// The key pairs of another region, with bounds of its own; all else is shared.
    pub fn elsewhere(&self, region: Region, bounds: LiveBounds) -> Self {
        Self {
            store: self.store.clone(),
            vault: self.vault.clone(),
            generators: Arc::clone(&self.generators),
            region,
            home: self.home.clone(),
            algorithm: self.algorithm,
            bounds,
            attempts: Arc::clone(&self.attempts),
            metrics: self.metrics.clone(),
        }
    }

    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Wipes the keys that were made beforehand, and makes no more.
    pub fn stop_generating(&self) {
        self.generators.stop();
    }
}

/// How long a caller waits after a full queue, before trying again: about as long as some dozen RSA keys take.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Whose {
    /// The one name space that a write touches. A repeated DELETE therefore leaves the project's key pair of the same name
    /// alone.
    fn written_owner(&self, caller: &Caller) -> Owner {
        match self {
            Self::Callers => caller.user_owner(),
            Self::Project(project) => Owner::Project(project.clone()),
            Self::User(user) => Owner::User(user.clone()),
        }
    }

    /// The other name space whose names the caller sees, where the request is about the caller.
    fn other_owner(&self, caller: &Caller) -> Option<Owner> {
        match self {
            Self::Callers => caller.project_owner(),
            Self::Project(project) if Some(project) == caller.project() => Some(caller.user_owner()),
            Self::User(user) if *user == caller.user => caller.project_owner(),
            Self::Project(_) | Self::User(_) => None,
        }
    }
}
