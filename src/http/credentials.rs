//! The token of a request.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

use crate::auth::{Identity, Refused};
use crate::domain::{Caller, Role};

/// The caller by `X-Auth-Token` or, as keystonemiddleware takes it too (recorded), `X-Storage-Token`.
///
/// A service that passes a user's request on adds its own `X-Service-Token`. Nothing is granted for it, but one that is
/// bad, or of a user without the role `service`, spoils the request (recorded).
pub async fn caller(request: &HttpRequest, identity: &Identity) -> Result<Caller, Refused> {
    let headers = request.headers();
    let caller = of_token(headers.get("X-Auth-Token").or_else(|| headers.get("X-Storage-Token")), identity).await?;
    if let Some(token) = headers.get("X-Service-Token") {
        let service = of_token(Some(token), identity).await?;
        if !service.roles.contains(&Role::SERVICE) {
            return Err(Refused::Unauthenticated);
        }
    }
    Ok(caller)
}

async fn of_token(token: Option<&HeaderValue>, identity: &Identity) -> Result<Caller, Refused> {
    match token.and_then(|value| value.to_str().ok()) {
        Some(token) => identity.caller(token).await,
        None => Err(Refused::Unauthenticated),
    }
}
