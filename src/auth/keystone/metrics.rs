//! What is counted about Keystone: how often it is asked, how it answers, and how often it need not be asked.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

/// Seconds, as OpenTelemetry advises for HTTP.
const BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    token_lookups: IntCounterVec,
    access_key_lookups: IntCounterVec,
    requests: IntCounterVec,
    durations: HistogramVec,
}

/// Whether the cache had the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Also where another request with the same token or access key was asking.
    Hit,
    /// Keystone was asked for this request, or did not answer.
    Miss,
}

/// What proves who a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Token,
    /// A signature with the secret of an EC2 credential.
    Signature,
}

/// What Keystone is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// The service's own login.
    Login,
    Validate,
    /// Whether a project exists.
    Project,
    /// The secret of an EC2 credential.
    Credential,
    /// Whom an EC2 credential stands for.
    CredentialOwner,
}

impl Operation {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Validate => "validate",
            Self::Project => "project",
            Self::Credential => "credential",
            Self::CredentialOwner => "credential_owner",
        }
    }
}

impl Metrics {
    /// Counters of a service of its own, shown by `registry`.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter =
            |name, help, label: &[&str]| register(registry, IntCounterVec::new(Opts::new(name, help), label)?);
        let durations =
            HistogramOpts::new("keystone_request_duration_seconds", "How long Keystone took for a request.");
        Ok(Self {
            token_lookups: counter(
                "auth_token_cache_lookups_total",
                "Tokens looked up in the cache of Keystone's answers.",
                &["result"],
            )?,
            access_key_lookups: counter(
                "auth_access_key_cache_lookups_total",
                "Access keys looked up in the cache of Keystone's answers.",
                &["result"],
            )?,
            requests: counter(
                "keystone_requests_total",
                "Requests sent to Keystone, retries included.",
                &["operation", "outcome"],
            )?,
            durations: register(registry, HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["operation"])?)?,
        })
    }

    pub(super) fn looked_up(&self, proof: Proof, lookup: Lookup) {
        let lookups = match proof {
            Proof::Token => &self.token_lookups,
            Proof::Signature => &self.access_key_lookups,
        };
        let result = match lookup {
            Lookup::Hit => "hit",
            Lookup::Miss => "miss",
        };
        lookups.with_label_values(&[result]).inc();
    }

    /// `status` is Keystone's, or `error` where none came.
    pub(super) fn asked(&self, operation: Operation, status: &str, took: Duration) {
        let operation = operation.as_str();
        self.requests.with_label_values(&[operation, status]).inc();
        self.durations.with_label_values(&[operation]).observe(took.as_secs_f64());
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
