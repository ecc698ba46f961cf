//! What tags may be.

use std::collections::{BTreeMap, BTreeSet};

use super::super::parameters::Parameters;
use super::super::refusal::Refusal;
use super::refusals::{bad_tag_key, bad_tag_value, duplicate_tag_key, too_many_tags};
use crate::domain::Tag;

/// The longest key and the longest value, in characters (documentation; older pages say 64).
const LONGEST: usize = 128;
/// How many `Tag.N` a request may have.
pub(super) const MOST: usize = 20;
const ADDRESSES: [&str; 2] = ["http://", "https://"];
const RESERVED_KEYS: [&str; 2] = ["aliyun", "acs:"];

/// Whether a value may begin with `acs:`: only the documentation of CreateKeyPair refuses that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    OfCreate,
    Others,
}

/// The `Tag.N.Key` and `Tag.N.Value` of a request, each key once. A value that is not sent is empty.
pub(super) fn tags(parameters: &Parameters, most: usize, rule: Values) -> Result<Vec<Tag>, Refusal> {
    let keys = parameters.indexed("Tag", ".Key");
    let values: BTreeMap<u32, &str> = parameters.indexed("Tag", ".Value").into_iter().collect();
    let numbers: BTreeSet<u32> = keys.iter().map(|(number, _)| *number).collect();
    if values.keys().any(|number| !numbers.contains(number)) {
        return Err(bad_tag_key());
    }
    if keys.len() > most {
        return Err(too_many_tags(most));
    }
    let mut tags: Vec<Tag> = Vec::with_capacity(keys.len());
    for (number, key) in keys {
        let value = values.get(&number).copied().unwrap_or_default();
        check_key(key)?;
        check_value(value, rule)?;
        if tags.iter().any(|tag| tag.key == key) {
            return Err(duplicate_tag_key());
        }
        tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
    }
    Ok(tags)
}

pub(super) fn check_key(key: &str) -> Result<(), Refusal> {
    let is_reserved = RESERVED_KEYS.iter().any(|begin| key.starts_with(begin));
    if key.is_empty() || is_reserved || !is_text(key) { Err(bad_tag_key()) } else { Ok(()) }
}

fn check_value(value: &str, rule: Values) -> Result<(), Refusal> {
    let is_reserved = rule == Values::OfCreate && value.starts_with("acs:");
    if is_reserved || !is_text(value) { Err(bad_tag_value()) } else { Ok(()) }
}

fn is_text(text: &str) -> bool {
    let has_address = ADDRESSES.iter().any(|address| text.contains(address));
    text.chars().count() <= LONGEST && !has_address && !text.chars().any(char::is_control)
}
