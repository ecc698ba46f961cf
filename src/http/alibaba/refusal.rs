//! A refusal as Alibaba's services say it: status, code and message, in the format of the request.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::frame::Frame;
use crate::domain;
use crate::http::retry_after;

/// Milliseconds; clients wait that long before they try again.
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-acs-retry-after");

/// Why a call is refused.
pub(super) struct Refusal {
    status: StatusCode,
    code: Cow<'static, str>,
    /// Goes to the caller and to the log: of what the caller sent it repeats names at most.
    message: String,
    /// Follows the message for the caller alone.
    told: String,
    retry_after: Option<Duration>,
    /// For the log alone.
    cause: Option<Box<domain::Error>>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { status, code, message, told: String::new(), retry_after: None, cause: None }
    }

    /// Most refusals: 400.
    pub(super) fn bad(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// With words behind the message that repeat what the caller sent: they stay out of the log.
    pub(super) fn telling(self, told: String) -> Self {
        Self { told, ..self }
    }

    /// Worth another try, but not at once.
    pub(super) fn until(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// More requests than the settings allow.
    pub(super) fn throttled(retry_after: Duration) -> Self {
        Self::bad("Throttling.User", "Request was denied due to user flow control.").until(retry_after)
    }

    /// Whether the caller is to blame.
    pub(super) fn is_callers(&self) -> bool {
        self.status.is_client_error()
    }

    pub(super) fn unknown_action() -> Self {
        let message = "Specified api is not found, please check your url and method.";
        Self::new(StatusCode::NOT_FOUND, "InvalidAction.NotFound", message)
    }

    pub(super) fn no_permission() -> Self {
        Self::new(StatusCode::FORBIDDEN, "NoPermission", "Permission denied.")
    }

    /// What neither the caller nor a product's table has to do with.
    pub(super) fn internal(cause: domain::Error) -> Self {
        let message = "The request processing has failed due to some unknown error.";
        Self { cause: Some(Box::new(cause)), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message) }
    }

    pub(super) fn unavailable(retry_after: Duration, cause: domain::Error) -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message);
        Self { cause: Some(Box::new(cause)), ..refusal.until(retry_after) }
    }
}

/// What the door itself meets: it asks the database, and no more. A product says the rest in words of its own.
impl From<domain::Error> for Refusal {
    fn from(error: domain::Error) -> Self {
        match error {
            domain::Error::Busy { retry_after, .. } | domain::Error::Unavailable { retry_after, .. } => {
                Self::unavailable(retry_after, error)
            }
            domain::Error::RateLimited { retry_after } => Self::throttled(retry_after),
            error => Self::internal(error),
        }
    }
}

/// A refusal on its way out.
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) frame: Frame,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Body<'a> {
    request_id: &'a str,
    host_id: &'a str,
    code: &'a str,
    message: &'a str,
    recommend: &'a str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.refusal.code, self.refusal.message)
    }
}

/// With what the caller is not told.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal.cause {
            Some(cause) => write!(f, "{self}: {cause:?}"),
            None => write!(f, "{self}"),
        }
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.refusal.status
    }

    fn error_response(&self) -> HttpResponse {
        let Refusal { status, code, message, told, retry_after, cause: _ } = &self.refusal;
        let request_id = self.frame.request_id();
        let mut answer = HttpResponse::build(*status);
        if let Some(after) = retry_after {
            answer.insert_header((RETRY_AFTER, after.as_millis().max(1).to_string()));
            answer.insert_header(retry_after::header(*after));
        }
        if *status == StatusCode::METHOD_NOT_ALLOWED {
            answer.insert_header((ALLOW, "GET, POST"));
        }
        let body = Body {
            request_id,
            host_id: &self.frame.host,
            code,
            message: &format!("{message}{told}"),
            recommend: &format!("Ask whoever runs this service about {code} of request {request_id}."),
        };
        let answered = self.frame.answer(answer, "Error", &body);
        answered.unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
    }
}
