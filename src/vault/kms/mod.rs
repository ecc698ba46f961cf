//! Key-encryption keys of the tenants' own, in AWS KMS.

mod alias;
mod breaker;
mod client;
mod context;
mod exchange;
mod failure;
mod health;
mod http;
mod keys;
#[cfg(test)]
pub(super) mod known;
mod layout;
mod metrics;
mod project_keys;
mod settings;
mod target;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use tokio::time::sleep;

use self::alias::AliasTemplate;
use self::client::Client;
use self::keys::AwsKeys;
#[cfg(feature = "fuzzing")]
pub(super) use self::layout::check as check_layout;
use self::metrics::Metrics;
use self::project_keys::ProjectKeys;
pub use self::settings::{DataKeys, Provider, Settings};
use super::key_wrapper::KeyWrapper;

/// How often the background looks whether the KMS is there.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The same while it is away.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Why no KMS can be used; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    #[error("vault.kms.alias_template: {0}")]
    AliasTemplate(String),
    #[error("no HTTP client for the KMS can be made: {0}")]
    HttpClient(#[from] reqwest::Error),
    #[error("the metrics of the KMS cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Whether the KMS can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KmsHealth {
    /// None is configured.
    None,
    Up,
    /// It is away: what needs it is answered 503, everything else works.
    Degraded,
}

/// A KMS. Clones share it, with the project keys in memory.
#[derive(Clone)]
pub struct Kms(Arc<AwsKeys>);

impl Kms {
    /// The KMS of the settings, if they name one. Sends nothing yet: the service starts without its KMS, too. What is counted
    /// is shown by `registry`.
    pub fn new(settings: &Settings, registry: &Registry) -> Result<Option<Self>, KmsError> {
        let Some(Provider::Aws) = settings.provider else { return Ok(None) };
        let template = AliasTemplate::parse(&settings.alias_template, settings.shared_keys);
        let metrics = Metrics::new(registry)?;
        let entries = settings.project_key_cache_entries;
        Ok(Some(Self(Arc::new(AwsKeys {
            template: template.map_err(KmsError::AliasTemplate)?,
            data_keys: settings.data_keys,
            project_keys: ProjectKeys::new(settings.lifetime(), entries, metrics.clone()),
            client: Client::new(settings, metrics)?,
        }))))
    }

    pub(super) fn wrapper(&self) -> &dyn KeyWrapper {
        self.0.as_ref()
    }

    pub fn health(&self) -> KmsHealth {
        if self.0.client.is_up() { KmsHealth::Up } else { KmsHealth::Degraded }
    }

    /// Whether it answers now: a call that changes nothing.
    pub async fn answers(&self) -> bool {
        self.0.client.probe().await
    }

    /// Looks now and then whether the KMS is there, and wipes project keys whose time is up; for ever.
    pub async fn watch(&self) -> Infallible {
        loop {
            let pause = if self.0.client.probe().await { LOOK_EVERY } else { LOOK_AGAIN };
            let mut left = pause;
            while !left.is_zero() {
                sleep(LOOK_AGAIN.min(left)).await;
                left = left.saturating_sub(LOOK_AGAIN);
                self.0.project_keys.sweep().await;
            }
        }
    }
}
