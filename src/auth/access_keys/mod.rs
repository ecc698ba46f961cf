//! Requests that are signed with an access key: whose they are, whoever keeps the keys.

mod stored;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use openssl::memcmp;

pub use self::stored::StoredKeys;

use super::failures::{Attempt, Failures};
use super::keystone::Ec2Credentials;
use super::signatures::Request;
use super::signatures::sdk_hmac::{Authorization, Refusal};
use super::token;
use crate::domain::{AccessKeyId, Caller, Error, Result, SecretText, Temporary, Timestamp, TokenHash};

/// Why a signed request has no caller.
#[derive(Debug, thiserror::Error)]
pub enum SignatureRefused {
    #[error(transparent)]
    Signature(#[from] Refusal),
    /// There is no such key, or it is disabled, over, or of a user or project that may not use it (any more): which of
    /// these is not told.
    #[error("ak {0} not exist")]
    UnknownKey(String),
    #[error("AK access failed to reach the limit,forbidden")]
    Locked,
    #[error("decrypt token fail: a temporary access key needs its X-Security-Token, others have none")]
    SecurityToken,
    #[error(transparent)]
    Domain(#[from] Error),
}

impl SignatureRefused {
    /// What the caller is told; the text itself is for the log.
    pub fn told(&self) -> String {
        match self {
            Self::Signature(refusal) => refusal.told(),
            Self::UnknownKey(_) | Self::Locked | Self::SecurityToken | Self::Domain(_) => self.to_string(),
        }
    }
}

/// A signed request whose head may be what it says.
pub struct Signed<'r> {
    request: &'r Request<'r>,
    authorization: Authorization<'r>,
    access_key: AccessKeyId,
    source: IpAddr,
    attempt: Attempt,
}

impl<'r> Signed<'r> {
    /// What can be said of a request from the address `source` without a secret and without its body.
    pub fn of(request: &'r Request<'r>, authorization: &'r str, source: IpAddr) -> Result<Self, Refusal> {
        let authorization = Authorization::parse(authorization)?;
        authorization.check(request, Timestamp::now())?;
        let access_key = AccessKeyId::parse(authorization.access_key).map_err(|_| Refusal::Malformed)?;
        let attempt = Attempt::new(access_key.as_str(), source);
        Ok(Self { request, authorization, access_key, source, attempt })
    }

    /// Where there are no access keys at all.
    pub fn unknown(&self) -> SignatureRefused {
        SignatureRefused::UnknownKey(self.access_key.to_string())
    }
}

/// The access keys. Clones share them.
#[derive(Clone)]
pub struct AccessKeys(Arc<Parts>);

struct Parts {
    source: Source,
    failures: Failures,
}

/// Who keeps the keys.
enum Source {
    Stored(StoredKeys),
    Keystone(Ec2Credentials),
}

/// Who signs with a key.
pub(super) struct Signer {
    pub(super) caller: Caller,
    pub(super) secret: SecretText,
    pub(super) temporary: Option<Temporary>,
}

impl AccessKeys {
    /// Those of the embedded identity.
    pub fn stored(keys: StoredKeys) -> Self {
        Self::of(Source::Stored(keys))
    }

    /// A Keystone's EC2 credentials.
    pub fn of_keystone(credentials: Ec2Credentials) -> Self {
        Self::of(Source::Keystone(credentials))
    }

    fn of(source: Source) -> Self {
        Self(Arc::new(Parts { source, failures: Failures::default() }))
    }

    /// Refuses, before its body is read, a request of a key that has failed too often from its address.
    pub fn refuse_locked(&self, signed: &Signed<'_>) -> Result<(), SignatureRefused> {
        let locked = self.0.failures.locked(signed.attempt, Instant::now());
        if locked { Err(SignatureRefused::Locked) } else { Ok(()) }
    }

    /// The caller of a signed request with that body.
    ///
    /// Wrong signatures are counted by key and address; a key that does not exist has nothing that could be guessed.
    pub async fn caller(&self, signed: &Signed<'_>, body: &[u8]) -> Result<Caller, SignatureRefused> {
        let judged = self.judge(signed, body).await;
        if let Source::Keystone(credentials) = &self.0.source {
            credentials.judged(&judged);
        }
        match &judged {
            Ok(_) => self.0.failures.forget(signed.attempt),
            Err(SignatureRefused::Domain(_) | SignatureRefused::UnknownKey(_) | SignatureRefused::Locked) => {}
            Err(SignatureRefused::Signature(_) | SignatureRefused::SecurityToken) => {
                let Signed { access_key, source, attempt, .. } = signed;
                if self.0.failures.record(*attempt, Instant::now()) {
                    tracing::warn!(%access_key, %source, "refuses access key {access_key} from {source}: too many failures");
                }
            }
        }
        judged
    }

    async fn judge(&self, signed: &Signed<'_>, body: &[u8]) -> Result<Caller, SignatureRefused> {
        let Signed { request, authorization, access_key, .. } = signed;
        let signer = self.signer(access_key).await?.ok_or_else(|| signed.unknown())?;
        if signer.temporary.is_some_and(|temporary| temporary.expires_at <= Timestamp::now()) {
            return Err(signed.unknown());
        }
        authorization.verify(request, body, &signer.secret)?;
        let sent = request.header("x-security-token").and_then(|text| std::str::from_utf8(text).ok());
        match (signer.temporary, sent) {
            (None, None) => Ok(signer.caller.clone()),
            (Some(temporary), Some(sent)) if is_token(sent, temporary.security_token) => Ok(signer.caller.clone()),
            (None | Some(_), None | Some(_)) => Err(SignatureRefused::SecurityToken),
        }
    }

    async fn signer(&self, id: &AccessKeyId) -> Result<Option<Arc<Signer>>> {
        match &self.0.source {
            Source::Stored(keys) => keys.signer(id).await,
            Source::Keystone(credentials) => credentials.signer(id).await,
        }
    }

    /// Says in the log whether the keys can be looked up, where they are a Keystone's. The service starts anyway.
    pub async fn check(&self) {
        match &self.0.source {
            Source::Stored(_) => {}
            Source::Keystone(credentials) => credentials.check().await,
        }
    }

    /// Forgets what is too old to be used, and deletes temporary keys whose time is up. To be called now and then.
    pub async fn purge_expired(&self) -> Result<u64> {
        match &self.0.source {
            Source::Stored(keys) => keys.purge_expired().await,
            Source::Keystone(credentials) => {
                credentials.forget_old().await;
                Ok(0)
            }
        }
    }
}

fn is_token(sent: &str, hash: TokenHash) -> bool {
    token::hash(sent).is_some_and(|sent| memcmp::eq(&sent.0, &hash.0))
}
