//! Tags of key pairs that are there, and the group that they are in.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::refusal::Refusal;
use super::describe::tag_filters;
use super::done;
use super::reading::{key_pairs, known_resource_group};
use super::refusals::{invalid, no_such_resource, no_such_resource_type, null, refused};
use super::tag_rules::{self, MOST, Values, check_key};
use crate::domain::{Error, KeyPairName, Tag};
use crate::http::State;
use crate::service::{KeyPairs, NamePattern, Search, TagFilter, Whose};

/// Of all that has tags in ECS, this service has key pairs.
const RESOURCE_TYPE: &str = "keypair";
/// The most `ResourceId.N` (documentation).
const MOST_RESOURCES: usize = 50;
/// The most tags of one page of a list.
const LARGEST_PAGE: usize = 500;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View<'a> {
    request_id: &'a str,
    /// Empty on the last page.
    next_token: String,
    tag_resources: TagResources<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct TagResources<'a> {
    tag_resource: Vec<TagResource<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
struct TagResource<'a> {
    resource_id: &'a str,
    resource_type: &'static str,
    tag_key: &'a str,
    tag_value: &'a str,
}

/// TagResources: adds tags, and replaces those of the same key.
pub(super) async fn add(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (key_pairs, names) = resources(call, state)?;
    if names.is_empty() {
        return Err(null("ResourceIds"));
    }
    if call.parameters.indexed("Tag", ".Key").len() > MOST {
        return Err(exceeded("NumberExceed.Tags", "Tags", MOST));
    }
    let tags = tag_rules::tags(&call.parameters, MOST, Values::Others)?;
    if tags.is_empty() {
        return Err(null("Tags"));
    }
    refuse_keys_that_differ_by_case(&tags)?;
    let limit = state.alibaba.settings.tags_per_key_pair;
    let whose = Whose::Project(call.project.clone());
    key_pairs.tag(&call.caller, &whose, names, tags, limit).await.map_err(refused_here)?;
    done(call, "TagResourcesResponse")
}

/// UntagResources: takes the tags of some keys or, where none is named and `All` says so, all of them.
pub(super) async fn remove(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (key_pairs, names) = resources(call, state)?;
    if names.is_empty() {
        return Err(null("ResourceIds"));
    }
    let keys: Vec<String> = call.parameters.indexed("TagKey", "").into_iter().map(|(_, key)| key.to_owned()).collect();
    let names_keys = !keys.is_empty();
    if keys.len() > MOST {
        return Err(exceeded("NumberExceed.Tags", "Tags", MOST));
    }
    let wants_all = call.parameters.get("All").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    if !names_keys && !wants_all {
        return Err(null("Tags"));
    }
    // What no key can be is no key pair's.
    let possible = keys.into_iter().filter(|key| check_key(key).is_ok()).collect();
    let keys = names_keys.then_some(possible);
    let whose = Whose::Project(call.project.clone());
    key_pairs.untag(&call.caller, &whose, names, keys).await.map_err(refused_here)?;
    done(call, "UntagResourcesResponse")
}

/// ListTagResources: all tags of the key pairs that are named, or that have the tags that are.
pub(super) async fn list(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (key_pairs, names) = resources(call, state)?;
    let name = if names.is_empty() { NamePattern::Any } else { NamePattern::OneOf(names) };
    let search = Search { name, tags: filters(call)?, ..Search::default() };
    let after = call.parameters.get("NextToken").map(read_token).transpose()?;
    let whose = Whose::Project(call.project.clone());
    let found = key_pairs.search_tags(&call.caller, &whose, &search).await.map_err(refused)?;
    let rows = found.iter().flat_map(|(name, tags)| tags.iter().map(move |tag| row(name, tag)));
    let is_further = |row: &TagResource<'_>| after.as_ref().is_none_or(|after| place(row) > place_of(after));
    let mut rows: Vec<_> = rows.filter(is_further).take(LARGEST_PAGE + 1).collect();
    let is_last = rows.len() <= LARGEST_PAGE;
    rows.truncate(LARGEST_PAGE);
    let next_token = rows.last().filter(|_| !is_last).map(token).unwrap_or_default();
    let tag_resources = TagResources { tag_resource: rows };
    call.answer("ListTagResourcesResponse", &View { request_id: call.request_id(), next_token, tag_resources })
}

/// JoinResourceGroup: the one key pair that is named changes its group.
pub(super) async fn join_resource_group(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let required = |name| call.parameters.get(name).ok_or_else(|| null(name));
    let (region, kind) = (required("RegionId")?, required("ResourceType")?);
    let (resource, group) = (required("ResourceId")?, required("ResourceGroupId")?);
    let key_pairs = key_pairs(region, state)?;
    check_type(kind)?;
    let group = known_resource_group(group, state)?;
    let name = KeyPairName::parse(resource).map_err(|_| no_such_resource())?;
    let whose = Whose::Project(call.project.clone());
    key_pairs.join_group(&call.caller, &whose, &name, group).await.map_err(refused_here)?;
    done(call, "JoinResourceGroupResponse")
}

