//! The version documents, which need no token.

use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{Link, Urls};
use crate::http::State;

/// The newest version of Keystone's API that clients may take us for, with its date (recorded from Keystone 30).
const VERSION: &str = "v3.14";
const UPDATED: &str = "2020-04-07T00:00:00Z";

#[derive(Serialize, ToSchema)]
pub(super) struct Choices {
    versions: Values,
}

#[derive(Serialize, ToSchema)]
struct Values {
    values: [Version; 1],
}

#[derive(Serialize, ToSchema)]
pub(super) struct Chosen {
    version: Version,
}

#[derive(Serialize, ToSchema)]
struct Version {
    id: &'static str,
    status: &'static str,
    updated: &'static str,
    links: [Link; 1],
    #[serde(rename = "media-types")]
    media_types: [MediaType; 1],
}

#[derive(Serialize, ToSchema)]
struct MediaType {
    base: &'static str,
    #[serde(rename = "type")]
    name: &'static str,
}

/// `GET /identity`
pub(super) async fn choices(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let urls = Urls::of(&request, &state);
    let versions = Values { values: [version(&urls)] };
    HttpResponse::MultipleChoices().insert_header((LOCATION, urls.version())).json(Choices { versions })
}

/// `GET /identity/v3`
pub(super) async fn v3(request: HttpRequest, state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(Chosen { version: version(&Urls::of(&request, &state)) })
}

fn version(urls: &Urls) -> Version {
    Version {
        id: VERSION,
        status: "stable",
        updated: UPDATED,
        links: [Link { rel: "self", href: urls.version() }],
        media_types: [MediaType { base: "application/json", name: "application/vnd.openstack.identity-v3+json" }],
    }
}
