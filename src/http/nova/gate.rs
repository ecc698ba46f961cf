//! What a request must pass before its handler decides anything, in Nova's order (recorded): its size, its token, its
//! version; then media type and JSON of a body; then the project that its path names.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Payload;

use super::error::Error;
use super::microversion::Microversion;
use crate::auth::Refused;
use crate::domain::{Caller, Dialect, Via};
use crate::http::State;
use crate::http::body::{self, Unread};
use crate::http::credentials;
use crate::http::json::Json;
use crate::http::via::via;

/// The media types that a body may have; a missing or empty one counts as JSON.
const MEDIA_TYPES: [&str; 4] = ["", "application/json", "application/vnd.openstack.compute+json", "text/plain"];

/// A request with a valid token, and the version that it is answered in.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    pub(super) via: Via,
    pub(super) version: Microversion,
}

/// Size and token: asked of every request below `/v2.1` and `/v2`, before its route.
pub(super) async fn authenticate(request: &HttpRequest, state: &State) -> Result<Caller, Error> {
    if body::declares_too_much(request) {
        return Err(Error::TooLarge);
    }
    credentials::caller(request, state).await.map_err(|refused| match refused {
        Refused::Unauthenticated => Error::Unauthenticated { keystone: credentials::login_url(request, state) },
        Refused::Domain(error) => error.into(),
    })
}

/// Size, token and version: asked of every request whose route is known.
pub(super) async fn admit(request: &HttpRequest, state: &State) -> Result<Admitted, Error> {
    let caller = authenticate(request, state).await?;
    let version = Microversion::of(request)?;
    Ok(Admitted { caller, via: via(request, state, Dialect::Nova), version })
}

/// Reads a body as JSON; an empty one is `null` (recorded).
pub(super) async fn json(request: &HttpRequest, payload: Payload) -> Result<Json, Error> {
    let media_type = request.headers().get(CONTENT_TYPE).map_or(Some(""), |value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| MEDIA_TYPES.contains(&essence)) {
        return Err(Error::UnsupportedMediaType);
    }
    let body = body::read(payload, body::time_for(request)).await.map_err(|unread| match unread {
        Unread::TooLarge => Error::TooLarge,
        Unread::Slow => Error::SlowBody,
        Unread::Broken(_) => Error::MalformedBody,
    })?;
    if body.is_empty() {
        return Ok(Json::Null);
    }
    Json::parse(&body).map_err(|_| Error::MalformedBody)
}

impl Admitted {
    /// Whether the project in the path, if there is one, is the token's.
    pub(super) fn check_project(&self, request: &HttpRequest) -> Result<(), Error> {
        let token = self.caller.project().map_or("None", |project| project.as_str());
        match request.match_info().get("project_id") {
            Some(url) if url != token => Err(Error::OtherProject { url: url.to_owned(), token: token.to_owned() }),
            Some(_) | None => Ok(()),
        }
    }
}
