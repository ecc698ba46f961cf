//! Whether the KMS answers, as calls and the background's looks find it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Failure;
use super::metrics::Metrics;

pub(super) struct Health {
    up: AtomicBool,
    metrics: Metrics,
}

impl Health {
    /// Up, until it is seen to be away.
    pub(super) fn new(metrics: Metrics) -> Self {
        metrics.is_up(true);
        Self { up: AtomicBool::new(true), metrics }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    pub(super) fn answered(&self) {
        if !self.up.swap(true, Ordering::Relaxed) {
            tracing::info!("the KMS answers again");
            self.metrics.is_up(true);
        }
    }

    pub(super) fn is_away(&self, failure: &Failure) {
        if self.up.swap(false, Ordering::Relaxed) {
            tracing::warn!("the KMS cannot be used: {failure}");
            self.metrics.is_up(false);
        }
    }
}
