//! What is counted about checkpoints.

use prometheus::{IntGauge, Registry};

use crate::domain::Timestamp;

/// Clones count together.
#[derive(Clone)]
pub struct CheckpointMetrics {
    last: IntGauge,
}

impl CheckpointMetrics {
    /// A gauge of a service of its own, shown by `registry`.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "When the chains of the release ledger were last found signed up to their ends, or were signed, in \
                    seconds since 1970.";
        let last = IntGauge::new("audit_checkpoint_timestamp_seconds", help)?;
        registry.register(Box::new(last.clone()))?;
        Ok(Self { last })
    }

    /// All chains are signed up to their ends: by this checkpoint, or because none has grown.
    pub fn all_is_signed(&self) {
        self.last.set(Timestamp::now().as_micros() / 1_000_000);
    }
}
