//! Bodies in and out.

use serde::Serialize;

use crate::domain::{KeyKind, KeyPair, KeyPairName, PrivateKeyPem, Result, UserId};
use crate::http::extensions::{self, Extensions};
use crate::http::json::Json;
use crate::http::members::{self, invalid};
use crate::service::{Created, NewKeyPair, Whose};
use crate::ssh::LineEnd;

/// The longest name, in characters (KPS V2.1 documentation).
const LONGEST_NAME: usize = 64;
/// The longest description, in characters (KPS V2.1 documentation).
const LONGEST_DESCRIPTION: usize = 255;

/// Reads `{"keypair": {"name", "public_key"?, "user_id"?, "type"?, "key_protection"?, …}}`.
pub(super) fn new_key_pair(body: &Json) -> Result<NewKeyPair> {
    let known = [&["name", "public_key", "user_id", "type"][..], &extensions::MEMBERS[..]].concat();
    let keypair = keypair(body, &known)?;
    let public_key = members::text(keypair, "public_key")?.map(str::to_owned);
    Ok(NewKeyPair {
        whose: whose(keypair)?,
        name: name(members::required_text(keypair, "name")?)?,
        kind: kind(keypair)?,
        origin: Extensions::read(keypair)?.into_origin(public_key, LineEnd::Newline)?,
    })
}

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

/// The name in a path, which may be one that only another dialect gives: what is listed can be shown and deleted.
pub(super) fn name_in_path(raw: &str) -> Result<KeyPairName> {
    KeyPairName::parse(raw).map_err(|_| invalid("keypair_name", "cannot be the name of a key pair"))
}

pub(super) fn keypair<'a>(body: &'a Json, known: &[&str]) -> Result<&'a Json> {
    members::refuse_unknown(body, "body", &["keypair"])?;
    members::required_object(body, "keypair", known)
}

fn name(raw: &str) -> Result<KeyPairName> {
    let fits = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if raw.is_empty() || raw.len() > LONGEST_NAME || !fits {
        let reason = format!("must have 1 to {LONGEST_NAME} letters, digits, '_' or '-'");
        return Err(invalid("name", reason));
    }
    KeyPairName::parse(raw)
}

/// An empty `user_id` counts as absent, as in Nova (recorded).
pub(super) fn whose(keypair: &Json) -> Result<Whose> {
    match members::text(keypair, "user_id")? {
        None | Some("") => Ok(Whose::Callers),
        Some(user) => Ok(Whose::User(UserId::parse(user)?)),
    }
}

fn kind(keypair: &Json) -> Result<KeyKind> {
    match members::text(keypair, "type")? {
        None => Ok(KeyKind::Ssh),
        Some(word) => KeyKind::parse(word).ok_or_else(|| invalid("type", "must be 'ssh' or 'x509'")),
    }
}

/// KPS wraps each key pair once more, alone and in lists.
#[derive(Serialize)]
pub(super) struct Wrapped<T> {
    keypair: T,
}

impl<T> Wrapped<T> {
    pub(super) const fn new(keypair: T) -> Self {
        Self { keypair }
    }
}

#[derive(Serialize)]
pub(super) struct List<T> {
    keypairs: Vec<Wrapped<T>>,
}

/// The only body with a private key: of a generated pair, also where it is kept as well.
#[derive(Serialize)]
pub(super) struct Made {
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "PrivateKeyPem::serialize_exposed")]
    private_key: Option<PrivateKeyPem>,
    user_id: String,
    name: String,
    fingerprint: String,
}

#[derive(Serialize)]
pub(super) struct Entry<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    is_key_protection: bool,
}

/// Types are those of the documentation's examples, which clients decode; its tables say otherwise.
#[derive(Serialize)]
pub(super) struct Detail<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    user_id: &'a str,
    id: i64,
    /// `2014-05-07T12:06:13.681238`: UTC without a zone letter.
    created_at: String,
    updated_at: Option<String>,
    deleted: bool,
    deleted_at: Option<String>,
    is_key_protection: bool,
    description: &'a str,
}

pub(super) fn created(created: Created) -> Wrapped<Made> {
    let Created { pair, private_key } = created;
    let keypair = Made {
        public_key: pair.public_key,
        private_key,
        user_id: pair.user.to_string(),
        name: pair.name.to_string(),
        fingerprint: pair.fingerprint.to_string(),
    };
    Wrapped { keypair }
}

pub(super) fn listed(pairs: &[KeyPair]) -> List<Entry<'_>> {
    let entry = |pair| Wrapped { keypair: entry(pair) };
    List { keypairs: pairs.iter().map(entry).collect() }
}

fn entry(pair: &KeyPair) -> Entry<'_> {
    Entry {
        name: pair.name.as_str(),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        is_key_protection: pair.has_private_key,
    }
}

pub(super) fn shown(pair: &KeyPair) -> Wrapped<Detail<'_>> {
    let keypair = Detail {
        name: pair.name.as_str(),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        user_id: pair.user.as_str(),
        id: pair.id.number(),
        created_at: pair.created_at.to_string(),
        updated_at: pair.updated_at.map(|moment| moment.to_string()),
        // A deleted key pair is gone, so none is ever shown.
        deleted: false,
        deleted_at: None,
        is_key_protection: pair.has_private_key,
        description: &pair.description,
    };
    Wrapped { keypair }
}
