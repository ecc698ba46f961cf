//! What is counted about private keys.

use prometheus::{IntCounterVec, Opts, Registry};

/// Clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    integrity_failures: IntCounterVec,
}

impl Metrics {
    /// Counters of a service of its own, shown by `registry`.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Kept private keys that failed their integrity check, by where that was found.";
        let integrity_failures = IntCounterVec::new(Opts::new("integrity_failures_total", help), &["kind"])?;
        registry.register(Box::new(integrity_failures.clone()))?;
        Ok(Self { integrity_failures })
    }

    /// A request found one. What the slow pass finds is counted by what it is, in `verify_rows_total`.
    pub(super) fn integrity_failed(&self) {
        self.integrity_failures.with_label_values(&["request"]).inc();
    }
}
