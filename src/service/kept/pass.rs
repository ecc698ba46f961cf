//! The slow pass that goes over all kept private keys again and again while the service runs.

use std::convert::Infallible;
use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

use super::{Finding, KeptKeys, Pace};
use crate::domain::{Result, Timestamp};

/// How long it rests before each pass.
const REST: Duration = Duration::from_secs(60);

/// What is counted of it.
#[derive(Clone)]
pub struct PassMetrics {
    rows: IntCounterVec,
    last_complete: IntGauge,
}

impl PassMetrics {
    /// Counters of a service of its own, shown by `registry`.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Kept private keys that were opened to be checked, by what was found.";
        let rows = IntCounterVec::new(Opts::new("verify_rows_total", help), &["outcome"])?;
        let help = "When the last pass over all kept private keys ended, in seconds since 1970.";
        let last_complete = IntGauge::new("verify_last_complete_timestamp_seconds", help)?;
        registry.register(Box::new(rows.clone()))?;
        registry.register(Box::new(last_complete.clone()))?;
        Ok(Self { rows, last_complete })
    }

    fn seen(&self, finding: Option<&Finding>) {
        let outcome = finding.map_or("sound", |finding| finding.fault.as_str());
        self.rows.with_label_values(&[outcome]).inc();
        if let Some(Finding { fault, row }) = finding {
            tracing::error!(
                fault = fault.as_str(), region = %row.region, owner = %row.owner, key_pair.name = %row.name,
                key_pair.id = %row.id, reason = %row.reason,
                "the kept private key of {} did not pass: {}", row.name, fault.as_str()
            );
        }
    }
}

impl KeptKeys {
    /// Verifies all of them at that pace, for ever. What is found is in the log, once a pass, and in the metrics.
    pub async fn keep_verifying(&self, pace: Pace, metrics: &PassMetrics) -> Infallible {
        loop {
            tokio::time::sleep(REST).await;
            if let Err(error) = self.verify_once(pace, metrics).await {
                tracing::warn!(cause = ?error, "a pass over the kept private keys was broken off");
            }
        }
    }

    /// One pass over all of them.
    pub async fn verify_once(&self, pace: Pace, metrics: &PassMetrics) -> Result<()> {
        self.verify(pace, &mut |finding| metrics.seen(finding)).await?;
        metrics.last_complete.set(Timestamp::now().as_micros() / 1_000_000);
        Ok(())
    }
}
