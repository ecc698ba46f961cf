//! The second listener: health, as JSON that tells nothing but what a probe needs, metrics, the ledger for auditors, and the OpenAPI document.

mod description;
mod health;
mod ledger;
mod readiness;
mod steady;

use std::net::SocketAddr;

use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::ALLOW;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpResponse, Resource};
use prometheus::{TEXT_FORMAT, TextEncoder};
use serde_json::json;

pub use self::description::describe;
pub use self::readiness::{Change, Check, Finding, Findings, Readiness, Report, Status};
use super::{State, openapi};

/// `admin.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub listen: SocketAddr,
    pub tls: super::tls::Settings,
}

/// Mounts `/health/…`, `/metrics`, `/ledger`, `/openapi.json` and `/docs`; everything else is 404. The handlers need a `web::Data<State>`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/metrics").route(web::get().to(metrics)).route(web::head().to(metrics)))
        .service(web::resource("/ledger").route(web::get().to(ledger::show)).default_service(web::to(only_get)))
        .service(
            resource("/openapi.json")
                .route(web::get().to(openapi::published))
                .route(web::head().to(openapi::published)),
        )
        .service(resource("/docs").route(web::get().to(openapi::page)).route(web::head().to(openapi::page)))
        .service(
            resource("/docs/page.css").route(web::get().to(openapi::styles)).route(web::head().to(openapi::styles)),
        )
        .service(resource("/health/live").route(web::get().to(health::live)).route(web::head().to(health::live)))
        .service(resource("/health/ready").route(web::get().to(health::ready)).route(web::head().to(health::ready)))
        .service(
            resource("/health/startup").route(web::get().to(health::startup)).route(web::head().to(health::startup)),
        )
        .default_service(web::to(not_found));
}

fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

/// What is counted, in the text form of Prometheus.
async fn metrics(state: Data<State>) -> Result<HttpResponse, Error> {
    state.census.take().await;
    let text = TextEncoder::new().encode_to_string(&state.metrics.gather()).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(TEXT_FORMAT).body(text))
}

async fn not_found() -> HttpResponse {
    let error =
        "not found; there are /health/live, /health/ready, /health/startup, /metrics, /ledger, /openapi.json and /docs";
    HttpResponse::NotFound().json(json!({"error": error}))
}

async fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).json(json!({"error": "use GET or HEAD"}))
}

/// Each look at the ledger is recorded, so that there is none that shows nothing.
async fn only_get() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET")).json(json!({"error": "use GET"}))
}
