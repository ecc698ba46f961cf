//! What bodies that set limits must look like at each version, and what Nova says when they do not.

use std::cmp::Ordering;

use super::error::Error;
use super::microversion::Microversion;
use super::python::{repr, repr_text};
use super::schema::{unexpected_names, wrong};
use crate::domain::{Limit, Resource};
use crate::http::json::Json;
use crate::service::{Agreement, Change};

/// The words that count as true or false in `force`, besides the two JSON has.
pub(super) const YES: [&str; 12] = ["True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t"];
pub(super) const NO: [&str; 12] = ["False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f"];

/// Whether a quota set has the resource at that version.
pub(super) fn in_quota_set(resource: Resource, version: Microversion) -> bool {
    is_shown(resource, version, Microversion::NO_NETWORK_QUOTAS)
}

/// Whether a quota class takes the resource at that version.
pub(super) fn in_class_body(resource: Resource, version: Microversion) -> bool {
    is_shown(resource, version, Microversion::CLASSES_AS_QUOTAS)
}

fn is_shown(resource: Resource, version: Microversion, no_network: Microversion) -> bool {
    match resource {
        Resource::FixedIps | Resource::FloatingIps | Resource::SecurityGroupRules | Resource::SecurityGroups => {
            version < no_network
        }
        Resource::InjectedFileContentBytes | Resource::InjectedFilePathBytes | Resource::InjectedFiles => {
            version < Microversion::NO_INJECTED_FILES
        }
        Resource::Cores
        | Resource::Instances
        | Resource::KeyPairs
        | Resource::MetadataItems
        | Resource::Ram
        | Resource::ServerGroupMembers
        | Resource::ServerGroups => true,
    }
}

/// Checks the body that sets limits of a project or a user, `{"quota_set": {…}}`.
pub(super) fn update_body(body: &Json, version: Microversion) -> Result<Change, Error> {
    let set = inner(body, "quota_set", version)?;
    let agreement = set.get("force").map_or(Ok(Agreement::Checked), force)?;
    let limits = limits("quota_set", set, version, &["force"], in_quota_set)?;
    Ok(Change { limits, agreement })
}

/// Checks the body that sets limits of a class.
pub(super) fn class_body(body: &Json, version: Microversion) -> Result<Vec<(Resource, Limit)>, Error> {
    let set = inner(body, "quota_class_set", version)?;
    limits("quota_class_set", set, version, &[], in_class_body)
}

/// The one member of the body.
fn inner<'a>(body: &'a Json, name: &str, version: Microversion) -> Result<&'a Json, Error> {
    let top = body.as_object().ok_or_else(|| Error::schema(format!("{} is not of type 'object'", repr(body))))?;
    let inner = body.get(name).ok_or_else(|| Error::schema(format!("'{name}' is a required property")))?;
    let unknown: Vec<&str> = top.iter().map(|(key, _)| key.as_str()).filter(|key| *key != name).collect();
    if version != Microversion::FROZEN && !unknown.is_empty() {
        return Err(Error::schema(unexpected_names(unknown)));
    }
    Ok(inner)
}

/// The limits among the members; `others` are members that are none. The frozen API drops what it does not know.
fn limits(
    name: &str,
    set: &Json,
    version: Microversion,
    others: &[&str],
    is_known: impl Fn(Resource, Microversion) -> bool,
) -> Result<Vec<(Resource, Limit)>, Error> {
    let members = set.as_object().ok_or_else(|| wrong(name, set, &format!("{} is not of type 'object'", repr(set))))?;
    let mut limits = Vec::new();
    let mut unknown = Vec::new();
    for (key, value) in members {
        match Resource::parse(key).filter(|resource| is_known(*resource, version)) {
            Some(resource) => limits.push((resource, limit(resource, value)?)),
            None if others.contains(&key.as_str()) => {}
            None => unknown.push(key.as_str()),
        }
    }
    if version != Microversion::FROZEN && !unknown.is_empty() {
        return Err(wrong(name, set, &unexpected_names(unknown)));
    }
    Ok(limits)
}

