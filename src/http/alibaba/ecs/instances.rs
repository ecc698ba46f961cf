//! What is about instances, of which there are none.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::refusal::Refusal;
use super::reading::{key_pairs, required};
use super::refusals::bad_instances;
use crate::http::State;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View<'a> {
    instances: Instances,
    next_token: &'static str,
    page_number: u32,
    page_size: u32,
    total_count: u32,
    request_id: &'a str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Instances {
    #[schema(value_type = Vec<String>, max_items = 0)]
    instance: [(); 0],
}

/// DescribeInstances: Terraform's data source asks for those of each key pair.
pub(super) fn list(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    key_pairs(required(call, "RegionId")?, state)?;
    let view = View {
        instances: Instances { instance: [] },
        next_token: "",
        page_number: 1,
        page_size: 10,
        total_count: 0,
        request_id: call.request_id(),
    };
    call.answer("DescribeInstancesResponse", &view)
}

/// AttachKeyPair and DetachKeyPair: whatever instances are named, there are none such.
pub(super) fn bind(call: &Call, state: &State) -> Refusal {
    let parameters = ["RegionId", "KeyPairName", "InstanceIds"].map(|name| required(call, name));
    match parameters {
        [Ok(region), Ok(_), Ok(_)] => key_pairs(region, state).err().unwrap_or_else(bad_instances),
        parameters => parameters.into_iter().find_map(Result::err).unwrap_or_else(bad_instances),
    }
}
