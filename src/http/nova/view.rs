//! Bodies in and out. Which member a version has is decided here and nowhere else.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::microversion::Microversion;
use super::schema::CreateBody;
use crate::domain::{KeyKind, KeyPair, KeyPairName, Labels, ListedKeyPair, PrivateKeyPem, Result, UserId};
use crate::http::extensions::Extensions;
use crate::http::unstored;
use crate::service::{Created, NewKeyPair, Whose};
use crate::ssh::LineEnd;

/// What a create body asks for.
pub(super) fn new_key_pair(body: &CreateBody<'_>, whose: Whose) -> Result<NewKeyPair> {
    let extensions = Extensions::read(body.keypair)?;
    let origin = extensions.into_origin(body.public_key.map(str::to_owned), LineEnd::None)?;
    Ok(NewKeyPair { whose, name: KeyPairName::parse(body.name)?, kind: body.kind, origin, labels: Labels::default() })
}

/// Whose key pair a create body asks for.
pub(super) fn owner_of_new(body: &CreateBody<'_>) -> Result<Whose> {
    body.user_id.map_or(Ok(Whose::Callers), |user_id| Ok(Whose::User(UserId::parse(user_id)?)))
}

/// `{"keypair": …}`: what show and create answer, and each item of a list.
#[derive(Serialize, ToSchema)]
struct Wrapped<T> {
    keypair: T,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CreatedView<'a> {
    #[serde(serialize_with = "PrivateKeyPem::serialize_exposed", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    private_key: Option<PrivateKeyPem>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    user_id: &'a str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ShownView<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    user_id: &'a str,
    created_at: String,
    /// Nova keeps deleted rows; here a key pair that is deleted is not there to be shown.
    deleted: bool,
    #[schema(required)]
    deleted_at: Option<String>,
    id: i64,
    #[schema(required)]
    updated_at: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct ListedView<'a> {
    name: &'a str,
    public_key: &'a str,
    fingerprint: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ListView<'a> {
    keypairs: Vec<Wrapped<ListedView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keypairs_links: Option<[Link; 1]>,
}

#[derive(Serialize, ToSchema)]
struct Link {
    rel: &'static str,
    href: String,
}

fn kind(kind: KeyKind, version: Microversion) -> Option<&'static str> {
    (version >= Microversion::KEY_TYPE).then(|| kind.as_str())
}

/// 201, or 200 before there were types. An answer with a private key is not to be kept by anything on its way.
pub(super) fn created(created: Created, version: Microversion) -> HttpResponse {
    let Created { pair, private_key } = created;
    let status = if version >= Microversion::KEY_TYPE { StatusCode::CREATED } else { StatusCode::OK };
    let answer = HttpResponse::build(status);
    let answer = if private_key.is_some() { unstored::answer(answer) } else { answer };
    let keypair = CreatedView {
        private_key,
        kind: kind(pair.kind, version),
        name: pair.name.as_str(),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        user_id: pair.user.as_str(),
    };
    answer::json(answer, answer::JSON, &Wrapped { keypair })
}

pub(super) fn shown(pair: &KeyPair, version: Microversion) -> HttpResponse {
    let keypair = ShownView {
        name: pair.name.as_str(),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        user_id: pair.user.as_str(),
        created_at: pair.created_at.to_string(),
        deleted: false,
        deleted_at: None,
        id: pair.id.number(),
        updated_at: pair.updated_at.map(|moment| moment.to_string()),
        kind: kind(pair.kind, version),
    };
    answer::json(HttpResponse::Ok(), answer::JSON, &Wrapped { keypair })
}

/// A list, and the address of the next page, if there is one.
pub(super) fn listed(pairs: &[ListedKeyPair], next: Option<String>, version: Microversion) -> HttpResponse {
    let item = |pair| Wrapped { keypair: listed_item(pair, version) };
    let keypairs_links = next.map(|href| [Link { rel: "next", href }]);
    let list = ListView { keypairs: pairs.iter().map(item).collect(), keypairs_links };
    answer::json(HttpResponse::Ok(), answer::JSON, &list)
}

fn listed_item(pair: &ListedKeyPair, version: Microversion) -> ListedView<'_> {
    ListedView {
        name: pair.name.as_str(),
        public_key: &pair.public_key,
        fingerprint: pair.fingerprint.as_str(),
        kind: kind(pair.kind, version),
    }
}

/// 204, or 202 before there were types; empty, yet with a media type (recorded).
pub(super) fn deleted(version: Microversion) -> HttpResponse {
    let status = if version >= Microversion::KEY_TYPE { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED };
    HttpResponse::build(status).content_type(answer::JSON).finish()
}
