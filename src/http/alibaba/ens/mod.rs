//! ENS, version 2017-11-10. It knows no regions: its key pairs are those of the service's own.

mod describe;
mod description;
mod make;
mod refusals;
mod regions;
mod remove;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use self::description::document;
use self::refusals::invalid;
use super::call::Call;
use super::refusal::Refusal;
use crate::http::State;

/// The root element of every answer in XML, as the metadata of Alibaba's command line has it; SDKs do not look at it.
const ROOT: &str = "ActionResponse";

/// Every action there is.
pub(super) async fn answer(action: &str, call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    match action {
        "CreateKeyPair" => make::create(call, state).await,
        "ImportKeyPair" => make::import(call, state).await,
        "DescribeKeyPairs" => describe::key_pairs(call, state).await,
        "DeleteKeyPairs" => remove::key_pair(call, state).await,
        "DescribeEnsRegions" => regions::list(call, state),
        // There are no instances.
        "AttachKeyPair" | "DetachKeyPair" => Err(invalid("InstanceIds")),
        _ => Err(Refusal::unknown_action()),
    }
}

/// The answer to an action that has nothing to tell.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Done<'a> {
    request_id: &'a str,
}

fn done(call: &Call) -> Result<HttpResponse, Refusal> {
    call.answer(ROOT, &Done { request_id: call.request_id() })
}
