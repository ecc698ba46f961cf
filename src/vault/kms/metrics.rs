//! What is counted about the KMS.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The one there is, as a label.
const PROVIDER: &str = "aws";

/// Seconds.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    requests: IntCounterVec,
    durations: HistogramVec,
    attempts: IntCounterVec,
    throttled: IntCounter,
    lookups: IntCounterVec,
    cached: IntGauge,
    breaker: IntGauge,
    up: IntGauge,
}

/// What the KMS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    GenerateDataKey,
    Encrypt,
    Decrypt,
    ListAliases,
    /// The background's look whether it is there.
    Probe,
}

/// What became of one request on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    Answered,
    Throttled,
    Refused,
    Failed,
    Unreachable,
}

/// Whether a project's key was in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Hit,
    Miss,
}

impl Operation {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::GenerateDataKey => "generate_data_key",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::ListAliases => "list_aliases",
            Self::Probe => "probe",
        }
    }

    /// As AWS calls it.
    pub(super) const fn of_aws(self) -> &'static str {
        match self {
            Self::GenerateDataKey => "KMS/GenerateDataKey",
            Self::Encrypt => "KMS/Encrypt",
            Self::Decrypt => "KMS/Decrypt",
            Self::ListAliases | Self::Probe => "KMS/ListAliases",
        }
    }
}

impl Metrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter =
            |name, help, labels: &[&str]| register(registry, IntCounterVec::new(Opts::new(name, help), labels)?);
        let durations = HistogramOpts::new(
            "kms_request_duration_seconds",
            "How long the KMS took for a request, retries included.",
        );
        let labels = ["provider", "operation"];
        let throttled = IntCounter::new("kms_throttled_total", "Attempts at requests that the KMS throttled.")?;
        let cached = IntGauge::new("kek_cache_entries", "Keys of projects that are in memory.")?;
        let breaker = "Whether the KMS is left alone because it was away: 0 if not, 1 if so.";
        Ok(Self {
            requests: counter(
                "kms_requests_total",
                "Requests to the KMS, by what came of them.",
                &["provider", "operation", "outcome"],
            )?,
            durations: register(registry, HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &labels)?)?,
            attempts: counter(
                "kms_attempts_total",
                "Attempts at requests to the KMS and for its credentials: each is sent once.",
                &["outcome"],
            )?,
            throttled: register(registry, throttled)?,
            lookups: counter("kek_cache_requests_total", "Keys of projects looked up in memory.", &["result"])?,
            cached: register(registry, cached)?,
            breaker: register(registry, IntGauge::new("kms_breaker_state", breaker)?)?,
            up: register(registry, IntGauge::new("keypaird_kms_up", "Whether the KMS answers: 1 if so, else 0.")?)?,
        })
    }

    /// `outcome` is one of a few words.
    pub(super) fn asked(&self, operation: Operation, outcome: &str, took: Duration) {
        let operation = operation.as_str();
        self.requests.with_label_values(&[PROVIDER, operation, outcome]).inc();
        self.durations.with_label_values(&[PROVIDER, operation]).observe(took.as_secs_f64());
    }

    pub(super) fn attempted(&self, attempt: Attempt) {
        let outcome = match attempt {
            Attempt::Answered => "answered",
            Attempt::Throttled => {
                self.throttled.inc();
                "throttled"
            }
            Attempt::Refused => "refused",
            Attempt::Failed => "failed",
            Attempt::Unreachable => "unreachable",
        };
        self.attempts.with_label_values(&[outcome]).inc();
    }

    pub(super) fn looked_up(&self, lookup: Lookup) {
        let result = match lookup {
            Lookup::Hit => "hit",
            Lookup::Miss => "miss",
        };
        self.lookups.with_label_values(&[result]).inc();
    }

    /// So many keys of projects are in memory.
    pub(super) fn remember(&self, entries: u64) {
        self.cached.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    pub(super) fn breaker_is_open(&self, open: bool) {
        self.breaker.set(open.into());
    }

    pub(super) fn is_up(&self, up: bool) {
        self.up.set(up.into());
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
