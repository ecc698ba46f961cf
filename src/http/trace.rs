//! One log line for each request, and one span: method, route, status, time. Never headers, query values, bodies or paths as
//! sent.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use opentelemetry::trace::{Status, TraceContextExt};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::State;
use super::forwarded::Reached;
use super::metrics::{self, Active, Labels};
use super::operation::Asked;
use crate::propagation::{self, Sender};

/// What stands for a route where no template matches: the path itself is a caller's text.
const UNMATCHED: &str = "(no route)";

/// The middleware that gives each request an id and a span, and logs its answer.
pub fn trace() -> TracingLogger<Requests> {
    TracingLogger::new()
}

/// When the request came, and to which route; kept in its extensions.
struct Started {
    at: Instant,
    /// The template: the router looks for it anew each time it is asked.
    route: Option<String>,
    _active: Option<Active>,
}

/// Puts `request_id`, `method`, `route`, `client`, where there is one `action`, and where traces are sent `trace_id` and `span_id`
/// on everything that is logged while a request is answered.
pub struct Requests;

impl RootSpanBuilder for Requests {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let at = Instant::now();
        let id = request.extensions().get::<RequestId>().copied();
        let route = request.match_pattern();
        let active = request.app_data::<Data<State>>().map(|state| state.requests.begin());
        let span = tracing::info_span!(
            "request",
            request_id = id.map(tracing::field::display),
            method = metrics::method(request.method()),
            route = route.as_deref().unwrap_or(UNMATCHED),
            client = client(request.request()).map(tracing::field::display),
            action = tracing::field::Empty,
            trace_id = tracing::field::Empty,
            span_id = tracing::field::Empty,
        );
        begin_trace(&span, request);
        request.extensions_mut().insert(Started { at, route, _active: active });
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => {
                answered(response);
                response.status()
            }
            Err(error) => {
                let status = error.as_response_error().status_code();
                tracing::error!(
                    status = status.as_u16(),
                    cause = ?error,
                    "a request failed before it reached its route"
                );
                status
            }
        };
        span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }
}

/// Where traces are sent: the request's own belongs to the one that its headers name, and the log says to which.
fn begin_trace(span: &Span, request: &ServiceRequest) {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    if span.set_parent(propagation::extract(header, sender(request))).is_err() {
        return;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    span.record("trace_id", tracing::field::display(context.trace_id()));
    span.record("span_id", tracing::field::display(context.span_id()));
}

/// Proxies that may say whom a request comes from may also say what is recorded.
fn sender(request: &ServiceRequest) -> Sender {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let state = request.app_data::<Data<State>>();
    let is_trusted = peer.zip(state).is_some_and(|(peer, state)| state.settings.trusted_proxies.contains(peer));
    if is_trusted { Sender::Trusted } else { Sender::Stranger }
}

/// The address that counts as the client's wherever one is asked for.
fn client(request: &HttpRequest) -> Option<IpAddr> {
    let state = request.app_data::<Data<State>>()?;
    Reached::of(request, &state.settings.trusted_proxies).client
}

fn answered<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let method = request.method();
    let (pattern, took) = match request.extensions_mut().get_mut::<Started>() {
        Some(started) => (started.route.take(), started.at.elapsed()),
        None => (None, Duration::ZERO),
    };
    // A path with slashes in a row has a route only since these were merged.
    let pattern = pattern.or_else(|| request.match_pattern());
    let route = pattern.as_deref().unwrap_or(UNMATCHED);
    let Asked { dialect, action, operation } = Asked::of(request, route);
    let status = response.status();
    if let Some(state) = request.app_data::<Data<State>>() {
        let labels = Labels { method: metrics::method(method), status, dialect, operation };
        state.requests.answered(route, labels, took);
    }
    let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let action = action.map(|action| format!(" {action}")).unwrap_or_default();
    let code = status.as_u16();
    match importance(status, dialect, route) {
        // `Debug` carries what the caller is not told; domain errors hold no secrets.
        Importance::Failed => {
            let cause = response.response().error().map(tracing::field::debug);
            tracing::error!(
                status = code,
                dialect,
                latency_ms,
                cause,
                "{method} {route}{action}: {code} in {latency_ms} ms"
            );
        }
        Importance::Usual => {
            // `Display` is what callers may be told: it says why where a dialect's own words do not.
            let reason = response.response().error().map(tracing::field::display);
            tracing::info!(
                status = code,
                dialect,
                latency_ms,
                reason,
                "{method} {route}{action}: {code} in {latency_ms} ms"
            );
        }
        Importance::Probe => {
            tracing::debug!(status = code, dialect, latency_ms, "{method} {route}{action}: {code} in {latency_ms} ms");
        }
    }
}

enum Importance {
    Failed,
    Usual,
    /// A look at the metrics or at the health: one every few seconds for the life of the service. Why the health is what it is
    /// was logged when it changed.
    Probe,
}

fn importance(status: StatusCode, dialect: &str, route: &str) -> Importance {
    if route.starts_with("/health/") {
        Importance::Probe
    } else if status.is_server_error() {
        Importance::Failed
    } else if dialect == "ops" {
        Importance::Probe
    } else {
        Importance::Usual
    }
}
