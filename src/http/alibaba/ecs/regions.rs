//! DescribeRegions.

use actix_web::HttpResponse;
use serde::Serialize;

use super::super::call::Call;
use super::super::refusal::Refusal;
use crate::http::State;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View<'a> {
    regions: Regions<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Regions<'a> {
    region: Vec<Region<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Region<'a> {
    region_id: &'a str,
    local_name: &'a str,
    /// Where clients go from here: where they came to.
    region_endpoint: &'a str,
    status: &'static str,
}

pub(super) fn list(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let region = |id| Region { region_id: id, local_name: id, region_endpoint: &call.frame.host, status: "available" };
    let regions = Regions { region: state.alibaba.ecs.keys().map(|id| region(id)).collect() };
    call.answer("DescribeRegionsResponse", &View { regions, request_id: call.request_id() })
}
