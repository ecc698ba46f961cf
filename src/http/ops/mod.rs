//! The second listener: health, as JSON that tells nothing but what a probe needs, metrics, and the ledger for auditors.

mod ledger;

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{ALLOW, CACHE_CONTROL};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpResponse, HttpResponseBuilder, Resource};
use prometheus::{TEXT_FORMAT, TextEncoder};
use serde_json::json;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::State;
use crate::domain::Result;
use crate::vault::kms::KmsHealth;

/// How long the database may take for one SELECT before the service counts as not ready.
const TIMEOUT: Duration = Duration::from_secs(2);

/// `admin.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub listen: SocketAddr,
}

/// Mounts `/health/…`, `/metrics` and `/ledger`; everything else is 404. The handlers need a `web::Data<State>`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/metrics").route(web::get().to(metrics)).route(web::head().to(metrics)))
        .service(web::resource("/ledger").route(web::get().to(ledger::show)).default_service(web::to(only_get)))
        .service(resource("/health/live").route(web::get().to(live)).route(web::head().to(live)))
        .service(resource("/health/ready").route(web::get().to(ready)).route(web::head().to(ready)))
        .service(resource("/health/startup").route(web::get().to(startup)).route(web::head().to(startup)))
        .default_service(web::to(not_found));
}

fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

/// The process answers. Depends on nothing else: restarting would not mend a database.
async fn live() -> HttpResponse {
    status(HttpResponse::Ok(), "live")
}

/// Migrations are done and the vault has its keys: both precede the listener.
async fn startup() -> HttpResponse {
    status(HttpResponse::Ok(), "started")
}

/// The database answers one SELECT, so requests may be sent here. Most of them need no KMS: without it the service is
/// degraded, and still ready.
async fn ready(state: Data<State>) -> HttpResponse {
    readiness(timeout(TIMEOUT, state.key_pairs.ready()).await, state.key_pairs.kms_health())
}

/// The cause goes to the log: whoever reaches this port need not know which database there is.
fn readiness(database: Result<Result<()>, Elapsed>, kms: KmsHealth) -> HttpResponse {
    let reason = match database {
        Ok(Ok(())) => return ready_with(kms),
        Ok(Err(error)) => {
            tracing::warn!(cause = ?error, "not ready: the database cannot be used");
            "the database cannot be used"
        }
        Err(Elapsed { .. }) => {
            tracing::warn!("not ready: the database did not answer within {} s", TIMEOUT.as_secs());
            "the database does not answer in time"
        }
    };
    let body = json!({"status": "not ready", "reasons": [reason]});
    HttpResponse::ServiceUnavailable().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

fn ready_with(kms: KmsHealth) -> HttpResponse {
    match kms {
        KmsHealth::None | KmsHealth::Up => status(HttpResponse::Ok(), "ready"),
        KmsHealth::Degraded => {
            let body = json!({"status": "ready", "degraded": ["the KMS cannot be used"]});
            HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
        }
    }
}

fn status(mut response: HttpResponseBuilder, word: &str) -> HttpResponse {
    response.insert_header((CACHE_CONTROL, "no-store")).json(json!({"status": word}))
}

/// What is counted, in the text form of Prometheus.
async fn metrics(state: Data<State>) -> Result<HttpResponse, Error> {
    state.census.take().await;
    let text = TextEncoder::new().encode_to_string(&state.metrics.gather()).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(TEXT_FORMAT).body(text))
}

async fn not_found() -> HttpResponse {
    let error = "not found; there are /health/live, /health/ready, /health/startup, /metrics and /ledger";
    HttpResponse::NotFound().json(json!({"error": error}))
}

async fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).json(json!({"error": "use GET or HEAD"}))
}

/// Each look at the ledger is recorded, so that there is none that shows nothing.
async fn only_get() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET")).json(json!({"error": "use GET"}))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use actix_web::body::to_bytes;

    use super::*;
    use crate::domain;

    async fn answer(database: Result<Result<()>, Elapsed>) -> (u16, String) {
        let response = readiness(database, KmsHealth::Degraded);
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.expect("is in memory");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[actix_web::test]
    async fn a_database_that_fails_is_a_reason_without_its_cause() {
        let failed = domain::Error::Unavailable { retry_after: TIMEOUT, source: "db.internal refused".into() };
        let body = r#"{"reasons":["the database cannot be used"],"status":"not ready"}"#;
        assert_eq!(answer(Ok(Err(failed))).await, (503, body.to_owned()));
    }

    #[actix_web::test]
    async fn a_kms_that_is_away_is_told_and_leaves_the_service_ready() {
        let body = r#"{"degraded":["the KMS cannot be used"],"status":"ready"}"#;
        assert_eq!(answer(Ok(Ok(()))).await, (200, body.to_owned()));
    }

    #[actix_web::test]
    async fn a_database_that_hangs_is_a_reason_too() {
        let hung = timeout(Duration::from_millis(1), pending::<Result<()>>()).await;
        let body = r#"{"reasons":["the database does not answer in time"],"status":"not ready"}"#;
        assert_eq!(answer(hung).await, (503, body.to_owned()));
    }
}
