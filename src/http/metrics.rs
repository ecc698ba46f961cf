//! What is counted about requests. A child of each vector is looked up once for each thread and set of labels.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use thread_local::ThreadLocal;

use super::operation::KeyPairOperation;

/// Seconds, as OpenTelemetry advises for HTTP.
const BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The methods that are labels of their own; others are a caller's text.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
const OTHER_METHOD: &str = "_OTHER";

/// Those of both listeners count together.
pub struct RequestMetrics {
    durations: HistogramVec,
    active: IntGauge,
    operations: IntCounterVec,
    /// By route. Bounded, because all labels are.
    seen: ThreadLocal<RefCell<HashMap<String, Vec<Seen>>>>,
}

/// Labels beside the route, and what is counted under them.
struct Seen {
    labels: Labels,
    duration: Histogram,
    operation: Option<IntCounter>,
}

/// What is said of an answer, beside its route: nothing in it is as a caller wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) method: &'static str,
    pub(super) status: StatusCode,
    pub(super) dialect: &'static str,
    pub(super) operation: Option<KeyPairOperation>,
}

/// A request that is being answered, until this is dropped: also one whose client has gone.
pub(super) struct Active(IntGauge);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl RequestMetrics {
    /// Counters of a service of its own, shown by `registry`.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "How long requests took until their answers began.";
        let durations = HistogramOpts::new("http_server_request_duration_seconds", help).buckets(BUCKETS.to_vec());
        let durations = HistogramVec::new(durations, &["method", "route", "status", "dialect"])?;
        let active = IntGauge::new("http_server_active_requests", "Requests that are being answered.")?;
        let help = "Requests about key pairs, by what they ask for and what came of it.";
        let operations = Opts::new("keypair_operations_total", help);
        let operations = IntCounterVec::new(operations, &["dialect", "operation", "outcome"])?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(active.clone()))?;
        registry.register(Box::new(operations.clone()))?;
        Ok(Self { durations, active, operations, seen: ThreadLocal::new() })
    }

    pub(super) fn begin(&self) -> Active {
        self.active.inc();
        Active(self.active.clone())
    }

    /// An answer; `route` is a template.
    pub(super) fn answered(&self, route: &str, labels: Labels, took: Duration) {
        let mut seen = self.seen.get_or_default().borrow_mut();
        let known = seen.get(route).and_then(|of_route| of_route.iter().find(|seen| seen.labels == labels));
        match known {
            Some(known) => known.count(took),
            None => {
                let new = self.look_up(route, labels);
                new.count(took);
                seen.entry(route.to_owned()).or_default().push(new);
            }
        }
    }

    fn look_up(&self, route: &str, labels: Labels) -> Seen {
        let Labels { method, status, dialect, operation } = labels;
        let duration = self.durations.with_label_values(&[method, route, status.as_str(), dialect]);
        let operation = operation
            .map(|operation| self.operations.with_label_values(&[dialect, operation.as_str(), outcome(status)]));
        Seen { labels, duration, operation }
    }
}

impl Seen {
    fn count(&self, took: Duration) {
        self.duration.observe(took.as_secs_f64());
        if let Some(operation) = &self.operation {
            operation.inc();
        }
    }
}

/// A method that is a label.
pub(super) fn method(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER_METHOD)
}

/// The ledger's words.
fn outcome(status: StatusCode) -> &'static str {
    if status.is_server_error() {
        "failed"
    } else if status.is_client_error() {
        "refused"
    } else {
        "done"
    }
}
