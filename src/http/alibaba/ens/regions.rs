//! DescribeEnsRegions.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::refusal::Refusal;
use crate::http::State;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View<'a> {
    ens_regions: EnsRegions<'a>,
    request_id: &'a str,
}

/// Called alike outside and inside.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct EnsRegions<'a> {
    ens_regions: Vec<EnsRegion<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct EnsRegion<'a> {
    ens_region_id: &'a str,
    name: &'a str,
    en_name: &'a str,
    area: &'static str,
    province: &'static str,
}

/// The one place that there is.
pub(super) fn list(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let id = state.alibaba.ens.region().as_str();
    let asked = call.parameters.get("EnsRegionId");
    let region = EnsRegion { ens_region_id: id, name: id, en_name: id, area: "", province: "" };
    let ens_regions = if asked.is_none_or(|asked| asked == id) { vec![region] } else { Vec::new() };
    let view = View { ens_regions: EnsRegions { ens_regions }, request_id: call.request_id() };
    call.answer(super::ROOT, &view)
}
