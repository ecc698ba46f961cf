//! Every refusal as KPS says it: status, code and message.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Refused;
use crate::domain::{self, KeyPairName};
use crate::http::echo::shown;
use crate::http::microversion::{Microversion, Unusable};
use crate::http::{body, retry_after};

/// What KPS refuses: what the domain refuses, and what only this edge can.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Domain(#[from] domain::Error),
    #[error("X-Auth-Token: the token is missing, or is not valid (any more)")]
    Unauthenticated,
    /// `reason` is the gateway's word for what is wrong with it, `told` the same with what only its caller may read.
    #[error("Incorrect IAM authentication information: {reason}")]
    Signature { reason: String, told: String, request_id: String },
    #[error("project_id: must consist of digits, the letters a to f, and '-'")]
    NotAProjectId,
    #[error("{0}: is not the project of the token or access key")]
    OtherProject(Naming),
    #[error("name: key pair '{0}' already exists")]
    TakenInV3(KeyPairName),
    /// Of a private key that is to be cleared. 404, as documented for that call alone: the Terraform provider takes it for
    /// done, where somebody else has cleared it before.
    #[error("no private key of key pair '{0}' is kept")]
    NothingToClear(KeyPairName),
    /// One of several items is refused, and with it all of them.
    #[error("[{place}].{error}")]
    Item { place: usize, error: domain::Error },
    #[error("OpenStack-API-Version: {}", unusable(.0))]
    Microversion(Unusable),
    #[error("key pairs of other users are not copied; import their public keys instead")]
    NoCopies,
    #[error("this service has no servers to bind key pairs to: put the public key into the server by other means")]
    NoServers,
    #[error("there is no such task: this service has no servers, whose key pairs tasks would change")]
    NoTask,
    #[error("there is no such failed task: this service has no servers, whose key pairs tasks would change")]
    NoFailedTask,
    /// The body broke off, or is not JSON. The text says where, and holds nothing of the body.
    #[error("the body cannot be read: {0}")]
    BodyUnreadable(String),
    #[error("the body is larger than {} bytes", body::LIMIT)]
    TooLarge { request_id: String },
    /// More requests than the settings allow.
    #[error("The throttling threshold has been reached: policy user over ratelimit, try again later")]
    RateLimited { retry_after: Duration, request_id: String },
    #[error("the body did not come in time")]
    SlowBody { request_id: String },
    #[error("there is no API of this method and path")]
    NoSuchApi { request_id: String },
}

/// Where a request names its project.
#[derive(Debug, Clone, Copy)]
pub(super) enum Naming {
    Path,
    Header,
}

impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "project_id",
            Self::Header => "X-Project-Id",
        })
    }
}

/// The published codes that are answered, by their meaning.
mod code {
    /// The gateway's: no such path or method.
    pub(super) const NO_SUCH_API: &str = "APIGW.0101";
    /// The gateway's: a request that is too large.
    pub(super) const BAD_REQUEST: &str = "APIGW.0201";
    /// The gateway's: too many requests.
    pub(super) const THROTTLED: &str = "APIGW.0308";
    /// The gateway's: a request that is signed wrongly.
    pub(super) const SIGNATURE: &str = "APIGW.0301";
    pub(super) const TASK_ID: &str = "KPS.0001";
    /// Also for what has no code of its own: a taken name, a reached limit.
    pub(super) const PARAMETER: &str = "KPS.0002";
    pub(super) const DEPENDENCY: &str = "KPS.0003";
    /// "Response error": a fault inside.
    pub(super) const FAULT: &str = "KPS.0004";
    pub(super) const NO_FAILED_TASK: &str = "KPS.0005";
    pub(super) const NO_KEY_PAIR: &str = "KPS.4016";
    pub(super) const NOT_KEPT: &str = "KPS.6005";
    pub(super) const KMS_KEY: &str = "KPS.6008";
    pub(super) const MISMATCH: &str = "KPS.6011";
    pub(super) const TOKEN: &str = "KPS.9001";
    pub(super) const NO_PERMISSION: &str = "KPS.9003";
}

/// `request_id` is the gateway's; KPS itself has it in the header only.
#[derive(Serialize, ToSchema)]
pub(super) struct Body<'a> {
    error_code: &'a str,
    error_msg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// An error as it goes out.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl ToString) -> Self {
        Self { status, code, message: message.to_string(), retry_after: None }
    }
}

impl Error {
    /// What V3 says: a taken name is a 400, because Huawei's Go library hides what a 409 says.
    pub(super) fn in_v3(error: domain::Error) -> Self {
        if let domain::Error::AlreadyExists(name) = error { Self::TakenInV3(name) } else { Self::Domain(error) }
    }

