//! DescribeRegions.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::refusal::Refusal;
use crate::http::State;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View<'a> {
    regions: Regions<'a>,
    request_id: &'a str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Regions<'a> {
    region: Vec<Region<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Region<'a> {
    region_id: &'a str,
    local_name: &'a str,
    /// Where clients go from here: `http.public_url` without its scheme or, where it is not set, where they came to.
    region_endpoint: &'a str,
    status: &'static str,
}

pub(super) fn list(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let public = state.settings.public_url.as_deref().and_then(|url| url.split_once("://"));
    let endpoint = public.map_or(call.frame.host.as_str(), |(_, authority)| authority.trim_end_matches('/'));
    let region = |id| Region { region_id: id, local_name: id, region_endpoint: endpoint, status: "available" };
    let regions = Regions { region: state.alibaba.ecs.keys().map(|id| region(id)).collect() };
    call.answer("DescribeRegionsResponse", &View { regions, request_id: call.request_id() })
}
