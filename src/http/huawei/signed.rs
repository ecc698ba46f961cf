//! Requests that are signed with an access key.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use super::error::Error;
use crate::auth::SignatureRefused;
use crate::auth::signatures::{Request, sdk_hmac};
use crate::domain::{Caller, Via};
use crate::http::{State, request_id};

/// Whether a request says that it is signed. Then the signature alone decides: a bad one does not fall back to a token.
pub(super) fn is_signed(request: &HttpRequest) -> bool {
    authorization(request).is_some_and(sdk_hmac::is_one)
}

/// Who signed the request with that body.
pub(super) async fn caller(request: &HttpRequest, state: &State, via: &Via, body: &[u8]) -> Result<Caller, Error> {
    let text = authorization(request).unwrap_or_default();
    let refuse = |refused: SignatureRefused| match refused {
        SignatureRefused::Domain(error) => Error::Domain(error),
        refused => Error::Signature { message: refused.to_string(), request_id: request_id::of(request) },
    };
    let Some(access_keys) = &state.access_keys else {
        let access_key = sdk_hmac::Authorization::parse(text).map_or("", |authorization| authorization.access_key);
        return Err(refuse(SignatureRefused::UnknownKey(access_key.to_owned())));
    };
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let uri = request.uri();
    let (method, path, query) = (request.method().as_str(), uri.path(), uri.query().unwrap_or_default());
    let source = via.client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    access_keys.caller(&Request { method, path, query, headers, body }, text, source).await.map_err(refuse)
}

fn authorization(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok())
}
