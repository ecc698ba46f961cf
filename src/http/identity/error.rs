//! What went wrong, in Keystone's words: `{"error": {"code", "message", "title"}}` (recorded from Keystone 30).
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use actix_web::http::StatusCode;
use actix_web::http::header::ALLOW;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Refused;
use crate::domain;
use crate::http::body::Unread;
use crate::http::retry_after;

/// `Display` is the message that the client gets.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("The request you have made requires authentication.")]
    Unauthenticated,
    #[error("Attempted to authenticate with an unsupported method.")]
    UnsupportedMethod,
    /// A member is missing: `what` in `place`.
    #[error(
        "Expecting to find {what} in {place}. The server could not comply with the request since it is either malformed \
         or otherwise incorrect. The client is assumed to be in error."
    )]
    Missing { what: &'static str, place: &'static str },
    /// A member is of the wrong kind. What it holds is not repeated: it may be a password.
    #[error("Invalid input for field '{field}': {reason}")]
    Invalid { field: &'static str, reason: &'static str },
    #[error("You are not authorized to perform the requested action: {0}.")]
    Forbidden(&'static str),
    #[error("The resource could not be found.")]
    NoSuchPath,
    /// There is no identity of the service's own.
    #[error("This service has no users of its own: log in at {login_url}.")]
    Elsewhere { login_url: String },
    #[error("No token in the request")]
    NoSubject,
    #[error("Could not find {what}: {id}.")]
    NotFound { what: &'static str, id: String },
    #[error("Could not find token.")]
    TokenNotFound,
    #[error("The method is not allowed for the requested URL.")]
    MethodNotAllowed { allow: &'static str },
    #[error("Request is too large.")]
    TooLarge,
    #[error("The request's body did not come in time.")]
    Slow,
    #[error("The request's body could not be read.")]
    Broken,
    #[error(transparent)]
    Domain(domain::Error),
}

#[derive(Serialize, ToSchema)]
pub(super) struct Body {
    error: Inner,
}

#[derive(Serialize, ToSchema)]
struct Inner {
    code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Methods>,
    message: String,
    title: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Methods {
    methods: [&'static str; 2],
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unauthenticated => Self::Unauthenticated,
            Refused::Domain(error) => Self::Domain(error),
        }
    }
}

impl From<domain::Error> for Error {
    fn from(error: domain::Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Unread> for Error {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLarge => Self::TooLarge,
            Unread::Slow => Self::Slow,
            Unread::Broken(_) => Self::Broken,
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::UnsupportedMethod => StatusCode::UNAUTHORIZED,
            Self::Missing { .. } | Self::Invalid { .. } | Self::Broken => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NoSuchPath
            | Self::Elsewhere { .. }
            | Self::NoSubject
            | Self::NotFound { .. }
            | Self::TokenNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Domain(error) => domain_status(error),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        if let Self::MethodNotAllowed { allow } = self {
            answer.insert_header((ALLOW, *allow));
        }
        if let Self::Domain(error) = self {
            write_retry_after(&mut answer, error);
        }
        let identity = matches!(self, Self::UnsupportedMethod).then_some(Methods { methods: ["password", "token"] });
        let title = status.canonical_reason().unwrap_or_default();
        answer.json(Body { error: Inner { code: status.as_u16(), identity, message: self.to_string(), title } })
    }
}

/// The identity meets few of these; the rest is what a bug would be.
fn domain_status(error: &domain::Error) -> StatusCode {
    match error {
        domain::Error::Busy { .. } | domain::Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        domain::Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        domain::Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        domain::Error::Forbidden(_) => StatusCode::FORBIDDEN,
        domain::Error::NotFound(_)
        | domain::Error::NotKept(_)
        | domain::Error::AlreadyExists(_)
        | domain::Error::QuotaExceeded { .. }
        | domain::Error::PublicKeyUnusable { .. }
        | domain::Error::JustDeleted(_)
        | domain::Error::TooManyTags { .. }
        | domain::Error::MarkerNotFound(_)
        | domain::Error::PrivateKeyUnusable { .. }
        | domain::Error::PrivateKeyMismatch
        | domain::Error::ProtectionUnavailable { .. }
        | domain::Error::Integrity(_)
        | domain::Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn write_retry_after(answer: &mut HttpResponseBuilder, error: &domain::Error) {
    if let domain::Error::Busy { retry_after: after, .. }
    | domain::Error::RateLimited { retry_after: after }
    | domain::Error::Unavailable { retry_after: after, .. } = error
    {
        answer.insert_header(retry_after::header(*after));
    }
}
