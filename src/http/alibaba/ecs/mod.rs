//! ECS, version 2014-05-26.

use actix_web::HttpResponse;

use super::call::Call;
use super::refusal::Refusal;
use crate::http::State;

/// Every action there is.
pub(super) async fn answer(action: &str, _call: &Call, _state: &State) -> Result<HttpResponse, Refusal> {
    match action {
        _ => Err(Refusal::unknown_action()),
    }
}
