//! The edge: the only code that knows actix.

pub mod alibaba;
pub mod base_url;
pub mod body;
pub mod closing;
pub mod connection;
pub mod credentials;
pub mod echo;
pub mod extensions;
pub mod forwarded;
pub mod huawei;
pub mod identity;
pub mod json;
pub mod members;
mod metrics;
pub mod microversion;
pub mod nova;
pub mod openapi;
mod operation;
pub mod ops;
pub mod options;
pub mod rate_limit;
pub mod request_id;
pub mod retry_after;
pub mod tls;
mod trace;
pub mod trusted_proxies;
pub mod unstored;
pub mod via;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use prometheus::Registry;

pub use self::metrics::RequestMetrics;
pub use self::rate_limit::RateLimits;
pub use self::trace::{Requests, trace};
pub use self::trusted_proxies::TrustedProxies;
use crate::auth::{AccessKeys, Authentication, Nonces};
use crate::domain::Region;
use crate::service::{Audit, Census, KeyPairs, Quotas};

/// What every handler is given, as `web::Data<State>`.
#[derive(Clone)]
pub struct State {
    pub key_pairs: Arc<KeyPairs>,
    pub quotas: Arc<Quotas>,
    pub authentication: Authentication,
    /// The embedded identity's, or a Keystone's EC2 credentials; none where the settings don't want these.
    pub access_keys: Option<AccessKeys>,
    /// Of signed requests that bring one.
    pub nonces: Nonces,
    pub settings: Settings,
    pub region: Region,
    pub audit: Audit,
    pub census: Arc<Census>,
    pub alibaba: Arc<alibaba::Products>,
    pub rate_limits: RateLimits,
    /// What is counted; the operator's listener shows it.
    pub metrics: Registry,
    pub requests: Arc<RequestMetrics>,
    /// Whether requests may be sent here; the operator's listener tells it.
    pub readiness: ops::Readiness,
}

/// `http.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub listen: SocketAddr,
    /// The address that clients know the service by, for catalog and links; without it the request's scheme and Host.
    pub public_url: Option<String>,
    /// Who may say, in a header, whom a request comes from and by which address.
    pub trusted_proxies: TrustedProxies,
    pub tls: tls::Settings,
    /// Allows plain HTTP on an address that is not loopback.
    pub allow_plain_http: bool,
    /// How long requests are still answered once the service is to stop and probes are told so.
    pub drain_seconds: u64,
    /// Serves the OpenAPI document to clients, too.
    pub openapi: bool,
    /// How many connections each listener serves at a time.
    pub max_connections: u32,
    /// How long a client may take to send a request's head, from its first byte on.
    pub head_timeout_seconds: u64,
    /// How long to send a body.
    pub body_timeout_seconds: u64,
    /// How long between an answer and the next request.
    pub idle_timeout_seconds: u64,
    /// How long to take an answer.
    pub answer_timeout_seconds: u64,
    pub rate_limit: rate_limit::Settings,
}

impl Settings {
    pub const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    pub const fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    /// How long a client may take for all but a body.
    pub const fn times(&self) -> connection::Times {
        connection::Times {
            head: Duration::from_secs(self.head_timeout_seconds),
            idle: Duration::from_secs(self.idle_timeout_seconds),
            answer: Duration::from_secs(self.answer_timeout_seconds),
        }
    }
}

/// The description of all that the service answers, on both of its listeners.
pub fn describe() -> openapi::Api {
    let mut api = openapi::Api::default();
    nova::describe(&mut api);
    identity::describe(&mut api);
    huawei::describe(&mut api);
    alibaba::describe(&mut api);
    ops::describe(&mut api);
    api
}

/// Mounts the dialects. Nova comes last, because it also answers what nobody else takes.
pub fn routes(config: &mut ServiceConfig, authentication: &Authentication) {
    huawei::iam_routes(config);
    match authentication {
        Authentication::Embedded(identity) => identity::routes(config, identity),
        Authentication::Keystone(keystone) => identity::routes_elsewhere(config, keystone.login_url()),
    }
    huawei::routes(config);
    alibaba::routes(config);
    nova::routes(config);
}
