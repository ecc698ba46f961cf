//! All settings: each layer's own struct, put together; where they come from and whether they fit together.

mod error;
mod known;
mod load;
mod mask;
mod reference;
mod validate;

use std::path::PathBuf;

use crate::{auth, http, service, store, telemetry, vault};

pub use error::{Problem, Problems};
pub use load::{Effective, Flag, Loaded, Sources, load, load_for};
pub use mask::masked_url;
pub use reference::reference;
pub use validate::{Invalid, Purpose};

/// The built-in defaults, with a comment on each setting.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// What the service runs on. No `Debug`: the database's URLs may hold passwords.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub http: http::Settings,
    pub admin: http::ops::Settings,
    pub data: Data,
    pub database: store::Settings,
    /// The region of the key pairs, in every dialect.
    pub region: String,
    pub identity: auth::Settings,
    pub vault: vault::Settings,
    pub ledger: service::LedgerSettings,
    pub keypair: service::Settings,
    pub alibaba: http::alibaba::Settings,
    pub log: telemetry::Settings,
    pub traces: telemetry::traces::Settings,
}

/// `data.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Holds the SQLite database, its master key, `clouds.yaml` and `openrc`.
    pub dir: PathBuf,
}
