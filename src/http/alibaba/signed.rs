//! Who signed a call, and that it comes for the first time.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use super::refusal::Refusal;
use crate::auth::signatures::alibaba::{self, Signature};
use crate::auth::{AccessKeys, Claim, SecurityToken, SignatureRefused};
use crate::domain::{Caller, Timestamp, Via};
use crate::http::State;
use crate::http::echo::shown;
use crate::http::rate_limit::Work;

/// The caller of a signed request that is in time and was not seen before. One for whom there is no room now spends no nonce.
pub(super) async fn caller(
    request: &HttpRequest,
    signature: &Signature<'_>,
    state: &State,
    via: &Via,
) -> Result<Caller, Refusal> {
    let source = via.client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let proved = proved(signature, state, source).await;
    match &proved {
        Ok(Proved { caller, .. }) => state.rate_limits.count(request, caller, work(signature.action()))?,
        Err(refusal) if refusal.is_callers() => state.rate_limits.count_stranger(request, state)?,
        Err(_) => {}
    }
    let Proved { caller, claim, access_keys } = proved?;
    if state.nonces.spend(claim.access_key().as_str(), signature.nonce()).await? {
        access_keys.succeeded(&claim);
        Ok(caller)
    } else {
        Err(Refusal::bad("SignatureNonceUsed", "Specified signature nonce was used already."))
    }
}

/// A request whose signature holds, though it may have been sent before.
struct Proved<'a> {
    caller: Caller,
    claim: Claim,
    access_keys: &'a AccessKeys,
}

async fn proved<'a>(signature: &Signature<'_>, state: &'a State, source: IpAddr) -> Result<Proved<'a>, Refusal> {
    // What no key could be called is not looked for.
    let claim = Claim::new(signature.access_key(), source).map_err(|_| unknown_key())?;
    let access_keys = state.access_keys.as_ref().ok_or_else(unknown_key)?;
    let refuse = |refused| refuse_signed(signature, refused);
    access_keys.refuse_locked(&claim).map_err(refuse)?;
    let caller = access_keys.caller(&claim, signature).await.map_err(refuse)?;
    signature.check_time(Timestamp::now()).map_err(refuse_unproved)?;
    Ok(Proved { caller, claim, access_keys })
}

/// What an action does, by its name: all methods are alike in this protocol.
fn work(action: &str) -> Work {
    if ["Describe", "List"].iter().any(|reading| action.starts_with(reading)) { Work::Read } else { Work::Write }
}

/// What is wrong with what a request says of its signature.
pub(super) fn refuse_unproved(refusal: alibaba::Refusal) -> Refusal {
    use alibaba::Refusal as R;
    let code = match refusal {
        R::Missing { what, .. } => return Refusal::bad(format!("Missing{what}"), refusal.to_string()),
        R::UnknownMethod => "InvalidSignatureMethod",
        R::UnknownVersion => "InvalidSignatureVersion",
        R::Malformed(_) => "IncompleteSignature",
        R::RpcMismatch | R::Acs3Mismatch => "SignatureDoesNotMatch",
        R::TimeMalformed => "InvalidTimeStamp.Format",
        R::Expired => "InvalidTimeStamp.Expired",
    };
    Refusal::bad(code, refusal.to_string())
}

/// Clients compare what should have been signed with what they did sign.
fn refuse_signed(signature: &Signature<'_>, refused: SignatureRefused<alibaba::Refusal>) -> Refusal {
    match refused {
        SignatureRefused::Signature(refusal) => refuse_unproved(refusal).telling(signature.explained(shown)),
        SignatureRefused::UnknownKey => unknown_key(),
        SignatureRefused::Disabled => Refusal::bad("InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
        SignatureRefused::Over => Refusal::bad("InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
        SignatureRefused::Locked { remaining } => Refusal::throttled(remaining),
        SignatureRefused::SecurityToken(SecurityToken::Missing) => {
            Refusal::bad("MissingSecurityToken", "SecurityToken is mandatory for this action.")
        }
        SignatureRefused::SecurityToken(SecurityToken::Mismatch) => {
            let message = "Specified SecurityToken mismatch with the AccessKey.";
            Refusal::bad("InvalidSecurityToken.MismatchWithAccessKey", message)
        }
        SignatureRefused::Domain(error) => error.into(),
    }
}

fn unknown_key() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
}
