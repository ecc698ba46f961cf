//! What is counted about the ledger.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::domain::{Event, Outcome, Result};

/// Clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    records: IntCounterVec,
    failures: IntCounter,
}

impl Metrics {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let help = "Records added to the release ledger, by what was done with a private key and how it ended.";
        let records = IntCounterVec::new(Opts::new("audit_records_total", help), &["event", "outcome"])?;
        let help = "Writes that were to add to the release ledger and failed: what they were to record was not done, or \
                    is recorded later.";
        Ok(Self { records, failures: IntCounter::new("audit_write_failures_total", help)? })
    }

    pub(super) fn show(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.records.clone()))?;
        registry.register(Box::new(self.failures.clone()))
    }

    /// A transaction that added these records was committed. Where the answer to COMMIT is lost they are not counted.
    pub(super) fn committed(&self, records: &[(Event, Outcome)]) {
        for (event, outcome) in records {
            self.records.with_label_values(&[event.as_str(), outcome.as_str()]).inc();
        }
    }

    /// What came of a write that was to add a record. One that is refused has failed at nothing.
    pub(super) fn answered<T>(&self, answer: &Result<T>) {
        match answer.as_ref().map_err(Outcome::of) {
            Ok(_) | Err(Outcome::Done | Outcome::Refused) => {}
            Err(Outcome::Failed) => self.failures.inc(),
        }
    }
}
