//! Requests that are signed with an access key.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use zeroize::Zeroizing;

use super::error::Error;
use crate::auth::signatures::Request;
use crate::auth::signatures::sdk_hmac::{self, Authorization, Refusal, Whole};
use crate::auth::{Claim, SignatureRefused};
use crate::domain::{Caller, Timestamp, Via};
use crate::http::rate_limit::Work;
use crate::http::{State, request_id};

/// Whether a request says that it is signed. Then the signature alone decides: a bad one does not fall back to a token.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).any(|value| value.as_bytes().starts_with(sdk_hmac::ALGORITHM.as_bytes()))
}

/// Who signed the request, and its body. What can be refused without the body is refused before that is read.
pub(super) async fn caller(
    request: &HttpRequest,
    state: &State,
    via: &Via,
    body: impl Future<Output = Result<Zeroizing<Vec<u8>>, Error>>,
) -> Result<(Caller, Zeroizing<Vec<u8>>), Error> {
    let proved = proved(request, state, via, body).await;
    match &proved {
        Ok((caller, _)) => state.rate_limits.count(request, caller, Work::of(request.method()))?,
        Err(Error::Signature { .. }) => state.rate_limits.count_stranger(request, state)?,
        Err(_) => {}
    }
    proved
}

async fn proved(
    request: &HttpRequest,
    state: &State,
    via: &Via,
    body: impl Future<Output = Result<Zeroizing<Vec<u8>>, Error>>,
) -> Result<(Caller, Zeroizing<Vec<u8>>), Error> {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let uri = request.uri();
    let (method, path, query) = (request.method().as_str(), uri.path(), uri.query().unwrap_or_default());
    let head = Request { method, path, query, headers };
    let refuse = |refusal: Refusal| refused(request, refusal.to_string(), refusal.told());
    let authorization = Authorization::parse(authorization(request)).map_err(refuse)?;
    authorization.check(&head, Timestamp::now()).map_err(refuse)?;
    let source = via.client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let claim = Claim::new(authorization.access_key, source).map_err(|_| refuse(Refusal::Malformed))?;
    let refuse = |refusal| in_gateways_words(request, &claim, refusal);
    let access_keys = state.access_keys.as_ref().ok_or_else(|| refuse(SignatureRefused::UnknownKey))?;
    access_keys.refuse_locked(&claim).map_err(refuse)?;
    let body = body.await?;
    let whole = Whole { request: &head, authorization: &authorization, body: &body };
    let caller = access_keys.caller(&claim, &whole).await.map_err(refuse)?;
    access_keys.succeeded(&claim);
    Ok((caller, body))
}

/// The gateway's words, as far as it has some for the case: users search for them.
fn in_gateways_words(request: &HttpRequest, claim: &Claim, refusal: SignatureRefused<Refusal>) -> Error {
    let reason = match refusal {
        SignatureRefused::Domain(error) => return Error::Domain(error),
        SignatureRefused::Signature(refusal) => return refused(request, refusal.to_string(), refusal.told()),
        SignatureRefused::UnknownKey | SignatureRefused::Disabled | SignatureRefused::Over => {
            format!("ak {} not exist", claim.access_key())
        }
        SignatureRefused::Locked { .. } => "AK access failed to reach the limit,forbidden".to_owned(),
        SignatureRefused::SecurityToken(_) => {
            "decrypt token fail: a temporary access key needs its X-Security-Token, others have none".to_owned()
        }
    };
    refused(request, reason.clone(), reason)
}

fn refused(request: &HttpRequest, reason: String, told: String) -> Error {
    Error::Signature { reason, told, request_id: request_id::of(request) }
}

/// The one `Authorization` header, or what cannot be read as one.
fn authorization(request: &HttpRequest) -> &str {
    let mut values = request.headers().get_all(AUTHORIZATION);
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        (None | Some(_), None | Some(_)) => "",
    }
}
