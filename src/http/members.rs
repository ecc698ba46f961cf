//! Reads the members of a body's objects. What is wrong with one is `Error::Invalid` under its path, such as
//! `key_protection.encryption.type`.

use super::echo::shown;
use super::json::Json;
use crate::domain::{Error, Result};

/// The longest part of a caller's word that an answer repeats, in characters.
const LONGEST_ECHO: usize = 64;

/// The member that the last part of `path` names; `None` where the object has none.
pub fn member<'a>(object: &'a Json, path: &'static str) -> Option<&'a Json> {
    let name = path.rsplit('.').next().unwrap_or(path);
    object.get(name)
}

/// The text of the member at `path`; `None` where there is none. Anything but a string is `Invalid`, `null` too.
pub fn text<'a>(object: &'a Json, path: &'static str) -> Result<Option<&'a str>> {
    match member(object, path) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| invalid(path, "must be a string")),
    }
}

/// The text of the member at `path`, which must be there.
pub fn required_text<'a>(object: &'a Json, path: &'static str) -> Result<&'a str> {
    text(object, path)?.ok_or_else(|| missing(path))
}

/// The object at `path`, which must be there and have no members but those `known`.
pub fn required_object<'a>(parent: &'a Json, path: &'static str, known: &[&str]) -> Result<&'a Json> {
    let object = member(parent, path).ok_or_else(|| missing(path))?;
    refuse_unknown(object, path, known)?;
    Ok(object)
}

/// Refuses what is not an object, and an object with a member that is not `known`: a misspelt `key_protection` would
/// otherwise pass in silence, and the private key that its sender believes kept be lost.
pub fn refuse_unknown(object: &Json, path: &'static str, known: &[&str]) -> Result<()> {
    let members = object.as_object().ok_or_else(|| invalid(path, "must be an object"))?;
    match members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, _)) => {
            let echo: String = shown(name).chars().take(LONGEST_ECHO).collect();
            Err(invalid(path, format!("has no member '{echo}'; its members are {}", known.join(", "))))
        }
    }
}

/// `Error::Invalid` for the member at `path`.
pub fn invalid(path: &'static str, reason: impl Into<String>) -> Error {
    Error::Invalid { field: path, reason: reason.into() }
}

fn missing(path: &'static str) -> Error {
    invalid(path, "is required")
}