    /// As the gateway in front of KPS says it, what that itself refuses.
    pub(super) fn at_the_gateway(self, request_id: &str) -> Self {
        if let Self::Domain(domain::Error::RateLimited { retry_after }) = self {
            Self::RateLimited { retry_after, request_id: request_id.to_owned() }
        } else {
            self
        }
    }

    /// What a clear says of what is not kept.
    pub(super) fn in_clear(error: domain::Error) -> Self {
        if let domain::Error::NotKept(name) = error { Self::NothingToClear(name) } else { Self::Domain(error) }
    }

    /// Code and message in one text.
    pub(super) fn reason(&self) -> String {
        let Refusal { code, message, .. } = self.refusal();
        format!("{code}: {message}")
    }

    fn refusal(&self) -> Refusal {
        match self {
            Self::Domain(error) => of_domain(error),
            Self::Unauthenticated => Refusal::new(StatusCode::UNAUTHORIZED, code::TOKEN, self),
            Self::Signature { told, .. } => {
                let message = format!("Incorrect IAM authentication information: {told}");
                Refusal::new(StatusCode::UNAUTHORIZED, code::SIGNATURE, message)
            }
            Self::NotAProjectId
            | Self::TakenInV3(_)
            | Self::BodyUnreadable(_)
            | Self::Microversion(_)
            | Self::NoServers => Refusal::new(StatusCode::BAD_REQUEST, code::PARAMETER, self),
            Self::NothingToClear(_) => Refusal::new(StatusCode::NOT_FOUND, code::NOT_KEPT, self),
            Self::Item { error, .. } => Refusal { message: self.to_string(), ..of_domain(error) },
            Self::NoTask => Refusal::new(StatusCode::BAD_REQUEST, code::TASK_ID, self),
            Self::NoFailedTask => Refusal::new(StatusCode::BAD_REQUEST, code::NO_FAILED_TASK, self),
            Self::OtherProject(_) | Self::NoCopies => Refusal::new(StatusCode::FORBIDDEN, code::NO_PERMISSION, self),
            Self::TooLarge { .. } => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, code::BAD_REQUEST, self),
            Self::SlowBody { .. } => Refusal::new(StatusCode::REQUEST_TIMEOUT, code::BAD_REQUEST, self),
            Self::RateLimited { retry_after, .. } => throttled(*retry_after, self),
            Self::NoSuchApi { .. } => Refusal::new(StatusCode::NOT_FOUND, code::NO_SUCH_API, self),
        }
    }

    fn request_id(&self) -> Option<&str> {
        match self {
            Self::Signature { request_id, .. }
            | Self::TooLarge { request_id }
            | Self::SlowBody { request_id }
            | Self::RateLimited { request_id, .. }
            | Self::NoSuchApi { request_id } => Some(request_id),
            Self::Domain(_)
            | Self::Unauthenticated
            | Self::NotAProjectId
            | Self::OtherProject(_)
            | Self::TakenInV3(_)
            | Self::NothingToClear(_)
            | Self::Item { .. }
            | Self::Microversion(_)
            | Self::NoCopies
            | Self::NoServers
            | Self::NoTask
            | Self::NoFailedTask
            | Self::BodyUnreadable(_) => None,
        }
    }
}

/// A message about a member names it: "parameter error" alone is what users of the live service complain of.
fn of_domain(error: &domain::Error) -> Refusal {
    use domain::Error as E;
    match error {
        E::NotFound(_) | E::JustDeleted(_) => Refusal::new(StatusCode::NOT_FOUND, code::NO_KEY_PAIR, error),
        E::NotKept(_) => Refusal::new(StatusCode::BAD_REQUEST, code::NOT_KEPT, error),
        E::AlreadyExists(_) => Refusal::new(StatusCode::CONFLICT, code::PARAMETER, format!("name: {error}")),
        // Nova's status; 429 would make SDKs try again, and KPS.9003 send the reader off to look for a permission.
        E::QuotaExceeded { .. } => Refusal::new(StatusCode::FORBIDDEN, code::PARAMETER, error),
        E::Invalid { .. } | E::MarkerNotFound(_) | E::TooManyTags { .. } => {
            Refusal::new(StatusCode::BAD_REQUEST, code::PARAMETER, error)
        }
        E::PublicKeyUnusable { .. } => bad_member("public_key", code::PARAMETER, error),
        E::PrivateKeyUnusable { .. } => bad_member("key_protection.private_key", code::PARAMETER, error),
        E::PrivateKeyMismatch => bad_member("key_protection.private_key", code::MISMATCH, error),
        E::ProtectionUnavailable { .. } => bad_member("key_protection.encryption", code::KMS_KEY, error),
        E::Forbidden(_) => Refusal::new(StatusCode::FORBIDDEN, code::NO_PERMISSION, error),
        E::Busy { retry_after, .. } | E::Unavailable { retry_after, .. } => Refusal {
            retry_after: Some(*retry_after),
            ..Refusal::new(StatusCode::SERVICE_UNAVAILABLE, code::DEPENDENCY, error)
        },
        E::RateLimited { retry_after } => throttled(*retry_after, error),
        E::Integrity(_) | E::Internal(_) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, code::FAULT, error),
    }
}

