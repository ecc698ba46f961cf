//! DescribeKeyPairs.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::names::{fingerprint, read_fingerprint};
use super::super::reading::number;
use super::super::refusal::Refusal;
use super::super::settings::FingerprintFormat;
use super::reading::{key_pairs as of_region, required};
use super::refusals::{bad_tag_key, invalid, refused, too_many_tags};
use super::tag_rules::MOST;
use crate::domain::{KeyPairName, ResourceGroupId, Tag};
use crate::http::State;
use crate::service::{Hit, Hits, NamePattern, PageNumber, Search, TagFilter, Whose};

const USUAL_PAGE: usize = 10;
/// A larger one is refused. Terraform reads pages of this size and stops at the first that is shorter.
const LARGEST_PAGE: usize = 50;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View<'a> {
    page_number: usize,
    page_size: usize,
    total_count: usize,
    request_id: &'a str,
    key_pairs: KeyPairs<'a>,
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
    key_pair_name: &'a str,
    key_pair_finger_print: String,
    /// Empty for the default one.
    resource_group_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<&'a str>,
    tags: Tags<'a>,
}

/// An object with an array in it also where there is none: Terraform casts it without a look.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct Tags<'a> {
    tag: Vec<TagView<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct TagView<'a> {
    tag_key: &'a str,
    tag_value: &'a str,
}

/// Whether the public key is part of a row.
#[derive(Clone, Copy)]
enum PublicKey {
    Shown,
    LeftOut,
}

pub(super) async fn key_pairs(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let key_pairs = of_region(required(call, "RegionId")?, state)?;
    let page = PageNumber {
        number: number(call, "PageNumber", 1, usize::MAX).ok_or_else(|| invalid("PageNumber"))?,
        size: number(call, "PageSize", USUAL_PAGE, LARGEST_PAGE).ok_or_else(|| invalid("PageSize"))?,
    };
    let (search, public_key) = (search(call)?, public_key(call)?);
    let whose = Whose::Project(call.project.clone());
    let Hits { total, page: hits } = key_pairs.search(&call.caller, &whose, &search, page).await.map_err(refused)?;
    let format = state.alibaba.settings.fingerprint_format;
    let view = View {
        page_number: page.number,
        page_size: page.size,
        total_count: total,
        request_id: call.request_id(),
        key_pairs: KeyPairs { key_pair: hits.iter().map(|hit| row(hit, public_key, format)).collect() },
    };
    call.answer("DescribeKeyPairsResponse", &view)
}

fn search(call: &Call) -> Result<Search, Refusal> {
    let parameters = &call.parameters;
    let group = parameters.get("ResourceGroupId").map(ResourceGroupId::parse).transpose();
    Ok(Search {
        name: parameters.get("KeyPairName").map_or(Ok(NamePattern::Any), name_pattern)?,
        fingerprint: parameters.get("KeyPairFingerPrint").map(read_fingerprint),
        id: None,
        resource_group: group.map_err(|_| invalid("ResourceGroupId"))?,
        tags: tag_filters(call, || too_many_tags(MOST))?,
    })
}

/// `X`, `X*`, `*X` or `*X*`. A star elsewhere is a character that no name here has.
fn name_pattern(written: &str) -> Result<NamePattern, Refusal> {
    let (begins, ends) = (written.starts_with('*'), written.ends_with('*'));
    let part = written.trim_matches('*').to_owned();
    Ok(match (begins, ends) {
        _ if part.is_empty() => NamePattern::Any,
        (true, true) => NamePattern::Containing(part),
        (true, false) => NamePattern::Ending(part),
        (false, true) => NamePattern::Beginning(part),
        (false, false) => NamePattern::OneOf(vec![KeyPairName::parse(&part).map_err(|_| invalid("KeyPairName"))?]),
    })
}

/// `Tag.N.Key`, and with a `Tag.N.Value` only those of that value; `too_many` says what more than 20 are.
pub(super) fn tag_filters(call: &Call, too_many: impl Fn() -> Refusal) -> Result<Vec<TagFilter>, Refusal> {
    let keys = call.parameters.indexed("Tag", ".Key");
    let values = call.parameters.indexed("Tag", ".Value");
    if keys.len() > MOST {
        return Err(too_many());
    }
    let has_key = |number: &u32| keys.iter().any(|(keyed, key)| keyed == number && !key.is_empty());
    if keys.iter().any(|(_, key)| key.is_empty()) || !values.iter().all(|(number, _)| has_key(number)) {
        return Err(bad_tag_key());
    }
    let value_of = |number: u32| values.iter().filter(move |(valued, _)| *valued == number);
    let filter = |&(number, key): &(u32, &str)| TagFilter {
        key: key.to_owned(),
        values: value_of(number).map(|(_, value)| (*value).to_owned()).collect(),
    };
    Ok(keys.iter().map(filter).collect())
}

fn public_key(call: &Call) -> Result<PublicKey, Refusal> {
    match call.parameters.get("IncludePublicKey") {
        Some(word) if word.eq_ignore_ascii_case("true") => Ok(PublicKey::Shown),
        Some(word) if word.eq_ignore_ascii_case("false") => Ok(PublicKey::LeftOut),
        Some(_) => Err(invalid("IncludePublicKey")),
        None => Ok(PublicKey::LeftOut),
    }
}

fn row<'a>(Hit { pair, tags }: &'a Hit, public_key: PublicKey, format: FingerprintFormat) -> KeyPair<'a> {
    KeyPair {
        creation_time: pair.created_at.to_minute(),
        key_pair_name: pair.name.as_str(),
        key_pair_finger_print: fingerprint(pair, format),
        resource_group_id: pair.resource_group.as_ref().map_or("", ResourceGroupId::as_str),
        public_key: match public_key {
            PublicKey::Shown => Some(&pair.public_key),
            PublicKey::LeftOut => None,
        },
        tags: Tags { tag: tags.iter().map(tag).collect() },
    }
}

fn tag(tag: &Tag) -> TagView<'_> {
    TagView { tag_key: &tag.key, tag_value: &tag.value }
}
