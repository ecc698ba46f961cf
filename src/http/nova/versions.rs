//! The documents that tell clients which versions there are. They need no token, and any method gets them.

use actix_web::dev::RequestHead;
use actix_web::guard::GuardContext;
use actix_web::http::header::ACCEPT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::error::Error;
use super::gate;
use super::microversion::Microversion;
use crate::http::State;
use crate::http::base_url::base_url;

/// Nova's own media type, which says no more than JSON.
const VENDOR: &str = "application/vnd.openstack.compute+json";
const CURRENT: &str = "application/vnd.openstack.compute+json;version=2.1";
/// The list says that it is Atom to whom asks for that, though it is JSON as ever (recorded).
const ATOM: &str = "application/atom+xml";

/// The two APIs: where each stands, and what its documents say of it (recorded).
#[derive(Clone, Copy)]
enum Api {
    /// Frozen, and without microversions.
    V2,
    V2_1,
}

#[derive(Serialize, ToSchema)]
struct Version {
    id: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<&'static str>,
    links: Vec<Link>,
    #[serde(rename = "media-types", skip_serializing_if = "Option::is_none")]
    media_types: Option<[MediaType; 1]>,
}

#[derive(Serialize, ToSchema)]
struct Link {
    rel: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
    href: String,
}

#[derive(Serialize, ToSchema)]
struct MediaType {
    base: &'static str,
    #[serde(rename = "type")]
    full: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Versions {
    versions: [Version; 2],
}

#[derive(Serialize, ToSchema)]
pub(super) struct Choices {
    choices: [Version; 2],
}

#[derive(Serialize, ToSchema)]
pub(super) struct Document {
    version: Version,
}

/// `/`: both versions in short.
pub(super) async fn list(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let root = base_url(&request, &state.settings);
    let media_type = if accepts(request.head(), ATOM) { ATOM } else { answer::JSON };
    let versions = Versions { versions: [Api::V2, Api::V2_1].map(|api| api.brief(&root)) };
    answer::json(HttpResponse::Ok(), media_type, &versions)
}

/// Any path that nothing else answers: 300, and where the same path may be found.
pub(super) async fn choices(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let root = base_url(&request, &state.settings);
    let path = request.uri().path();
    let choices = Choices { choices: [Api::V2, Api::V2_1].map(|api| api.choice(&root, path)) };
    answer::json(HttpResponse::MultipleChoices(), answer::JSON, &choices)
}

/// `/v2.1`, with or without a final slash.
pub(super) async fn current(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    Microversion::of(&request)?;
    Ok(document(Api::V2_1, &request, &state))
}

/// `/v2.1/{project_id}/`, which needs a token of the project.
pub(super) async fn current_of_project(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    admitted.check_project(&request)?;
    Ok(document(Api::V2_1, &request, &state))
}

/// `/v2`, with or without a final slash.
pub(super) async fn frozen(request: HttpRequest, state: Data<State>) -> HttpResponse {
    document(Api::V2, &request, &state)
}

fn document(api: Api, request: &HttpRequest, state: &State) -> HttpResponse {
    let document = Document { version: api.full(&base_url(request, &state.settings)) };
    let media_type = if accepts(request.head(), VENDOR) { VENDOR } else { answer::JSON };
    answer::json(HttpResponse::Ok(), media_type, &document)
}

/// Whether a request for `/` asks for the document of 2.1 by its media type, as some old clients do (recorded).
pub(super) fn asks_for_current(context: &GuardContext<'_>) -> bool {
    accepts(context.head(), CURRENT)
}

fn accepts(head: &RequestHead, media_type: &str) -> bool {
    let accepted = head.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.starts_with(media_type))
}

impl Api {
    fn brief(self, root: &str) -> Version {
        let (status, updated, version, min_version) = match self {
            Self::V2 => ("DEPRECATED", "2025-07-04T12:00:00Z", String::new(), String::new()),
            Self::V2_1 => {
                let (newest, oldest) = (Microversion::NEWEST.to_string(), Microversion::OLDEST.to_string());
                ("CURRENT", "2013-07-23T11:33:21Z", newest, oldest)
            }
        };
        Version {
            id: self.id(),
            status,
            version: Some(version),
            min_version: Some(min_version),
            updated: Some(updated),
            links: vec![Link { rel: "self", media_type: None, href: format!("{root}{}/", self.prefix()) }],
            media_types: None,
        }
    }

    fn full(self, root: &str) -> Version {
        let mut version = self.brief(root);
        let manual = "http://docs.openstack.org/".to_owned();
        version.links.push(Link { rel: "describedby", media_type: Some("text/html"), href: manual });
        version.media_types = Some([self.media_type()]);
        version
    }

    fn choice(self, root: &str, path: &str) -> Version {
        Version {
            version: None,
            min_version: None,
            updated: None,
            links: vec![Link { rel: "self", media_type: None, href: format!("{root}{}{path}", self.prefix()) }],
            media_types: Some([self.media_type()]),
            ..self.brief(root)
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::V2 => "v2.0",
            Self::V2_1 => "v2.1",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "/v2",
            Self::V2_1 => "/v2.1",
        }
    }

    fn media_type(self) -> MediaType {
        let full = match self {
            Self::V2 => "application/vnd.openstack.compute+json;version=2",
            Self::V2_1 => CURRENT,
        };
        MediaType { base: "application/json", full }
    }
}
