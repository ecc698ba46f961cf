//! What Nova says when it refuses: its faults, in its words.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::json;

use super::microversion::Microversion;
use super::{answer, quota_error};
use crate::domain::{self, Action, Caller, KeyKind, Scope, UserId};
use crate::http::{body, retry_after};
use crate::service::{QuotaError, Whose};

/// Why a request is refused. What is logged of it (`Display`, `Debug`) repeats nothing of a body or a query.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// `keystone` is where a client gets a token.
    #[error("no valid token")]
    Unauthenticated { keystone: String },
    #[error("the body is larger than {} bytes", body::LIMIT)]
    TooLarge,
    #[error("the body did not come in time")]
    SlowBody,
    #[error("no such route")]
    NoSuchRoute,
    #[error("the version that is asked for is malformed")]
    MalformedVersion(String),
    #[error("version {0} is not supported")]
    UnsupportedVersion(String),
    #[error("the media type is not supported")]
    UnsupportedMediaType,
    #[error("the body cannot be parsed")]
    MalformedBody,
    #[error("the URL names project {url}, the token {token}")]
    OtherProject { url: String, token: String },
    #[error("the body or query breaks the schema")]
    Schema(Told),
    /// No key pair can have the name that the path gives.
    #[error("the path names no key pair")]
    NoSuchName { name: Told, user: UserId },
    /// The path names no project that can be.
    #[error("the path names no project")]
    NoSuchProject(Told),
    #[error("there is no such extension")]
    NoSuchExtension,
    /// By the policy of that name.
    #[error("not allowed by the policy {0}")]
    NotAllowed(&'static str),
    #[error(transparent)]
    Quota(#[from] QuotaError),
    #[error("{error}")]
    Domain {
        #[source]
        error: domain::Error,
        about: Option<About>,
    },
}

/// A failure before it is known what the request is about.
impl From<domain::Error> for Error {
    fn from(error: domain::Error) -> Self {
        Self::Domain { error, about: None }
    }
}

/// Words for the caller's eyes that may repeat what the caller sent: not for the log.
pub(super) struct Told(pub(super) String);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told(…)")
    }
}

/// Whom and what a request is about: some of Nova's messages name it.
#[derive(Clone, Debug)]
pub(super) struct About {
    user: UserId,
    scope: Scope,
    kind: KeyKind,
}

impl About {
    pub(super) fn new(caller: &Caller, whose: &Whose, kind: KeyKind) -> Self {
        let user = match whose {
            Whose::Callers | Whose::Project(_) => &caller.user,
            Whose::User(user) => user,
        };
        Self { user: user.clone(), scope: caller.scope.clone(), kind }
    }

    pub(super) fn user(&self) -> &UserId {
        &self.user
    }

    pub(super) fn refuse(self, error: domain::Error) -> Error {
        Error::Domain { error, about: Some(self) }
    }
}

/// A refusal in the shape that nearly all of them have.
pub(super) struct Fault {
    status: StatusCode,
    pub(super) message: String,
    retry_after: Option<Duration>,
}

impl Fault {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    /// The one member of the body.
    fn name(&self) -> &'static str {
        name_of(self.status.as_u16())
    }
}

/// Nova's word for a status, which a body has for its one member.
pub(super) fn name_of(status: u16) -> &'static str {
    match status {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        409 => "conflictingRequest",
        413 => "overLimit",
        415 => "badMediaType",
        429 => "overLimit",
        503 => "serviceUnavailable",
        _ => "computeFault",
    }
}

impl Error {
    /// A body or query that breaks a rule, and what Nova says of it.
    pub(super) fn schema(told: String) -> Self {
        Self::Schema(Told(told))
    }

    /// What the answer says.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Unauthenticated { .. } => {
                Fault::new(StatusCode::UNAUTHORIZED, "The request you have made requires authentication.")
            }
            Self::TooLarge => Fault::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("Request is too large. Larger than max_request_body_size ({}).", body::LIMIT),
            ),
            Self::SlowBody => Fault::new(StatusCode::REQUEST_TIMEOUT, "The body of the request did not come in time."),
            Self::NoSuchRoute => Fault::new(StatusCode::NOT_FOUND, "The resource could not be found."),
            Self::MalformedVersion(version) => bad_request(format!(
                "API Version String {version} is of invalid format. Must be of format MajorNum.MinorNum."
            )),
            Self::UnsupportedVersion(version) => Fault::new(
                StatusCode::NOT_ACCEPTABLE,
                format!(
                    "Version {version} is not supported by the API. Minimum is {} and maximum is {}.",
                    Microversion::OLDEST,
                    Microversion::NEWEST
                ),
            ),
            Self::UnsupportedMediaType => Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Content-Type"),
            Self::MalformedBody => bad_request("Malformed request body"),
            Self::OtherProject { url, token } => bad_request(format!(
                "Malformed request URL: URL's project_id '{url}' doesn't match Context's project_id '{token}'"
            )),
            Self::Schema(Told(told)) => bad_request(told),
            Self::NoSuchName { name: Told(name), user } => not_found(name, Some(user)),
            Self::NoSuchProject(Told(project)) => quota_error::no_such_project(project),
            Self::NoSuchExtension => Fault::new(StatusCode::NOT_FOUND, "The resource could not be found."),
            Self::NotAllowed(policy) => not_allowed(policy),
            Self::Quota(error) => quota_error::fault(error),
            Self::Domain { error, about } => domain_fault(error, about.as_ref()),
        }
    }
}

pub(super) fn bad_request(message: impl Into<String>) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, message)
}

