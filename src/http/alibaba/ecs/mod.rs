//! ECS, version 2014-05-26.

mod describe;
mod description;
mod instances;
mod make;
mod reading;
mod refusals;
mod regions;
mod remove;
mod tag_rules;
mod tags;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use self::description::document;
use super::call::Call;
use super::refusal::Refusal;
use crate::http::State;

/// Every action there is.
pub(super) async fn answer(action: &str, call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    match action {
        "CreateKeyPair" => make::create(call, state).await,
        "ImportKeyPair" => make::import(call, state).await,
        "DescribeKeyPairs" => describe::key_pairs(call, state).await,
        "DeleteKeyPairs" => remove::key_pairs(call, state).await,
        "TagResources" => tags::add(call, state).await,
        "UntagResources" => tags::remove(call, state).await,
        "ListTagResources" => tags::list(call, state).await,
        "JoinResourceGroup" => tags::join_resource_group(call, state).await,
        "DescribeRegions" => regions::list(call, state),
        "DescribeInstances" => instances::list(call, state),
        "AttachKeyPair" | "DetachKeyPair" => Err(instances::bind(call, state)),
        _ => Err(Refusal::unknown_action()),
    }
}

/// The answer to an action that has nothing to tell.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Done<'a> {
    request_id: &'a str,
}

fn done(call: &Call, root: &str) -> Result<HttpResponse, Refusal> {
    call.answer(root, &Done { request_id: call.request_id() })
}
