//! What the KMS's refusals and outages mean for a caller.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::domain::Error;

/// When a caller may try again while the KMS is away.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a call brought nothing. Texts are for the log; what the KMS sent besides its code and message is not in them.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the KMS knows no such key or alias: {0}")]
    Unknown(String),
    #[error("the KMS key is disabled: {0}")]
    Disabled(String),
    #[error("the KMS key is pending deletion: {0}")]
    PendingDeletion(String),
    #[error("the KMS key is in a state in which it cannot be used: {0}")]
    NotReady(String),
    #[error("the KMS key is not one for symmetric encryption: {0}")]
    WrongUsage(String),
    #[error("the KMS denies access: {0}")]
    Denied(String),
    #[error("the KMS key is not available now: {0}")]
    KeyAway(String),
    #[error(transparent)]
    Untrue(#[from] Untrue),
    #[error("the KMS is unavailable: {0}")]
    Unavailable(String),
    #[error("the KMS did not answer within {} s", .0.as_secs_f32())]
    Slow(Duration),
    #[error("too many calls of the KMS are under way")]
    Crowded,
    #[error("the KMS was away and is left alone for {} s", .0.as_secs_f32())]
    Resting(Duration),
    #[error("the KMS refuses a call: {0}")]
    Other(String),
}

/// What is not what was wrapped: a row that was changed, or a KMS that answers something else.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Untrue {
    #[error("the KMS says that it did not wrap this for this key pair: {0}")]
    Ciphertext(String),
    #[error("the KMS answered with another key than the one asked for")]
    OtherKey,
    #[error("the KMS answered with a key of {0} bytes where 32 are needed")]
    KeyLength(usize),
    #[error("the KMS answered without {0}")]
    Missing(&'static str),
    #[error("the wrapped data key has {0} bytes, which no KMS wrote")]
    Length(usize),
    #[error("the wrapped data key has a format that this version does not know")]
    Format,
    #[error("the row names the KMS key '{0}', which is no ARN of version 1")]
    KeyName(String),
}

impl Failure {
    /// What the SDK says, by the KMS's own code: the same for every operation.
    pub(super) fn of<E: std::error::Error + ProvideErrorMetadata + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        let SdkError::ServiceError(refused) = error else { return Self::Unavailable(chain(error)) };
        let meta = refused.err().meta();
        // What has no code does not come from the KMS: something on the way to it answered.
        let Some(code) = meta.code() else { return Self::Unavailable(chain(error)) };
        let message = meta.message().unwrap_or_default();
        let said = format!("{code}: {message}");
        match code {
            "NotFoundException" | "InvalidArnException" => Self::Unknown(said),
            "DisabledException" => Self::Disabled(said),
            "KMSInvalidStateException" if message.contains("pending deletion") => Self::PendingDeletion(said),
            "KMSInvalidStateException" => Self::NotReady(said),
            "InvalidKeyUsageException" | "UnsupportedOperationException" => Self::WrongUsage(said),
            // Its own store is away. That is one tenant's, and no outage of the KMS.
            "KeyUnavailableException" => Self::KeyAway(said),
            "AccessDeniedException" => Self::Denied(said),
            "InvalidCiphertextException" | "IncorrectKeyException" => Untrue::Ciphertext(said).into(),
            _ if passes(code, refused.raw().status().as_u16()) => Self::Unavailable(said),
            _ => Self::Other(said),
        }
    }

    /// Whether it says that the KMS could not be used at all, whatever was asked.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Slow(_))
    }

    /// The word in the metrics.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_key",
            Self::Disabled(_) | Self::PendingDeletion(_) | Self::NotReady(_) | Self::WrongUsage(_) => "unusable_key",
            Self::KeyAway(_) => "key_unavailable",
            Self::Denied(_) => "denied",
            Self::Untrue(_) => "integrity",
            Self::Unavailable(_) | Self::Slow(_) => "unavailable",
            Self::Crowded => "crowded",
            Self::Resting(_) => "resting",
            Self::Other(_) => "error",
        }
    }

    /// As a caller is told, about a key that `subject` names in the caller's own words.
    pub(super) fn about(self, subject: &str) -> Error {
        let reason = match &self {
            Self::Unknown(_) => format!("{subject} does not exist among the keys of this project"),
            Self::Disabled(_) => format!("{subject} is disabled; have it enabled, or use another"),
            Self::PendingDeletion(_) => format!("{subject} is pending deletion; have that cancelled, or use another"),
            Self::NotReady(_) => format!("{subject} is in a state in which it cannot be used; see to it in the KMS"),
            Self::WrongUsage(_) => format!("{subject} is not a key for symmetric encryption; use another"),
            Self::Denied(_) => format!("the service may not use {subject}; its policy must allow that"),
            Self::Untrue(untrue) => return Error::Integrity(Box::new(untrue.clone())),
            Self::Resting(rest) => return Error::Unavailable { retry_after: *rest, source: self.into() },
            Self::Unavailable(_) | Self::KeyAway(_) | Self::Slow(_) | Self::Crowded => {
                return Error::Unavailable { retry_after: RETRY_AFTER, source: self.into() };
            }
            Self::Other(_) => return Error::internal(self),
        };
        tracing::info!("a KMS key cannot be used: {self}");
        Error::ProtectionUnavailable { reason }
    }
}

/// What another try, later, may mend: throttling (a 400), faults of the KMS, and credentials that are wrong or have expired.
fn passes(code: &str, status: u16) -> bool {
    let codes = [
        "LimitExceededException",
        "DependencyTimeoutException",
        "KMSInternalException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
    ];
    status == 429 || status >= 500 || code.contains("Throttl") || codes.contains(&code)
}

/// The error and what is behind it, without what it was made of: `Debug` would write out bodies.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(behind) = cause {
        text = format!("{text}: {behind}");
        cause = behind.source();
    }
    text
}

impl From<Untrue> for Error {
    fn from(untrue: Untrue) -> Self {
        Self::Integrity(Box::new(untrue))
    }
}
