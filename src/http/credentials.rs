//! The token of a request.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

use super::State;
use super::base_url::base_url;
use super::rate_limit::Work;
use crate::auth::{Authentication, ProjectsSeenBy, Refused};
use crate::domain::{Caller, Role};

/// The caller by `X-Auth-Token` or, as keystonemiddleware takes it too (recorded), `X-Storage-Token`.
///
/// A service that passes a user's request on adds its own `X-Service-Token`. Nothing is granted for it, but one that is
/// bad, or of a user without the role `service`, spoils the request (recorded). An empty one is none.
///
/// A caller who sends too many requests is [`RateLimited`](crate::domain::Error::RateLimited), and so is an address that sends
/// too many without a valid token.
pub async fn caller(request: &HttpRequest, state: &State) -> Result<Caller, Refused> {
    let proved = proved(request, &state.authentication).await;
    match &proved {
        Ok(caller) => state.rate_limits.count(request, caller, Work::of(request.method()))?,
        Err(Refused::Unauthenticated) => state.rate_limits.count_stranger(request, state)?,
        Err(Refused::Domain(_)) => {}
    }
    proved
}

async fn proved(request: &HttpRequest, authentication: &Authentication) -> Result<Caller, Refused> {
    let caller = of_token(token(request), authentication).await?;
    if let Some(token) = request.headers().get("X-Service-Token").filter(|token| !token.is_empty()) {
        let service = of_token(as_text(token), authentication).await?;
        if !service.roles.contains(&Role::SERVICE) {
            return Err(Refused::Unauthenticated);
        }
    }
    Ok(caller)
}

/// The projects that there are, seen with the request's token.
pub fn projects<'a>(request: &'a HttpRequest, state: &'a State) -> ProjectsSeenBy<'a> {
    ProjectsSeenBy { authentication: &state.authentication, token: token(request).unwrap_or_default() }
}

/// Where a client gets a token: what a 401 names.
pub fn login_url(request: &HttpRequest, state: &State) -> String {
    match &state.authentication {
        Authentication::Embedded(_) => format!("{}/identity/v3", base_url(request, &state.settings)),
        Authentication::Keystone(keystone) => keystone.login_url().to_owned(),
    }
}

fn token(request: &HttpRequest) -> Option<&str> {
    let headers = request.headers();
    headers.get("X-Auth-Token").or_else(|| headers.get("X-Storage-Token")).and_then(as_text)
}

fn as_text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

async fn of_token(token: Option<&str>, authentication: &Authentication) -> Result<Caller, Refused> {
    match token {
        Some(token) => authentication.caller(token).await,
        None => Err(Refused::Unauthenticated),
    }
}
