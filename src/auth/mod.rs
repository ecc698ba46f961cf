//! Who is calling: the embedded identity's users, passwords, tokens, access keys and roles, or an existing Keystone's tokens
//! and EC2 credentials.

mod access_keys;
mod accounts;
mod authentication;
mod callers;
mod failures;
mod hashing;
mod keystone;
mod login;
mod metrics;
mod nonces;
mod password;
mod password_file;
mod roles;
mod secret_file;
mod session;
pub mod signatures;
mod token;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::Error;
use crate::store::Store;
use callers::Callers;
use failures::Failures;
use hashing::Hashing;
use metrics::{Judged, Method};

pub use access_keys::{AccessKeys, Claim, SecurityToken, SignatureRefused, StoredKeys};
pub use accounts::{FIRST_ADMIN, FIRST_MEMBER, FirstPasswords, UserChanges};
pub use authentication::{Authentication, ProjectsSeenBy};
pub use failures::network;
pub use keystone::{Ec2Credentials, Keystone, KeystoneError, Settings as KeystoneSettings};
pub use login::{Domain, Issued, Login, ProjectRef, Proof, UserRef, WantedScope};
pub use metrics::CredentialMetrics;
pub use nonces::Nonces;
pub use password::Password;
pub use password_file::PasswordFileError;
pub use secret_file::{SecretFileError, SecretKind, read_secret, read_secret_from};
pub use session::Session;

/// The id and the name of the one domain that the embedded identity has.
pub const DOMAIN_ID: &str = "default";
pub const DOMAIN_NAME: &str = "Default";

/// `identity.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub mode: Mode,
    /// Holds the first administrator's password, for a database that others share.
    pub bootstrap_password_file: Option<PathBuf>,
    /// How long a token lives, in seconds.
    pub token_lifetime_seconds: u64,
    pub keystone: KeystoneSettings,
}

impl Settings {
    pub fn token_lifetime(&self) -> Duration {
        Duration::from_secs(self.token_lifetime_seconds)
    }
}

/// Who knows the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Embedded,
    Keystone,
}

/// Why a credential does not make a caller.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Missing, malformed, unknown, expired or revoked: which of these is not told.
    #[error("the request requires authentication")]
    Unauthenticated,
    #[error(transparent)]
    Domain(#[from] Error),
}

/// The embedded identity. Clones share it.
///
/// [`Identity::login`] turns a password or a token into a new token; [`Identity::caller`] turns a token into the caller
/// that every dialect works with.
#[derive(Clone)]
pub struct Identity(Arc<Parts>);

struct Parts {
    store: Store,
    token_lifetime: Duration,
    hashing: Hashing,
    failures: Failures,
    callers: Callers,
    tokens: Judged,
    passwords: Judged,
}

impl Identity {
    /// The database that it is in.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Its tokens live `token_lifetime`.
    pub fn new(token_lifetime: Duration, store: Store, metrics: &CredentialMetrics) -> Self {
        Self(Arc::new(Parts {
            store,
            token_lifetime,
            hashing: Hashing::new(),
            failures: Failures::default(),
            callers: Callers::default(),
            tokens: metrics.of(Method::Token),
            passwords: metrics.of(Method::Password),
        }))
    }
}
