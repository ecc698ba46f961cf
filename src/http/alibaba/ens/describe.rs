//! DescribeKeyPairs.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::names::{fingerprint, key_pair_id, read_key_pair_id};
use super::super::reading::number;
use super::super::refusal::Refusal;
use super::super::settings::FingerprintFormat;
use super::ROOT;
use super::refusals::{invalid, refused};
use crate::domain::{self, KeyPairName};
use crate::http::State;
use crate::service::{Hits, NamePattern, PageNumber, Search, Whose};

const USUAL_PAGE: usize = 10;
/// ENS documents none; a larger one is refused.
const LARGEST_PAGE: usize = 100;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View<'a> {
    key_pairs: KeyPairs<'a>,
    page_number: usize,
    page_size: usize,
    total_count: usize,
    request_id: &'a str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct KeyPairs<'a> {
    key_pair: Vec<KeyPair<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct KeyPair<'a> {
    creation_time: String,
    key_pair_finger_print: String,
    key_pair_id: String,
    key_pair_name: &'a str,
}

pub(super) async fn key_pairs(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let page = PageNumber {
        number: number(call, "PageNumber", 1, usize::MAX).ok_or_else(|| invalid("PageNumber"))?,
        size: number(call, "PageSize", USUAL_PAGE, LARGEST_PAGE).ok_or_else(|| invalid("PageSize"))?,
    };
    let Hits { total, page: hits } = match search(call)? {
        Some(search) => {
            let whose = Whose::Project(call.project.clone());
            state.alibaba.ens.search(&call.caller, &whose, &search, page).await.map_err(refused)?
        }
        None => Hits { total: 0, page: Vec::new() },
    };
    let format = state.alibaba.settings.fingerprint_format;
    let view = View {
        key_pairs: KeyPairs { key_pair: hits.iter().map(|hit| row(&hit.pair, format)).collect() },
        page_number: page.number,
        page_size: page.size,
        total_count: total,
        request_id: call.request_id(),
    };
    call.answer(ROOT, &view)
}

/// By name, by id, by both or by neither; `None`: no key pair can be what is named.
pub(super) fn search(call: &Call) -> Result<Option<Search>, Refusal> {
    let parameters = &call.parameters;
    let name = match parameters.get("KeyPairName") {
        None => NamePattern::Any,
        Some(raw) => NamePattern::OneOf(vec![KeyPairName::parse(raw).map_err(|_| invalid("KeyPairName"))?]),
    };
    let id = parameters.get("KeyPairId").map(read_key_pair_id);
    Ok(match id {
        Some(None) => None,
        Some(Some(id)) => Some(Search { name, id: Some(id), ..Search::default() }),
        None => Some(Search { name, ..Search::default() }),
    })
}

fn row(pair: &domain::KeyPair, format: FingerprintFormat) -> KeyPair<'_> {
    KeyPair {
        creation_time: pair.created_at.to_second(),
        key_pair_finger_print: fingerprint(pair, format),
        key_pair_id: key_pair_id(pair),
        key_pair_name: pair.name.as_str(),
    }
}
