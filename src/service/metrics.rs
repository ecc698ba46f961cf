//! What is counted about key pairs and their private keys.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::domain::{Error, Result};

/// Clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    integrity_failures: IntCounterVec,
    quota_rejections: IntCounter,
}

impl Metrics {
    /// Counters of a service of its own, shown by `registry`.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Kept private keys that failed their integrity check, by where that was found.";
        let integrity_failures = IntCounterVec::new(Opts::new("integrity_failures_total", help), &["kind"])?;
        registry.register(Box::new(integrity_failures.clone()))?;
        let help = "Key pairs that were not made because their owner has as many as it may.";
        let quota_rejections = IntCounter::new("quota_rejections_total", help)?;
        registry.register(Box::new(quota_rejections.clone()))?;
        Ok(Self { integrity_failures, quota_rejections })
    }

    /// What came of a create.
    pub(super) fn created<T>(&self, outcome: &Result<T>) {
        if matches!(outcome, Err(Error::QuotaExceeded { .. })) {
            self.quota_rejections.inc();
        }
    }

    /// A request found one. What the slow pass finds is counted by what it is, in `verify_rows_total`.
    pub(super) fn integrity_failed(&self) {
        self.integrity_failures.with_label_values(&["request"]).inc();
    }
}
