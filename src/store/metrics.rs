//! What is counted about the ledger, the writer and the schema.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::schema_version::SchemaVersion;
use crate::domain::{Event, Outcome, Result};

/// Seconds: a commit takes a millisecond where all is well, and five seconds at most.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    records: IntCounterVec,
    failures: IntCounter,
    waiting: IntGauge,
    waits: Histogram,
    transactions: Histogram,
    retries: IntCounterVec,
    schema: IntGauge,
}

/// One that waits in the writer's queue, until this is dropped.
pub(super) struct Place(IntGauge);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        let help = "Records added to the release ledger, by what was done with a private key and how it ended.";
        let records = IntCounterVec::new(Opts::new("audit_records_total", help), &["event", "outcome"])?;
        let help = "Writes that were to add to the release ledger and failed: what they were to record was not done, or \
                    is recorded later.";
        let failures = IntCounter::new("audit_write_failures_total", help)?;
        let waiting = IntGauge::new("db_write_queue_depth", "Writes that wait for the thread that writes.")?;
        let seconds = |name: &str, help: &str| HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        let help = "How long writes waited for the thread that writes.";
        let waits = Histogram::with_opts(seconds("db_write_wait_duration_seconds", help))?;
        let help =
            "How long transactions took, from BEGIN to the answer to COMMIT; one may hold many requests' writes.";
        let transactions = Histogram::with_opts(seconds("db_transaction_duration_seconds", help))?;
        let help = "Transactions that ran again because another process's got in the way.";
        let retries = IntCounterVec::new(Opts::new("db_transaction_retries_total", help), &["sqlstate"])?;
        let schema = IntGauge::new("db_schema_version", "The number of the newest migration of the database.")?;
        Ok(Self { records, failures, waiting, waits, transactions, retries, schema })
    }

    pub(super) fn show(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.records.clone()))?;
        registry.register(Box::new(self.failures.clone()))?;
        registry.register(Box::new(self.waiting.clone()))?;
        registry.register(Box::new(self.waits.clone()))?;
        registry.register(Box::new(self.transactions.clone()))?;
        registry.register(Box::new(self.retries.clone()))?;
        registry.register(Box::new(self.schema.clone()))
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

    pub(super) fn wait(&self) -> Place {
        self.waiting.inc();
        Place(self.waiting.clone())
    }

    /// The writer begins with one that has waited so long.
    pub(super) fn begin(&self, place: Place, waited: Duration) {
        drop(place);
        self.waits.observe(waited.as_secs_f64());
    }

    /// A transaction, committed or not.
    pub(super) fn ended(&self, took: Duration) {
        self.transactions.observe(took.as_secs_f64());
    }

    /// A transaction lost against another process's, and runs again.
    pub(super) fn lost(&self, sqlstate: &str) {
        self.retries.with_label_values(&[sqlstate]).inc();
    }

    pub(super) fn schema_is(&self, version: Option<&SchemaVersion>) {
        let number = version.and_then(|version| version.to_string().parse().ok());
        self.schema.set(number.unwrap_or_default());
    }
}
