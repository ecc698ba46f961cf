//! What is counted about the KMS.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

/// Seconds.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    calls: IntCounterVec,
    durations: HistogramVec,
    attempts: IntCounterVec,
    lookups: IntCounterVec,
    breaker_open: IntGauge,
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

impl Metrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter =
            |name, help, labels: &[&str]| register(registry, IntCounterVec::new(Opts::new(name, help), labels)?);
        let durations =
            HistogramOpts::new("kms_call_duration_seconds", "How long calls of the KMS took, retries included.");
        Ok(Self {
            calls: counter("kms_calls_total", "Calls of the KMS, by what came of them.", &["operation", "outcome"])?,
            durations: register(registry, HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["operation"])?)?,
            attempts: counter(
                "kms_attempts_total",
                "Requests sent for calls of the KMS and for its credentials, retries included.",
                &["outcome"],
            )?,
            lookups: counter(
                "kms_project_key_cache_lookups_total",
                "Keys of projects looked up in memory.",
                &["result"],
            )?,
            breaker_open: register(
                registry,
                IntGauge::new("kms_breaker_open", "Whether the KMS is left alone because it was away: 1 if so.")?,
            )?,
            up: register(registry, IntGauge::new("keypaird_kms_up", "Whether the KMS answers: 1 if so, else 0.")?)?,
        })
    }

    /// `outcome` is one of a few words.
    pub(super) fn called(&self, operation: Operation, outcome: &str, took: Duration) {
        let operation = match operation {
            Operation::GenerateDataKey => "generate_data_key",
            Operation::Encrypt => "encrypt",
            Operation::Decrypt => "decrypt",
            Operation::ListAliases => "list_aliases",
            Operation::Probe => "probe",
        };
        self.calls.with_label_values(&[operation, outcome]).inc();
        self.durations.with_label_values(&[operation]).observe(took.as_secs_f64());
    }

    pub(super) fn attempted(&self, attempt: Attempt) {
        let outcome = match attempt {
            Attempt::Answered => "answered",
            Attempt::Throttled => "throttled",
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

    pub(super) fn breaker_is_open(&self, open: bool) {
        self.breaker_open.set(open.into());
    }

    pub(super) fn is_up(&self, up: bool) {
        self.up.set(up.into());
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