fn not_found(name: &str, user: Option<&UserId>) -> Fault {
    let user = user.map(|user| format!(" for user {user}")).unwrap_or_default();
    Fault::new(StatusCode::NOT_FOUND, format!("Keypair {name} not found{user}"))
}

/// Names the policy that refuses, without what all of their names begin with.
pub(super) fn not_allowed(policy: &str) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, format!("Policy doesn't allow os_compute_api:{policy} to be performed."))
}

/// The one place that turns what went wrong into Nova's status and message.
pub(super) fn domain_fault(error: &domain::Error, about: Option<&About>) -> Fault {
    use domain::Error as E;
    match error {
        E::NotFound(name) | E::JustDeleted(name) => not_found(name.as_str(), about.map(About::user)),
        E::AlreadyExists(name) => Fault::new(StatusCode::CONFLICT, format!("Key pair '{name}' already exists.")),
        E::QuotaExceeded { limit: _ } => Fault::new(StatusCode::FORBIDDEN, "Quota exceeded, too many key pairs."),
        E::Invalid { field, reason } => bad_request(format!("Invalid input for field/attribute {field}: {reason}")),
        E::PublicKeyUnusable { reason } => bad_request(match about.map(|about| about.kind) {
            None | Some(KeyKind::Ssh) => "Keypair data is invalid: failed to generate fingerprint".to_owned(),
            Some(KeyKind::X509) => {
                format!("Keypair data is invalid: failed to generate X509 fingerprint. Error message: {reason}")
            }
        }),
        E::MarkerNotFound(marker) => bad_request(format!("Marker {marker} could not be found.")),
        E::NotKept(_)
        | E::TooManyTags { limit: _ }
        | E::PrivateKeyUnusable { reason: _ }
        | E::PrivateKeyMismatch
        | E::ProtectionUnavailable { reason: _ } => bad_request(error.to_string()),
        E::Forbidden(action) => forbidden(*action, about),
        E::Busy { what: _, retry_after } | E::Unavailable { retry_after, source: _ } => Fault {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: error.to_string(),
            retry_after: Some(*retry_after),
        },
        E::RateLimited { retry_after } => Fault {
            retry_after: Some(*retry_after),
            ..Fault::new(StatusCode::TOO_MANY_REQUESTS, "This request was rate-limited.")
        },
        E::Integrity(_) | E::Internal(_) => Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server has either erred or is incapable of performing the requested operation.",
        ),
    }
}

/// Names the policy that refuses. A token without any scope is refused a create before policies are asked (recorded).
fn forbidden(action: Action, about: Option<&About>) -> Fault {
    let policy = match action {
        Action::Create | Action::CreateKept if about.is_some_and(|about| about.scope == Scope::Unscoped) => {
            return Fault::new(StatusCode::FORBIDDEN, "Forbidden");
        }
        Action::List => "index",
        Action::Show => "show",
        Action::Create | Action::CreateKept => "create",
        Action::Delete => "delete",
        Action::Describe => "update",
        Action::Export => "export",
        Action::ImportInto => "import",
        Action::Clear => "clear",
    };
    not_allowed(&format!("os-keypairs:{policy}"))
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.fault().status
    }

    /// Three shapes beside the usual one (recorded): a refused token is the token middleware's to answer, and an
    /// unknown route and too large a body are the web framework's.
    fn error_response(&self) -> HttpResponse {
        let fault = self.fault();
        match self {
            Self::Unauthenticated { keystone } => unauthenticated(&fault, keystone),
            Self::NoSuchRoute | Self::TooLarge => plain(&fault),
            Self::MalformedVersion(_)
            | Self::UnsupportedVersion(_)
            | Self::UnsupportedMediaType
            | Self::MalformedBody
            | Self::SlowBody
            | Self::OtherProject { .. }
            | Self::Schema(_)
            | Self::NoSuchName { .. }
            | Self::NoSuchProject(_)
            | Self::NoSuchExtension
            | Self::NotAllowed(_)
            | Self::Quota(_)
            | Self::Domain { .. } => faulted(&fault),
        }
    }
}

/// As keystonemiddleware answers, in its order of members.
fn unauthenticated(fault: &Fault, keystone: &str) -> HttpResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        code: u16,
        title: &'a str,
        message: &'a str,
    }
    let mut answer = HttpResponse::build(fault.status);
    answer.insert_header((WWW_AUTHENTICATE, format!("Keystone uri=\"{keystone}\"")));
    let error = Body { code: fault.status.as_u16(), title: "Unauthorized", message: &fault.message };
    answer::json(answer, answer::JSON, &BTreeMap::from([("error", error)]))
}

fn plain(fault: &Fault) -> HttpResponse {
    let title = match fault.status {
        StatusCode::PAYLOAD_TOO_LARGE => "413 Request Entity Too Large".to_owned(),
        status => status.to_string(),
    };
    let text = format!("{title}\n\n{}\n\n   ", fault.message);
    HttpResponse::build(fault.status).content_type("text/plain; charset=UTF-8").body(text)
}

fn faulted(fault: &Fault) -> HttpResponse {
    let mut answer = HttpResponse::build(fault.status);
    let mut body = json!({ fault.name(): { "code": fault.status.as_u16(), "message": fault.message } });
    if let Some((name, seconds)) = fault.retry_after.map(retry_after::header) {
        // Nova says it in the body too, as a text, where a rate is exceeded.
        if fault.status == StatusCode::TOO_MANY_REQUESTS {
            body[fault.name()]["retryAfter"] = json!(seconds);
        }
        answer.insert_header((name, seconds));
    }
    answer::json(answer, "application/json; charset=UTF-8", &body)
}
