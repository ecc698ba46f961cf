//! What the bodies of both versions have in common.

use crate::domain::{KeyKind, KeyPairName, Result, UserId};
use crate::http::json::Json;
use crate::http::members::{self, invalid};
use crate::service::Whose;

/// The longest description, in characters (KPS V2.1 documentation).
pub(super) const LONGEST_DESCRIPTION: usize = 255;

/// Reads `{"keypair": {"description"}}`.
pub(super) fn description(body: &Json) -> Result<&str> {
    let description = members::required_text(keypair(body, &["description"])?, "description")?;
    let fits = description.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    if description.chars().count() > LONGEST_DESCRIPTION || !fits {
        let reason =
            format!("must have at most {LONGEST_DESCRIPTION} characters, controls only as line breaks and tabs");
        return Err(invalid("description", reason));
    }
    Ok(description)
}

/// The one member of every body, which must have no members but those `known`.
pub(super) fn keypair<'a>(body: &'a Json, known: &[&str]) -> Result<&'a Json> {
    members::refuse_unknown(body, "body", &["keypair"])?;
    members::required_object(body, "keypair", known)
}

/// The name in a body: letters, digits, `_` and `-`, at most so many.
pub(super) fn name(keypair: &Json, longest: usize) -> Result<KeyPairName> {
    let raw = members::required_text(keypair, "name")?;
    let fits = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if raw.is_empty() || raw.len() > longest || !fits {
        return Err(invalid("name", format!("must have 1 to {longest} letters, digits, '_' or '-'")));
    }
    KeyPairName::parse(raw)
}

/// The name in a body of a key pair that is there, which may be one that only another dialect gives: what is listed can be
/// shown, exported and deleted.
pub(super) fn existing_name(keypair: &Json) -> Result<KeyPairName> {
    let raw = members::required_text(keypair, "name")?;
    KeyPairName::parse(raw).map_err(|_| invalid("name", "cannot be the name of a key pair"))
}

/// The same in a path.
pub(super) fn name_in_path(raw: &str) -> Result<KeyPairName> {
    KeyPairName::parse(raw).map_err(|_| invalid("keypair_name", "cannot be the name of a key pair"))
}

/// The user that a body names; an empty `user_id` counts as absent, as in Nova (recorded).
pub(super) fn whose(keypair: &Json) -> Result<Whose> {
    match members::text(keypair, "user_id")? {
        None | Some("") => Ok(Whose::Callers),
        Some(user) => Ok(Whose::User(UserId::parse(user)?)),
    }
}

pub(super) fn kind(keypair: &Json) -> Result<KeyKind> {
    match members::text(keypair, "type")? {
        None => Ok(KeyKind::Ssh),
        Some(word) => KeyKind::parse(word).ok_or_else(|| invalid("type", "must be 'ssh' or 'x509'")),
    }
}
