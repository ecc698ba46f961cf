//! Spans on their way out: in OpenTelemetry's words, and with one word in the log now and then where they get nowhere.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::trace::SpanKind;
use opentelemetry::{Key, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// The name of a request's first span.
pub(super) const REQUEST: &str = "request";

/// What the log calls otherwise; what is left out is in the span already.
const WORDS: [(&str, Option<&str>); 5] = [
    ("method", Some("http.request.method")),
    ("route", Some("http.route")),
    ("client", Some("client.address")),
    ("trace_id", None),
    ("span_id", None),
];

/// How often the log says that spans cannot be sent.
const SAY_EVERY: Duration = Duration::from_secs(300);

/// Whether spans arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Arriving,
    Lost { said: Instant },
}

#[derive(Debug)]
pub(super) struct Export<E> {
    exporter: E,
    state: Mutex<State>,
}

impl<E> Export<E> {
    pub(super) fn new(exporter: E) -> Self {
        Self { exporter, state: Mutex::new(State::Arriving) }
    }

    /// The SDK's own log is off: it would have a line for every batch.
    fn say(&self, sent: &OTelSdkResult) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match (sent, *state) {
            (Ok(()), State::Arriving) => State::Arriving,
            (Ok(()), State::Lost { .. }) => {
                tracing::info!("traces are sent again");
                State::Arriving
            }
            (Err(_), State::Lost { said }) if said.elapsed() < SAY_EVERY => State::Lost { said },
            (Err(error), State::Arriving | State::Lost { .. }) => {
                tracing::warn!(%error, "traces cannot be sent, and are dropped: {error}");
                State::Lost { said: Instant::now() }
            }
        };
    }
}

impl<E: SpanExporter> SpanExporter for Export<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(translate);
        let sent = self.exporter.export(batch).await;
        self.say(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// From the log's words, so that the log has each field once.
fn translate(span: &mut SpanData) {
    if span.name != REQUEST {
        return;
    }
    span.span_kind = SpanKind::Server;
    span.attributes.retain_mut(|attribute| {
        let word = WORDS.iter().find(|(log, _)| *log == attribute.key.as_str());
        match word {
            None => true,
            Some((_, None)) => false,
            Some((_, Some(word))) => {
                attribute.key = Key::from_static_str(word);
                true
            }
        }
    });
    let value = |name: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.map(|attribute| &attribute.value).map(Value::to_string).unwrap_or_default()
    };
    span.name = format!("{} {}", value("http.request.method"), value("http.route")).into();
}
