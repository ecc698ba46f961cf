//! What a create body must look like at each version, and what Nova says when it does not.
//!
//! The checks come in the order of Nova's JSON schema: a value's type, then its members in the schema's order, then the
//! required ones, then those that nobody knows. The first that fails is told.

use super::error::Error;
use super::microversion::Microversion;
use super::name::{self, Refused};
use super::python::{repr, repr_text, str};
use crate::domain::KeyKind;
use crate::http::extensions;
use crate::http::json::Json;

/// The members of a create body that the schema let pass. The extension members are in `keypair`, unread.
pub(super) struct CreateBody<'a> {
    pub(super) name: &'a str,
    pub(super) kind: KeyKind,
    pub(super) public_key: Option<&'a str>,
    /// An empty one counts as absent (recorded).
    pub(super) user_id: Option<&'a str>,
    pub(super) keypair: &'a Json,
}

/// Checks the body of a create request.
pub(super) fn create_body(body: &Json, version: Microversion) -> Result<CreateBody<'_>, Error> {
    let top = body.as_object().ok_or_else(|| Error::schema(format!("{} is not of type 'object'", repr(body))))?;
    let keypair = body.get("keypair");
    let inner = keypair.map(|keypair| keypair_members(keypair, version)).transpose()?;
    let inner = inner.ok_or_else(|| Error::schema("'keypair' is a required property".to_owned()))?;
    match unexpected(top, &["keypair"], version) {
        Some(reason) => Err(Error::schema(reason)),
        None => Ok(inner),
    }
}

fn keypair_members(keypair: &Json, version: Microversion) -> Result<CreateBody<'_>, Error> {
    let members = keypair
        .as_object()
        .ok_or_else(|| wrong("keypair", keypair, &format!("{} is not of type 'object'", repr(keypair))))?;
    let name = keypair.get("name").map(|value| key_pair_name(value, version)).transpose()?;
    let kind = member(keypair, "type", version).map(key_kind).transpose()?;
    let public_key = keypair.get("public_key").map(|value| text("public_key", value)).transpose()?;
    let user_id = member(keypair, "user_id", version).map(|value| text("user_id", value)).transpose()?;
    let required = |name: &str| wrong("keypair", keypair, &format!("'{name}' is a required property"));
    let name = name.ok_or_else(|| required("name"))?;
    if public_key.is_none() && version >= Microversion::IMPORT_ONLY {
        return Err(required("public_key"));
    }
    if let Some(reason) = unexpected(members, known(version), version) {
        return Err(wrong("keypair", keypair, &reason));
    }
    let user_id = user_id.filter(|user_id| !user_id.is_empty());
    Ok(CreateBody { name, kind: kind.unwrap_or(KeyKind::Ssh), public_key, user_id, keypair })
}

/// Nova's own members of `keypair` at a version.
fn known(version: Microversion) -> &'static [&'static str] {
    if version >= Microversion::USER_ID {
        &["name", "public_key", "type", "user_id"]
    } else if version >= Microversion::KEY_TYPE {
        &["name", "public_key", "type"]
    } else {
        &["name", "public_key"]
    }
}

/// A member, if the version knows it.
fn member<'a>(keypair: &'a Json, name: &str, version: Microversion) -> Option<&'a Json> {
    keypair.get(name).filter(|_| known(version).contains(&name))
}

fn key_pair_name(value: &Json, version: Microversion) -> Result<&str, Error> {
    name::read(text("name", value)?, version).map_err(|refused| match refused {
        Refused::Reason(reason) => wrong("name", value, &reason),
        Refused::Unprintable(rule) => {
            Error::schema(format!("An invalid 'name' value was provided. The name must be: {rule}"))
        }
    })
}

fn key_kind(value: &Json) -> Result<KeyKind, Error> {
    let word = text("type", value)?;
    KeyKind::parse(word)
        .ok_or_else(|| wrong("type", value, &format!("{} is not one of ['ssh', 'x509']", repr_text(word))))
}

fn text<'a>(field: &str, value: &'a Json) -> Result<&'a str, Error> {
    value.as_str().ok_or_else(|| wrong(field, value, &format!("{} is not of type 'string'", repr(value))))
}

pub(super) fn wrong(field: &str, value: &Json, reason: &str) -> Error {
    Error::schema(format!("Invalid input for field/attribute {field}. Value: {}. {reason}", str(value)))
}

/// Says which members nobody knows. The frozen API drops them without a word.
fn unexpected(members: &[(String, Json)], known: &[&str], version: Microversion) -> Option<String> {
    let is_unknown = |name: &&str| !known.contains(name) && !extensions::MEMBERS.contains(name);
    let unknown: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).filter(is_unknown).collect();
    (version != Microversion::FROZEN && !unknown.is_empty()).then(|| unexpected_names(unknown))
}

/// `Additional properties are not allowed ('alpha', 'zeta' were unexpected)`, sorted.
pub(super) fn unexpected_names(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    let verb = if names.len() == 1 { "was" } else { "were" };
    let names: Vec<String> = names.into_iter().map(repr_text).collect();
    format!("Additional properties are not allowed ({} {verb} unexpected)", names.join(", "))
}