/// The key pairs of the region, and the names of those that are meant; a name is what Terraform and people know one by.
fn resources<'s>(call: &Call, state: &'s State) -> Result<(&'s KeyPairs, Vec<KeyPairName>), Refusal> {
    let region = call.parameters.get("RegionId").ok_or_else(|| null("RegionId"))?;
    let kind = call.parameters.get("ResourceType").ok_or_else(|| null("ResourceType"))?;
    let key_pairs = key_pairs(region, state)?;
    check_type(kind)?;
    let ids = call.parameters.indexed("ResourceId", "");
    if ids.len() > MOST_RESOURCES {
        return Err(exceeded("NumberExceed.ResourceIds", "ResourceIds", MOST_RESOURCES));
    }
    let names: Result<Vec<KeyPairName>, Refusal> =
        ids.into_iter().map(|(_, id)| KeyPairName::parse(id).map_err(|_| no_such_resource())).collect();
    let mut names = names?;
    names.sort_unstable();
    names.dedup();
    Ok((key_pairs, names))
}

fn check_type(kind: &str) -> Result<(), Refusal> {
    if kind.eq_ignore_ascii_case(RESOURCE_TYPE) { Ok(()) } else { Err(no_such_resource_type()) }
}

fn exceeded(code: &'static str, what: &str, most: usize) -> Refusal {
    Refusal::bad(code, format!("The {what} parameter's number is exceed , Valid : {most}."))
}

fn refuse_keys_that_differ_by_case(tags: &[Tag]) -> Result<(), Refusal> {
    let mut keys: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() == tags.len() {
        return Ok(());
    }
    let message = "The specified TagKeys are duplicated but for the case of their letters.";
    Err(Refusal::new(StatusCode::FORBIDDEN, "TagKey.Duplication", message))
}

/// In the words of the tables of these actions.
fn refused_here(error: Error) -> Refusal {
    match error {
        Error::NotFound(_) => no_such_resource(),
        Error::TooManyTags { .. } => {
            let message = "The quota of tags on resource is beyond permitted range.";
            Refusal::bad("OperationDenied.QuotaExceed", message)
        }
        error => refused(error),
    }
}

/// `Tag.N`, or `TagFilter.N` with one key and some values each; not both.
fn filters(call: &Call) -> Result<Vec<TagFilter>, Refusal> {
    let parameters = &call.parameters;
    let has_tags = !parameters.indexed("Tag", ".Key").is_empty();
    if !has_tags && !parameters.indexed("Tag", ".Value").is_empty() {
        return Err(Refusal::bad("InvalidParameter.TagValue", "The specified parameter TagValue is not valid."));
    }
    let by_filter = tag_filter_parameters(call)?;
    if by_filter.is_empty() {
        return tag_filters(call, || exceeded("NumberExceed.Tags", "Tags", MOST));
    }
    if has_tags { Err(invalid("TagFilter")) } else { Ok(by_filter) }
}

/// A value whose key is not there would else be passed over, and all that has tags be listed.
fn tag_filter_parameters(call: &Call) -> Result<Vec<TagFilter>, Refusal> {
    let parameters = &call.parameters;
    let keys = parameters.indexed("TagFilter", ".TagKey");
    let has_key = |number: &str| keys.iter().any(|(keyed, key)| keyed.to_string() == number && !key.is_empty());
    let mut numbers = parameters.names().filter_map(|name| name.strip_prefix("TagFilter.")?.split('.').next());
    if !numbers.all(has_key) {
        return Err(invalid("TagFilter"));
    }
    if keys.len() > MOST {
        return Err(exceeded("NumberExceed.Tags", "Tags", MOST));
    }
    let filter = |(number, key): (u32, &str)| {
        let values = parameters.indexed(&format!("TagFilter.{number}.TagValues"), "");
        TagFilter { key: key.to_owned(), values: values.into_iter().map(|(_, value)| value.to_owned()).collect() }
    };
    Ok(keys.into_iter().map(filter).collect())
}

fn row<'a>(name: &'a KeyPairName, tag: &'a Tag) -> TagResource<'a> {
    let (tag_key, tag_value) = (tag.key.as_str(), tag.value.as_str());
    TagResource { resource_id: name.as_str(), resource_type: RESOURCE_TYPE, tag_key, tag_value }
}

/// Rows are in this order.
fn place<'a>(row: &TagResource<'a>) -> (&'a str, &'a str) {
    (row.resource_id, row.tag_key)
}

fn place_of((name, key): &(String, String)) -> (&str, &str) {
    (name, key)
}

/// Where the next page goes on: after this row, whatever has become of it by then.
fn token(row: &TagResource<'_>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}\0{}", row.resource_id, row.tag_key))
}

fn read_token(token: &str) -> Result<(String, String), Refusal> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let read = decoded.as_deref().and_then(|text| text.split_once('\0'));
    read.map(|(name, key)| (name.to_owned(), key.to_owned())).ok_or_else(|| invalid("NextToken"))
}
