//! One log line for each request: method, route, status, time. Never headers, query values, bodies or paths as sent.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};

use super::State;
use super::forwarded::Reached;

/// What stands for a route where no template matches: the path itself is a caller's text.
const UNMATCHED: &str = "(no route)";

/// The middleware that gives each request an id and a span, and logs its answer.
pub fn trace() -> TracingLogger<Requests> {
    TracingLogger::new()
}

/// When the request came; kept in its extensions.
struct Started(Instant);

/// What a request asks for, where its route does not say; kept in its extensions.
#[derive(Clone)]
struct Operation {
    dialect: &'static str,
    action: Option<String>,
}

/// The longest name of an action that is logged.
const LONGEST_ACTION: usize = 64;

/// Has the log say what a request asks for. What is no name of an action, but a caller's text, is left out.
pub(super) fn name_operation(request: &HttpRequest, dialect: &'static str, action: Option<&str>) {
    let is_name = |action: &&str| action.len() <= LONGEST_ACTION && action.bytes().all(|c| c.is_ascii_alphabetic());
    let action = action.filter(is_name).map(ToOwned::to_owned);
    Span::current().record("action", action.as_deref());
    request.extensions_mut().insert(Operation { dialect, action });
}

/// The dialect that a request is answered in, as the log names it.
pub(super) fn dialect_of(request: &HttpRequest) -> &'static str {
    let named = request.extensions().get::<Operation>().map(|operation| operation.dialect);
    named.unwrap_or_else(|| dialect(request.match_pattern().as_deref().unwrap_or(UNMATCHED)))
}

/// Puts `request_id`, `method`, `route`, `client` and, where there is one, `action` on everything that is logged while a request is answered.
pub struct Requests;

impl RootSpanBuilder for Requests {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Started(Instant::now()));
        let id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "request",
            request_id = id.map(tracing::field::display),
            method = %request.method(),
            route = request.match_pattern().as_deref().unwrap_or(UNMATCHED),
            client = client(request.request()).map(tracing::field::display),
            action = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(_span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        match outcome {
            Ok(response) => answered(response),
            Err(error) => {
                let status = error.as_response_error().status_code().as_u16();
                tracing::error!(status, cause = ?error, "a request failed before it reached its route");
            }
        }
    }
}

/// The address that counts as the client's wherever one is asked for.
fn client(request: &HttpRequest) -> Option<IpAddr> {
    let state = request.app_data::<Data<State>>()?;
    Reached::of(request, &state.settings.trusted_proxies).client
}

fn answered<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let method = request.method();
    let pattern = request.match_pattern();
    let route = pattern.as_deref().unwrap_or(UNMATCHED);
    let took = request.extensions().get::<Started>().map_or(Duration::ZERO, |started| started.0.elapsed());
    let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let operation = request.extensions().get::<Operation>().cloned();
    let of_route = || Operation { dialect: dialect(route), action: None };
    let Operation { dialect, action } = operation.unwrap_or_else(of_route);
    let action = action.map(|action| format!(" {action}")).unwrap_or_default();
    let status = response.status();
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

/// Whose route it is, told by the template, unless the dialect itself says so; `nova` also for what no dialect takes, since
/// Nova answers that.
fn dialect(route: &str) -> &'static str {
    let has_segment = |segment: &str| route.split('/').any(|part| part == segment);
    match route.split('/').nth(1) {
        Some("health" | "metrics" | "ledger") => "ops",
        Some("identity") => "identity",
        Some("v3") if has_segment("auth") || has_segment("projects") => "identity",
        Some("v3") => "kps",
        Some(_) if has_segment("keypairs") => "kps",
        Some(_) | None => "nova",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_tells_the_dialect() {
        let cases = [
            ("/health/ready", "ops"),
            ("/metrics", "ops"),
            ("/identity/v3/auth/tokens", "identity"),
            ("/v3/auth/tokens", "identity"),
            ("/v3/{project_id}/keypairs/{name}", "kps"),
            ("/v2.1/{project_id}/keypairs", "kps"),
            ("/v2.1/{project_id}/os-keypairs/{name}", "nova"),
            ("/v2.1/os-keypairs", "nova"),
            ("/", "nova"),
            (UNMATCHED, "nova"),
        ];
        for (route, expected) in cases {
            assert_eq!(dialect(route), expected, "{route}");
        }
    }
}
