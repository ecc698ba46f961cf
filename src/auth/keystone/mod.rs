//! Tokens and EC2 credentials of an existing Keystone: checked by it, and remembered for a bounded time.

mod account;
mod cache;
mod client;
mod credential_body;
mod ec2;
mod failure;
mod metrics;
mod own_login;
mod own_token;
mod settings;
mod token_body;
mod transport;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openssl::sha::sha256;
use prometheus::Registry;
use tokio::time::timeout;

pub use self::ec2::Ec2Credentials;
pub use self::settings::Settings;

use self::cache::{Answer, Answers, Hash};
use self::client::{Client, Existence};
use self::failure::Failure;
use self::metrics::{Lookup, Metrics, Proof};
use super::metrics::{CredentialMetrics, Judged, Method};
use super::{Refused, SecretFileError};
use crate::domain::{Caller, Error, ProjectId, Result, Timestamp};

/// Longer than Keystone's tokens get: fernet ones have some 200 characters, JWS ones some 1,000.
const LONGEST_TOKEN: usize = 4096;

/// When a caller may try again while Keystone is away.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why no Keystone can be asked; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeystoneError {
    #[error("identity.keystone.{0} must be set where identity.mode is 'keystone'")]
    NotSet(&'static str),
    #[error("identity.keystone.password_file: {0}")]
    PasswordFile(#[from] SecretFileError),
    #[error("identity.keystone.cafile {path} cannot be used: {reason}", path = path.display())]
    CaFile { path: PathBuf, reason: String },
    #[error("no HTTP client can be made: {0}")]
    HttpClient(String),
    #[error("the metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// An existing Keystone. Clones share it, with its cache.
#[derive(Clone)]
pub struct Keystone(Arc<Parts>);

struct Parts {
    client: Client,
    answers: Answers<Known>,
    metrics: Metrics,
    judged: Judged,
    login_url: String,
    time: Duration,
}

/// A valid token: whose it is, and until when.
struct Known {
    caller: Caller,
    expires_at: Timestamp,
}

impl Keystone {
    /// Reads the files that the settings name; sends nothing yet. What is counted is shown by `registry`.
    pub fn new(
        settings: &Settings,
        registry: &Registry,
        credentials: &CredentialMetrics,
    ) -> Result<Self, KeystoneError> {
        let metrics = Metrics::new(registry)?;
        let login_url = settings.www_authenticate_uri.clone().or_else(|| settings.auth_url.clone());
        Ok(Self(Arc::new(Parts {
            client: Client::new(settings, metrics.clone())?,
            answers: Answers::new(Duration::from_secs(settings.token_cache_seconds)),
            metrics,
            judged: credentials.of(Method::KeystoneToken),
            login_url: login_url.unwrap_or_default(),
            time: Duration::from_secs(settings.timeout_seconds),
        })))
    }

    /// Its EC2 credentials, where the settings want them as access keys.
    pub fn ec2_credentials(&self, settings: &Settings) -> Result<Option<Ec2Credentials>, KeystoneError> {
        settings.ec2_credentials.then(|| Ec2Credentials::new(settings, self.clone())).transpose()
    }

    /// The caller that a token stands for. Keystone is asked at most once in `token_cache_seconds` for a token, and never
    /// after the token's own end; while it is away, a token that is not remembered is [`Error::Unavailable`].
    pub async fn caller(&self, token: &str) -> Result<Caller, Refused> {
        self.0.judged.count(self.judge(token).await)
    }

    async fn judge(&self, token: &str) -> Result<Caller, Refused> {
        let is_token = !token.is_empty() && token.len() <= LONGEST_TOKEN && token.bytes().all(|b| b.is_ascii_graphic());
        if !is_token {
            return Err(Refused::Unauthenticated);
        }
        let hash = sha256(token.as_bytes());
        let answer = self.0.answer(&self.0.answers, Proof::Token, hash, self.ask(token)).await;
        match answer.map_err(|failure| unavailable(&failure))? {
            Answer::Valid(known) if Timestamp::now() < known.expires_at => Ok(known.caller.clone()),
            Answer::Valid(_) | Answer::Refused => Err(Refused::Unauthenticated),
        }
    }

    async fn ask(&self, token: &str) -> Result<Answer<Known>, Failure> {
        let Some(body) = self.0.client.validate(token).await? else { return Ok(Answer::Refused) };
        Ok(Answer::Valid(Arc::new(Known { caller: body.caller()?, expires_at: body.expires_at()? })))
    }

    /// Whether a project exists, as far as the caller with this token may know; a project that Keystone does not tell of
    /// counts as there, as in a Nova.
    pub async fn has_project(&self, project: &ProjectId, token: &str) -> Result<bool> {
        match self.0.client.project(project, token).await {
            Ok(Existence::There | Existence::NotTold) => Ok(true),
            Ok(Existence::Missing) => Ok(false),
            Err(failure) => Err(unavailable(&Arc::new(failure))),
        }
    }

    /// Where clients log in: what a 401 names.
    pub fn login_url(&self) -> &str {
        &self.0.login_url
    }

    /// Whether Keystone answers and takes the service's own user; `Unavailable` with the cause if not. Nothing depends on it:
    /// the service starts without its Keystone, too.
    pub async fn check(&self) -> Result<()> {
        self.0.client.check().await.map_err(|failure| unavailable(&Arc::new(failure)))
    }
}

impl Parts {
    /// What is remembered, or else what `ask` says within the configured time.
    async fn answer<T: Send + Sync + 'static>(
        &self,
        answers: &Answers<T>,
        proof: Proof,
        hash: Hash,
        ask: impl Future<Output = Result<Answer<T>, Failure>>,
    ) -> Result<Answer<T>, Arc<Failure>> {
        // On the heap: every request's future would have room for a question, in several places.
        let ask = Box::pin(ask);
        // Who takes a question over from one who went away would otherwise have waited for two.
        let asked = timeout(self.time, answers.get(hash, ask)).await;
        let asked = asked.unwrap_or_else(|_| Err(Arc::new(Failure::Slow(self.time))));
        self.metrics.looked_up(proof, asked.as_ref().map_or(Lookup::Miss, |(_, lookup)| *lookup));
        asked.map(|(answer, _)| answer)
    }
}

/// The cause goes to the log: a caller can neither mend nor use it.
fn unavailable(failure: &Arc<Failure>) -> Error {
    Error::Unavailable { retry_after: RETRY_AFTER, source: failure.clone().into() }
}
