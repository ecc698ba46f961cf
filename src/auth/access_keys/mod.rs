//! Requests that are signed with an access key: whose they are, whoever keeps the keys.

mod stored;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openssl::memcmp;

pub use self::stored::StoredKeys;

use super::failures::{Attempt, Failures};
use super::keystone::Ec2Credentials;
use super::metrics::{CredentialMetrics, Judged, Method};
use super::signatures::Signed;
use super::token;
use crate::domain::{AccessKeyId, Caller, Error, Result, SecretText, Temporary, Timestamp, TokenHash};

/// Why a signed request has no caller; `R` is what its scheme says of a signature. In which words, is the dialect's.
#[derive(Debug)]
pub enum SignatureRefused<R> {
    Signature(R),
    /// There is no such key, or it is of a user or project that may not use it (any more): which of these is not told.
    UnknownKey,
    /// The key itself was disabled.
    Disabled,
    /// The time of a temporary key is up.
    Over,
    /// It has failed too often from that address.
    Locked {
        remaining: Duration,
    },
    SecurityToken(SecurityToken),
    Domain(Error),
}

impl<R> From<Error> for SignatureRefused<R> {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

/// What is wrong with a request's security token, which temporary keys have and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityToken {
    Missing,
    /// It is another's, or the key has none.
    Mismatch,
}

/// Who says to have signed a request, and from where.
pub struct Claim {
    access_key: AccessKeyId,
    source: IpAddr,
    attempt: Attempt,
}

impl Claim {
    /// `Invalid` where no key could have that id.
    pub fn new(access_key: &str, source: IpAddr) -> Result<Self> {
        let access_key = AccessKeyId::parse(access_key)?;
        let attempt = Attempt::new(access_key.as_str(), source);
        Ok(Self { access_key, source, attempt })
    }

    pub fn access_key(&self) -> &AccessKeyId {
        &self.access_key
    }
}

/// The access keys. Clones share them.
#[derive(Clone)]
pub struct AccessKeys(Arc<Parts>);

struct Parts {
    source: Source,
    failures: Failures,
    judged: Judged,
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

/// What a look for a key comes to.
pub(super) enum Lookup {
    Found(Arc<Signer>),
    Disabled,
    Missing,
}

impl AccessKeys {
    /// Those of the embedded identity.
    pub fn stored(keys: StoredKeys, metrics: &CredentialMetrics) -> Self {
        Self::of(Source::Stored(keys), metrics.of(Method::Signature))
    }

    /// A Keystone's EC2 credentials.
    pub fn of_keystone(credentials: Ec2Credentials, metrics: &CredentialMetrics) -> Self {
        Self::of(Source::Keystone(credentials), metrics.of(Method::KeystoneEc2))
    }

    fn of(source: Source, judged: Judged) -> Self {
        Self(Arc::new(Parts { source, failures: Failures::default(), judged }))
    }

    /// Refuses, before anything is looked up, a request of a key that has failed too often from its address.
    pub fn refuse_locked<R>(&self, claim: &Claim) -> Result<(), SignatureRefused<R>> {
        match self.0.failures.lock_remains(claim.attempt, Instant::now()) {
            Some(remaining) => Err(SignatureRefused::Locked { remaining }),
            None => Ok(()),
        }
    }

    /// The caller of a signed request.
    ///
    /// Wrong signatures are counted by key and address; a key that does not exist has nothing that could be guessed. They are
    /// forgotten by [`Self::succeeded`] alone: a signature that holds may be one that was overheard.
    pub async fn caller<S: Signed>(&self, claim: &Claim, signed: &S) -> Result<Caller, SignatureRefused<S::Refusal>> {
        let judged = self.0.judged.count_signed(self.judge(claim, signed).await);
        match &judged {
            Ok(_)
            | Err(
                SignatureRefused::Domain(_)
                | SignatureRefused::UnknownKey
                | SignatureRefused::Disabled
                | SignatureRefused::Over
                | SignatureRefused::Locked { .. },
            ) => {}
            Err(SignatureRefused::Signature(_) | SignatureRefused::SecurityToken(_)) => {
                let Claim { access_key, source, attempt } = claim;
                if self.0.failures.record(*attempt, Instant::now()) {
                    tracing::warn!(%access_key, %source, "refuses access key {access_key} from {source}: too many failures");
                }
            }
        }
        judged
    }

    /// The request is in time and, as far as its scheme can tell, was not sent before.
    pub fn succeeded(&self, claim: &Claim) {
        self.0.failures.forget(claim.attempt);
    }

    async fn judge<S: Signed>(&self, claim: &Claim, signed: &S) -> Result<Caller, SignatureRefused<S::Refusal>> {
        let signer = match self.look_up(&claim.access_key).await? {
            Lookup::Found(signer) => signer,
            Lookup::Disabled => return Err(SignatureRefused::Disabled),
            Lookup::Missing => return Err(SignatureRefused::UnknownKey),
        };
        if signer.temporary.is_some_and(|temporary| temporary.expires_at <= Timestamp::now()) {
            return Err(SignatureRefused::Over);
        }
        signed.verify(&signer.secret).map_err(SignatureRefused::Signature)?;
        match (signer.temporary, signed.security_token()) {
            (None, None) => Ok(signer.caller.clone()),
            (Some(temporary), Some(sent)) if is_token(sent, temporary.security_token) => Ok(signer.caller.clone()),
            (Some(_), None) => Err(SignatureRefused::SecurityToken(SecurityToken::Missing)),
            (None | Some(_), Some(_)) => Err(SignatureRefused::SecurityToken(SecurityToken::Mismatch)),
        }
    }

    async fn look_up(&self, id: &AccessKeyId) -> Result<Lookup> {
        match &self.0.source {
            Source::Stored(keys) => keys.look_up(id).await,
            Source::Keystone(credentials) => Ok(credentials.signer(id).await?.map_or(Lookup::Missing, Lookup::Found)),
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
