//! Why Keystone did not say who a caller is.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;

use crate::auth::SecretFileError;

/// For the log, which also gets it where it asks for `Debug`: a caller only learns that the service is unavailable. No text
/// holds a token or a password.
#[derive(thiserror::Error)]
pub(super) enum Failure {
    #[error("Keystone did not answer within {0:?}")]
    Slow(Duration),
    #[error("too many requests wait for Keystone")]
    Crowded,
    #[error("Keystone cannot be reached: {}", root_cause(.0))]
    Unreachable(reqwest::Error),
    #[error("Keystone answered {status}")]
    Answered { status: StatusCode },
    #[error("Keystone's answer cannot be read: {0}")]
    Unreadable(String),
    /// It ended before its time, or was revoked; the next attempt logs in anew.
    #[error("Keystone does not know the service's own token any more")]
    OwnTokenRefused,
    #[error(
        "Keystone refuses the service's own login; check identity.keystone.username, password_file, project_name and \
         the domains"
    )]
    LoginRefused,
    #[error(
        "Keystone does not let the service's own user check tokens and EC2 credentials; give it the role 'service' on its \
         project"
    )]
    NotAllowed,
    #[error(
        "Keystone does not let the service's own user read EC2 credentials, as identity.keystone.ec2_credentials needs; \
         give it the role 'reader' on the system: openstack role add --user USER --system all reader"
    )]
    MayNotReadCredentials,
    #[error("Keystone's catalog has no identity endpoint in the region '{0}' of identity.keystone.region")]
    NoEndpoint(String),
    #[error("identity.keystone.password_file: {0}")]
    PasswordFile(#[from] SecretFileError),
    /// A login that failed a moment ago, and is not repeated with the same password.
    #[error("{0}")]
    NotAgainYet(Arc<Failure>),
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Failure {
    /// Says where JSON cannot be read, and not what stands there: serde_json's text repeats a value of the wrong type,
    /// which may be a secret, or come from another service.
    pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> Self {
        let place = format!("line {} column {}", error.line(), error.column());
        Self::Unreadable(format!("it is no {what} ({:?} error at {place})", error.classify()))
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Slow(_) | Self::Unreachable(_) | Self::OwnTokenRefused => true,
            Self::Answered { status } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            // Who has waited in vain does not wait again: the queue would only grow.
            Self::Crowded
            | Self::Unreadable(_)
            | Self::LoginRefused
            | Self::NotAllowed
            | Self::MayNotReadCredentials
            | Self::NoEndpoint(_)
            | Self::PasswordFile(_)
            | Self::NotAgainYet(_) => false,
        }
    }
}

/// What is at the bottom of it (`Connection refused`): the layers above only repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| error.to_string(), ToString::to_string)
}
