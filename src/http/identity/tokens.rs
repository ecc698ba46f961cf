//! `/v3/auth/tokens`: log in, check a token, end one.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::call::Call;
use super::error::Error;
use super::token_view::TokenBody;
use super::{SUBJECT_TOKEN, login, query};
use crate::auth::{Issued, Refused, Session};
use crate::domain::{Caller, Role};
use crate::http::body;
use crate::http::forwarded::Reached;

/// `POST`: 201, the token in `X-Subject-Token`.
///
/// Whatever does not hold is 401, also an unknown token to log in with (Keystone 30: 404): clients take 401 for what it
/// is and log in anew.
pub(super) async fn create(call: Call, payload: Payload) -> Result<HttpResponse, Error> {
    if body::declares_too_much(&call.request) {
        return Err(Error::TooLarge);
    }
    call.state.rate_limits.count_stranger(&call.request, &call.state)?;
    let body = body::read(payload, body::time_for(&call.request)).await?;
    if !body.is_empty() && !is_json(&call.request) {
        return Err(Error::Missing { what: "application/json", place: "Content-Type header" });
    }
    let Issued { token, session } = call.identity.login(login::read(&body)?, source(&call)).await?;
    let answer = view(&call, &session);
    Ok(with_token(HttpResponse::Created(), token.expose()).json(answer))
}

/// `GET` and `HEAD`: what the token in `X-Subject-Token` stands for.
pub(super) async fn show(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let (token, session) = subject(&call).await?;
    if !may_see(&caller, &session) {
        return Err(Error::Forbidden("identity:validate_token"));
    }
    let answer = view(&call, &session);
    Ok(with_token(HttpResponse::Ok(), token).json(answer))
}

/// `DELETE`: 204; the token in `X-Subject-Token` ends.
pub(super) async fn delete(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let (_, session) = subject(&call).await?;
    if !may_end(&caller, &session) {
        return Err(Error::Forbidden("identity:revoke_token"));
    }
    call.identity.revoke(&session).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An answer that carries a token is not to be kept by anything on its way.
fn with_token(mut answer: HttpResponseBuilder, token: &str) -> HttpResponseBuilder {
    answer.insert_header((SUBJECT_TOKEN, token)).insert_header((CACHE_CONTROL, "no-store"));
    answer
}

/// One's own tokens, and all for an administrator or a service (Keystone's default policy).
fn may_see(caller: &Caller, subject: &Session) -> bool {
    may_end(caller, subject) || caller.roles.contains(&Role::SERVICE)
}

fn may_end(caller: &Caller, subject: &Session) -> bool {
    caller.user == subject.user.id || caller.is_admin()
}

async fn subject(call: &Call) -> Result<(&str, Session), Error> {
    let token =
        call.request.headers().get(SUBJECT_TOKEN).and_then(|value| value.to_str().ok()).ok_or(Error::NoSubject)?;
    match call.identity.session(token).await {
        Ok(session) => Ok((token, session)),
        Err(Refused::Unauthenticated) => Err(Error::TokenNotFound),
        Err(Refused::Domain(error)) => Err(error.into()),
    }
}

fn view<'a>(call: &'a Call, session: &'a Session) -> TokenBody<'a> {
    let body = TokenBody::of(session);
    if query::without_catalog(&call.request) { body } else { body.with_catalog(&call.urls(), &call.state.region) }
}

/// An absent type is taken for JSON, as Keystone does.
fn is_json(request: &HttpRequest) -> bool {
    let named = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = named.split(';').next().unwrap_or_default().trim();
    essence.is_empty() || essence.eq_ignore_ascii_case("application/json")
}

/// Whose failed logins count together.
fn source(call: &Call) -> IpAddr {
    let Reached { client, .. } = Reached::of(&call.request, &call.state.settings.trusted_proxies);
    client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
