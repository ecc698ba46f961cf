//! Bodies in.

use super::super::super::body::{existing_name, keypair, kind, name, whose};
use super::super::super::error::Error;
use super::super::super::gate::Admitted;
use crate::domain::{self, Action, KeyPairName, Labels, Result};
use crate::http::extensions::{self, Extensions, KeyProtection};
use crate::http::json::Json;
use crate::http::members::{self, invalid};
use crate::service::{Export, ImportInto, NewKeyPair, Whose};
use crate::ssh::{ExportForm, LineEnd, Passphrase};

/// The longest name, in characters (KPS V3 documentation since 2025; earlier 64).
pub(in crate::http::huawei) const LONGEST_NAME: usize = 255;
/// The most key pairs of one request (KPS V3 documentation).
pub(in crate::http::huawei) const LARGEST_BATCH: usize = 10;

/// Reads `{"keypair": {"name", "type"?, "public_key"?, "scope"?, "user_id"?, "key_protection"?, …}}`.
pub(in super::super) fn new_key_pair(body: &Json, admitted: &Admitted) -> Result<NewKeyPair> {
    let known = [&["name", "type", "public_key", "scope", "user_id"][..], &extensions::MEMBERS[..]].concat();
    let keypair = keypair(body, &known)?;
    let public_key = members::text(keypair, "public_key")?.map(str::to_owned);
    Ok(NewKeyPair {
        name: name(keypair, LONGEST_NAME)?,
        whose: scope(keypair, admitted)?,
        kind: kind(keypair)?,
        origin: Extensions::read(keypair)?.into_origin(public_key, LineEnd::Newline)?,
        labels: Labels::default(),
    })
}

/// `scope`: the user's, or the whole project's, of which nobody else can be named the user.
fn scope(keypair: &Json, admitted: &Admitted) -> Result<Whose> {
    let user = whose(keypair)?;
    match members::text(keypair, "scope")? {
        None | Some("user") => Ok(user),
        Some("domain") => match user {
            Whose::User(user) if user != admitted.caller.user && !admitted.caller.is_admin() => {
                Err(domain::Error::Forbidden(Action::Create))
            }
            Whose::User(user) if user != admitted.caller.user => {
                Err(invalid("user_id", "names another user, whose a key pair of scope 'domain' cannot be"))
            }
            Whose::Callers | Whose::Project(_) | Whose::User(_) => Ok(Whose::Project(admitted.project.clone())),
        },
        Some(_) => Err(invalid("scope", "must be 'user' or 'domain'")),
    }
}

/// Reads `{"keypair": {"name", "private_key_format"?, "passphrase"?}}`; the last two are ours.
pub(in super::super) fn export(body: &Json) -> Result<Export> {
    let keypair = keypair(body, &["name", extensions::FORMAT, "passphrase"])?;
    let format = extensions::format(keypair)?;
    let passphrase = members::text(keypair, "passphrase")?.map(Passphrase::parse).transpose()?;
    Ok(Export { names: vec![existing_name(keypair)?], form: ExportForm::choose(format, passphrase)? })
}

/// Reads `{"keypair": {"name", "user_id"?, "key_protection": {"private_key", "encryption"}}}`.
pub(in super::super) fn import(body: &Json) -> Result<ImportInto> {
    let keypair = keypair(body, &["name", "user_id", extensions::KEY_PROTECTION])?;
    let kept = KeyProtection::required(keypair)?;
    Ok(ImportInto {
        whose: whose(keypair)?,
        name: existing_name(keypair)?,
        private_key: kept.private_key,
        protection: kept.protection,
    })
}

/// One key pair of a batch: its name as it was sent, and what is asked for or why it is refused.
pub(in super::super) struct Import {
    pub(in super::super) name: String,
    pub(in super::super) wish: Result<NewKeyPair>,
}

/// Reads an array of create bodies with public keys. One without a name refuses them all: its failure could not be told.
pub(in super::super) fn batch_import(body: &Json, admitted: &Admitted) -> std::result::Result<Vec<Import>, Error> {
    let read = |(place, item): (usize, &Json)| {
        let keypair = members::member(item, "keypair").ok_or_else(|| invalid("keypair", "is required"));
        let name = keypair.and_then(|keypair| members::required_text(keypair, "name"));
        let name = name.map_err(|error| Error::Item { place, error })?.to_owned();
        Ok(Import { name, wish: new_import(item, admitted) })
    };
    items(body)?.iter().enumerate().map(read).collect()
}

/// A generated private key would have no way out: an answer to a batch carries none.
fn new_import(item: &Json, admitted: &Admitted) -> Result<NewKeyPair> {
    let new = new_key_pair(item, admitted)?;
    match new.origin {
        crate::service::Origin::Import { .. } => Ok(new),
        crate::service::Origin::Generate { .. } => {
            Err(invalid("public_key", "is required: a batch imports key pairs and makes none"))
        }
    }
}

/// Reads an array of key pairs as a list answers them, of which the names matter.
pub(in super::super) fn batch_export(body: &Json) -> std::result::Result<Vec<KeyPairName>, Error> {
    const MEMBERS: [&str; 7] =
        ["name", "type", "scope", "public_key", "fingerprint", "is_key_protection", "frozen_state"];
    let mut names = Vec::new();
    for (place, item) in items(body)?.iter().enumerate() {
        let name = keypair(item, &MEMBERS).and_then(existing_name);
        let name = name.map_err(|error| Error::Item { place, error })?;
        if names.contains(&name) {
            return Err(Error::Item { place, error: invalid("name", "is that of an earlier item, too") });
        }
        names.push(name);
    }
    Ok(names)
}

fn items(body: &Json) -> Result<&[Json]> {
    match body {
        Json::Array(items) if (1..=LARGEST_BATCH).contains(&items.len()) => Ok(items),
        Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            Err(invalid("body", format!("must be an array of 1 to {LARGEST_BATCH} objects")))
        }
    }
}
