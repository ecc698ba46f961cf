//! What probes are told. They read what was seen last: a database that hangs holds up no probe.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde_json::json;

use crate::http::State;

/// The process answers. Depends on nothing else: restarting would not mend a database.
pub(super) async fn live() -> HttpResponse {
    unstored(HttpResponse::Ok(), &json!({"status": "live"}))
}

/// Whether everything was looked at once: migrations and the vault's keys precede the listener, and what follows is
/// [`ready`]'s to tell.
pub(super) async fn startup(state: Data<State>) -> HttpResponse {
    if state.readiness.is_started() {
        unstored(HttpResponse::Ok(), &json!({"status": "started"}))
    } else {
        unstored(HttpResponse::ServiceUnavailable(), &json!({"status": "starting"}))
    }
}

/// Whether requests may be sent here, and what was seen of all that they need, in words that tell no cause: whoever
/// reaches this port need not know which database there is.
pub(super) async fn ready(state: Data<State>) -> HttpResponse {
    let report = state.readiness.report();
    let answer = if report.status.takes_requests() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    unstored(answer, &report)
}

fn unstored(mut answer: HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    answer.insert_header((CACHE_CONTROL, "no-store")).json(body)
}