fn throttled(retry_after: Duration, message: impl ToString) -> Refusal {
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, code::THROTTLED, message);
    Refusal { retry_after: Some(retry_after), ..refusal }
}

fn unusable(unusable: &Unusable) -> String {
    match unusable {
        Unusable::Malformed(raw) => format!("'{}' is no version; one is such as 'compute 2.10'", shown(raw)),
        Unusable::Unsupported(raw) => {
            let (oldest, newest) = (Microversion::OLDEST, Microversion::NEWEST);
            format!("{} is not supported; {oldest} to {newest} are", shown(raw))
        }
    }
}

fn bad_member(path: &str, code: &'static str, error: &domain::Error) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, format!("{path}: {error}"))
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.refusal().status
    }

    fn error_response(&self) -> HttpResponse {
        let Refusal { status, code, message, retry_after } = self.refusal();
        let mut response = HttpResponse::build(status);
        if code == code::TOKEN {
            response.insert_header((WWW_AUTHENTICATE, "Keystone"));
        }
        if let Some(after) = retry_after {
            response.insert_header(retry_after::header(after));
        }
        response.json(Body { error_code: code, error_msg: &message, request_id: self.request_id() })
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unauthenticated => Self::Unauthenticated,
            Refused::Domain(error) => Self::Domain(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, Error as E, KeyPairName};

    fn answer(error: E) -> (u16, &'static str, String) {
        let refusal = Error::from(error).refusal();
        (refusal.status.as_u16(), refusal.code, refusal.message)
    }

    fn name() -> KeyPairName {
        KeyPairName::parse("web").expect("is a name")
    }

    #[test]
    fn each_error_has_the_documented_status_and_code_and_names_the_member() {
        let reason = || "why".to_owned();
        let cases = [
            (E::NotFound(name()), 404, "KPS.4016", "key pair 'web' "),
            (E::JustDeleted(name()), 404, "KPS.4016", "your key pair 'web' was just deleted"),
            (E::NotKept(name()), 400, "KPS.6005", "no private key of key pair 'web' "),
            (E::AlreadyExists(name()), 409, "KPS.0002", "name: key pair 'web' "),
            (E::QuotaExceeded { limit: 5 }, 403, "KPS.0002", "the limit of 5 "),
            (E::Invalid { field: "type", reason: reason() }, 400, "KPS.0002", "type: why"),
            (E::PublicKeyUnusable { reason: reason() }, 400, "KPS.0002", "public_key: "),
            (E::MarkerNotFound("x".to_owned()), 400, "KPS.0002", "marker 'x' "),
            (E::PrivateKeyUnusable { reason: reason() }, 400, "KPS.0002", "key_protection.private_key: "),
            (E::PrivateKeyMismatch, 400, "KPS.6011", "key_protection.private_key: "),
            (E::ProtectionUnavailable { reason: reason() }, 400, "KPS.6008", "key_protection.encryption: "),
            (E::Forbidden(Action::Show), 403, "KPS.9003", "not allowed to show"),
            (E::Integrity("secret cause".into()), 500, "KPS.0004", "the stored private key "),
            (E::internal("secret cause"), 500, "KPS.0004", "an internal error "),
        ];
        for (error, status, code, beginning) in cases {
            let said = answer(error);
            assert_eq!((said.0, said.1), (status, code), "{}", said.2);
            assert!(said.2.starts_with(beginning) && !said.2.contains("secret cause"), "{}", said.2);
        }
    }

    #[test]
    fn what_can_be_tried_again_says_when_in_whole_seconds() {
        for (milliseconds, seconds) in [(0, "1"), (1000, "1"), (1001, "2")] {
            let retry_after = Duration::from_millis(milliseconds);
            let busy = Error::from(E::Busy { what: "a key generator", retry_after });
            let unavailable = Error::from(E::Unavailable { retry_after, source: "secret cause".into() });
            for error in [busy, unavailable] {
                let response = error.error_response();
                assert_eq!((response.status().as_u16(), error.refusal().code), (503, "KPS.0003"));
                assert_eq!(
                    response.headers().get("Retry-After").map(|value| value.as_bytes()),
                    Some(seconds.as_bytes())
                );
            }
        }
    }
}