/// A number, also in quotes.
fn limit(resource: Resource, value: &Json) -> Result<Limit, Error> {
    let field = resource.as_str();
    let digits = match value {
        Json::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        Json::String(text) if is_integer(text) => text.to_string(),
        Json::String(text) => {
            return Err(wrong(field, value, &format!("{} does not match '^-?[0-9]+$'", repr_text(text))));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            return Err(wrong(field, value, &format!("{} is not of type 'integer', 'string'", repr(value))));
        }
    };
    // More digits than fit are far out of the range, on the side that the sign tells.
    let beyond = if digits.starts_with('-') { i64::MIN } else { i64::MAX };
    let number = digits.parse().unwrap_or(beyond);
    Limit::from_number(number).ok_or_else(|| {
        wrong(
            field,
            value,
            &match number.cmp(&0) {
                Ordering::Less => format!("{digits} is less than the minimum of -1"),
                Ordering::Equal | Ordering::Greater => {
                    format!("{digits} is greater than the maximum of {}", Limit::LARGEST)
                }
            },
        )
    })
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn force(value: &Json) -> Result<Agreement, Error> {
    match value {
        Json::Bool(true) => Ok(Agreement::Forced),
        Json::Bool(false) => Ok(Agreement::Checked),
        Json::String(text) if YES.contains(&text.as_str()) => Ok(Agreement::Forced),
        Json::String(text) if NO.contains(&text.as_str()) => Ok(Agreement::Checked),
        Json::String(_) => {
            let words = |words: [&str; 12]| words.map(repr_text).join(", ");
            let reason = format!("{} is not one of [True, {}, False, {}]", repr(value), words(YES), words(NO));
            Err(wrong("force", value, &reason))
        }
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Err(wrong("force", value, &format!("{} is not of type 'boolean', 'string'", repr(value))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str, version: Microversion) -> String {
        let body = Json::parse(body.as_bytes()).unwrap();
        update_body(&body, version).err().map(|error| error.fault().message).unwrap_or_default()
    }

    #[test]
    fn a_limit_is_an_integer_also_in_quotes() {
        let begin = "Invalid input for field/attribute key_pairs. Value: ";
        for (value, end) in [
            ("3", ""),
            ("\"3\"", ""),
            ("-1", ""),
            ("2147483647", ""),
            ("\"many\"", "many. 'many' does not match '^-?[0-9]+$'"),
            ("\"\"", ". '' does not match '^-?[0-9]+$'"),
            ("-2", "-2. -2 is less than the minimum of -1"),
            ("2147483648", "2147483648. 2147483648 is greater than the maximum of 2147483647"),
            (
                "\"-99999999999999999999\"",
                "-99999999999999999999. -99999999999999999999 is less than the minimum of -1",
            ),
            ("null", "None. None is not of type 'integer', 'string'"),
            ("true", "True. True is not of type 'integer', 'string'"),
            ("1.5", "1.5. 1.5 is not of type 'integer', 'string'"),
        ] {
            let told = told(&format!(r#"{{"quota_set": {{"key_pairs": {value}}}}}"#), Microversion::NEWEST);
            assert_eq!(told, if end.is_empty() { String::new() } else { format!("{begin}{end}") }, "{value}");
        }
    }

    #[test]
    fn members_that_a_version_does_not_know_are_refused_except_by_the_frozen_api() {
        let body = r#"{"quota_set": {"fixed_ips": 3, "injected_files": 1}}"#;
        let begin = "Invalid input for field/attribute quota_set. Value: {'fixed_ips': 3, 'injected_files': 1}. ";
        assert_eq!(told(body, Microversion::OLDEST), "");
        let end = "Additional properties are not allowed ('fixed_ips' was unexpected)";
        assert_eq!(told(body, Microversion::NO_NETWORK_QUOTAS), format!("{begin}{end}"));
        let end = "Additional properties are not allowed ('fixed_ips', 'injected_files' were unexpected)";
        assert_eq!(told(body, Microversion::NO_INJECTED_FILES), format!("{begin}{end}"));
        assert_eq!(told(r#"{"quota_set": {"zzz": 3}, "more": 1}"#, Microversion::FROZEN), "");
    }

    #[test]
    fn force_is_a_boolean_or_a_word_for_one() {
        let forced = |value: &str| {
            let body = Json::parse(format!(r#"{{"quota_set": {{"force": {value}}}}}"#).as_bytes()).unwrap();
            update_body(&body, Microversion::NEWEST).ok().map(|body| body.agreement)
        };
        assert_eq!(forced("true"), Some(Agreement::Forced));
        assert_eq!(forced("\"True\""), Some(Agreement::Forced));
        assert_eq!(forced("\"off\""), Some(Agreement::Checked));
        assert_eq!(forced("\"maybe\""), None);
        assert_eq!(forced("1"), None);
    }
}
