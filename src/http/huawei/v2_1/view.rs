//! Bodies in and out.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::body;
use super::super::view::{Kind, Wrapped};
use crate::domain::{KeyPair, KeyPairName, Labels, ListedKeyPair, Result};
use crate::http::extensions::{self, Extensions};
use crate::http::json::Json;
use crate::http::members;
use crate::service::{NewKeyPair, Whose};
use crate::ssh::LineEnd;

/// The longest name, in characters (KPS V2.1 documentation).
pub(in crate::http::huawei) const LONGEST_NAME: usize = 64;

/// Reads `{"keypair": {"name", "public_key"?, "user_id"?, "type"?, "key_protection"?, …}}`.
pub(super) fn new_key_pair(body: &Json) -> Result<NewKeyPair> {
    let known = [&["name", "public_key", "user_id", "type"][..], &extensions::MEMBERS[..]].concat();
    let keypair = body::keypair(body, &known)?;
    let public_key = members::text(keypair, "public_key")?.map(str::to_owned);
    Ok(NewKeyPair {
        whose: body::whose(keypair)?,
        name: body::name(keypair, LONGEST_NAME)?,
        kind: body::kind(keypair)?,
        origin: Extensions::read(keypair)?.into_origin(public_key, LineEnd::Newline)?,
        labels: Labels::default(),
    })
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct List<'a> {
    keypairs: Vec<Wrapped<Entry<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keypairs_links: Option<[Link; 1]>,
}

#[derive(Serialize, ToSchema)]
struct Link {
    rel: &'static str,
    href: String,
}

#[derive(Serialize, ToSchema)]
struct Entry<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    is_key_protection: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

/// Types are those of the documentation's examples, which clients decode; its tables say otherwise.
#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct Detail<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    user_id: &'a str,
    id: i64,
    /// `2014-05-07T12:06:13.681238`: UTC without a zone letter.
    created_at: String,
    #[schema(required)]
    updated_at: Option<String>,
    deleted: bool,
    #[schema(required)]
    deleted_at: Option<String>,
    is_key_protection: bool,
    description: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

/// A list, and the address of the next page, if there is one.
pub(super) fn listed(pairs: &[ListedKeyPair], kind: Kind, next: Option<String>) -> List<'_> {
    let entry = |pair| Wrapped::new(entry(pair, kind));
    let keypairs_links = next.map(|href| [Link { rel: "next", href }]);
    List { keypairs: pairs.iter().map(entry).collect(), keypairs_links }
}

fn entry(pair: &ListedKeyPair, kind: Kind) -> Entry<'_> {
    Entry {
        name: pair.name.as_str(),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        is_key_protection: pair.has_private_key,
        kind: kind.of(pair.kind.as_str()),
    }
}

/// Where the list at `url` goes on after `last`.
pub(super) fn next_url(url: &str, limit: usize, last: &KeyPairName, whose: &Whose) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string()).append_pair("marker", last.as_str());
    match whose {
        Whose::User(user) => drop(query.append_pair("user_id", user.as_str())),
        Whose::Callers | Whose::Project(_) => {}
    }
    format!("{url}?{}", query.finish())
}

pub(super) fn shown(pair: &KeyPair, kind: Kind) -> Wrapped<Detail<'_>> {
    Wrapped::new(Detail {
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
        kind: kind.of(pair.kind.as_str()),
    })
}
