//! What can go wrong, in no dialect's words: each dialect has one exhaustive match from here to its own.

use std::fmt;
use std::time::Duration;

use super::KeyPairName;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of a failure: for the log, never for the caller.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// `Display` is fit for a caller in every variant; what is not stands in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("key pair '{0}' does not exist")]
    NotFound(KeyPairName),
    /// The caller has just deleted a key pair of that name; the project's, which it hid, is left alone for a while.
    #[error("your key pair '{0}' was just deleted; the project's of the same name can be deleted some minutes later")]
    JustDeleted(KeyPairName),
    /// The key pair is there, but no private key of it is kept.
    #[error("no private key of key pair '{0}' is kept")]
    NotKept(KeyPairName),
    #[error("key pair '{0}' already exists")]
    AlreadyExists(KeyPairName),
    /// As many key pairs as the owner may have are there.
    #[error("the limit of {limit} key pairs is reached")]
    QuotaExceeded { limit: u32 },
    /// A key pair would have more tags than it may.
    #[error("the limit of {limit} tags for a key pair is reached")]
    TooManyTags { limit: usize },
    /// A member of the request is not usable; `field` is its name on the wire.
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
    /// The public key or certificate cannot be parsed, or is of a kind that is not taken.
    #[error("the public key cannot be used: {reason}")]
    PublicKeyUnusable { reason: String },
    /// The marker of a page names no key pair that the caller sees.
    #[error("marker '{0}' does not exist")]
    MarkerNotFound(String),
    /// The private key given to be kept cannot be read, or is of a kind that is not taken.
    #[error("the private key cannot be used: {reason}")]
    PrivateKeyUnusable { reason: String },
    #[error("the private key does not match the public key")]
    PrivateKeyMismatch,
    /// The key-encryption key that was asked for does not exist, or is not the caller's.
    #[error("the private key cannot be protected: {reason}")]
    ProtectionUnavailable { reason: String },
    #[error("not allowed to {0} this")]
    Forbidden(Action),
    /// A bounded queue is full; nothing was begun.
    #[error("too many requests wait for {what}; try again")]
    Busy { what: &'static str, retry_after: Duration },
    /// The caller sends more requests than the settings allow; nothing was begun.
    #[error("too many requests; try again later")]
    RateLimited { retry_after: Duration },
    /// The database or the KMS cannot be reached, or did not answer in time. Nothing was stored, unless the source says
    /// that the outcome is unknown: then all of it was stored, or nothing.
    #[error("the service is unavailable; try again")]
    Unavailable {
        retry_after: Duration,
        #[source]
        source: Source,
    },
    /// A stored private key failed a check on its way out: commitment, binding or derived public key.
    #[error("the stored private key failed its integrity check")]
    Integrity(#[source] Source),
    #[error("an internal error occurred")]
    Internal(#[source] Source),
}

impl Error {
    /// A failure that nobody outside can mend.
    pub fn internal(cause: impl Into<Source>) -> Self {
        Self::Internal(cause.into())
    }

    /// A kept private key that failed a check on its way out; `cause` holds nothing of the key.
    pub fn integrity(cause: impl Into<Source>) -> Self {
        Self::Integrity(cause.into())
    }

    /// The text with its cause: for whoever runs the service, never for a caller.
    pub fn with_cause(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}

/// What a caller wants to do with key pairs; the subject of authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    List,
    Show,
    Create,
    Delete,
    Describe,
    /// Create a key pair whose private key is kept.
    CreateKept,
    /// Take a kept private key out.
    Export,
    /// Give a key pair that is there a private key to keep.
    ImportInto,
    /// Forget a kept private key.
    Clear,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "list",
            Self::Show => "show",
            Self::Create | Self::CreateKept => "create",
            Self::Delete => "delete",
            Self::Describe => "describe",
            Self::Export => "export",
            Self::ImportInto => "import into",
            Self::Clear => "clear",
        })
    }
}
