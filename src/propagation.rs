//! Which trace a request belongs to, across processes: W3C Trace Context in headers, on their way in and out.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_http::HeaderInjector;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use reqwest::header::HeaderMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Whether whoever sent a trace may also say that it is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Trusted,
    Stranger,
}

/// What a request says of its trace.
struct Headers<'h> {
    parent: &'h str,
    state: Option<&'h str>,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => Some(self.parent),
            TRACESTATE => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

/// The trace that a request says to belong to, with the [`Sender`] for whoever decides whether it is recorded; without one, or
/// with one that cannot be read, the request begins a trace.
pub fn extract<'h>(header: impl Fn(&str) -> Option<&'h str>, sender: Sender) -> Context {
    let Some(parent) = header(TRACEPARENT) else { return Context::new() };
    let headers = Headers { parent, state: header(TRACESTATE) };
    TraceContextPropagator::new().extract_with_context(&Context::new(), &headers).with_value(sender)
}

/// Has what is asked of another service belong to the trace of the span that asks, if there is one.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut HeaderInjector(headers));
}
