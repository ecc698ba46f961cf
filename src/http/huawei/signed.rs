//! Requests that are signed with an access key.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use zeroize::Zeroizing;

use super::error::Error;
use crate::auth::signatures::{Request, sdk_hmac};
use crate::auth::{SignatureRefused, Signed};
use crate::domain::{Caller, Via};
use crate::http::{State, request_id};

/// Whether a request says that it is signed. Then the signature alone decides: a bad one does not fall back to a token.
pub fn is_signed(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).any(|value| value.as_bytes().starts_with(sdk_hmac::ALGORITHM.as_bytes()))
}

/// Who signed the request, and its body. What can be refused without the body is refused before that is read.
pub(super) async fn caller(
    request: &HttpRequest,
    state: &State,
    via: &Via,
    body: impl Future<Output = Result<Zeroizing<Vec<u8>>, Error>>,
) -> Result<(Caller, Zeroizing<Vec<u8>>), Error> {
    let refuse = |refused: SignatureRefused| match refused {
        SignatureRefused::Domain(error) => Error::Domain(error),
        refused => {
            let (reason, told) = (refused.to_string(), refused.told());
            Error::Signature { reason, told, request_id: request_id::of(request) }
        }
    };
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let uri = request.uri();
    let (method, path, query) = (request.method().as_str(), uri.path(), uri.query().unwrap_or_default());
    let head = Request { method, path, query, headers };
    let source = via.client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let signed = Signed::of(&head, authorization(request), source).map_err(|refusal| refuse(refusal.into()))?;
    let access_keys = state.access_keys.as_ref().ok_or_else(|| refuse(signed.unknown()))?;
    access_keys.refuse_locked(&signed).map_err(refuse)?;
    let body = body.await?;
    Ok((access_keys.caller(&signed, &body).await.map_err(refuse)?, body))
}

/// The one `Authorization` header, or what cannot be read as one.
fn authorization(request: &HttpRequest) -> &str {
    let mut values = request.headers().get_all(AUTHORIZATION);
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        (None | Some(_), None | Some(_)) => "",
    }
}
