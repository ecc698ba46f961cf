//! Access keys of the embedded identity: made, looked up, and what is signed with them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openssl::memcmp;
use openssl::rand::rand_bytes;

use super::failures::{Attempt, Failures};
use super::signatures::Request;
use super::signatures::sdk_hmac::{Authorization, Refusal};
use super::{roles, token};
use crate::domain::{
    AccessKey, AccessKeyId, AccessKeyIds, Caller, Error, NewAccessKey, ProjectId, Result, Scope, SecretText, Temporary,
    Timestamp, TokenHash, UserId,
};
use crate::store::{AccessKeyRecord, Store};
use crate::vault::{AccessKeyBinding, Vault};

/// How long a change elsewhere (a key disabled, a role taken) may go unnoticed.
const LIFETIME: Duration = Duration::from_secs(5);
const MAX_ENTRIES: usize = 10_000;

/// What an id that we make begins with, for people and for scanners of leaked secrets; 17 characters follow.
const PREFIX: &str = "KPD";
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

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
    store: Store,
    vault: Vault,
    known: RwLock<HashMap<AccessKeyId, Known>>,
    failures: Failures,
}

/// Who signs with a key. Only keys that were found are remembered, as with tokens.
struct Signer {
    caller: Caller,
    secret: SecretText,
    temporary: Option<Temporary>,
}

struct Known {
    signer: Arc<Signer>,
    asked: Instant,
}

impl AccessKeys {
    pub fn new(store: Store, vault: Vault) -> Self {
        Self(Arc::new(Parts { store, vault, known: RwLock::default(), failures: Failures::default() }))
    }

    /// A new key of that user for that project; with a `lifetime` a temporary one, which needs its security token too.
    /// `Invalid` where the user has no role on the project: the key could do nothing.
    pub async fn create(&self, user: UserId, project: ProjectId, lifetime: Option<Duration>) -> Result<NewAccessKey> {
        if roles::held(&self.0.store.grants_of(&user).await?, &Scope::Project(project.clone())).is_empty() {
            let reason = "is one where the user has no role; give one by `keypaird role add`".to_owned();
            return Err(Error::Invalid { field: "project", reason });
        }
        let ids = AccessKeyIds { id: new_id()?, user, project };
        let (secret, wrapped) = self.0.vault.new_access_key_secret(&self.binding(&ids))?;
        let created_at = Timestamp::now();
        let (temporary, security_token) = match lifetime {
            None => (None, None),
            Some(lifetime) => {
                let text = token::generate()?;
                let hash = token::hash(text.expose()).ok_or_else(|| Error::internal("a token of ours is none"))?;
                (Some(Temporary { security_token: hash, expires_at: created_at.plus(lifetime) }), Some(text))
            }
        };
        let key = AccessKey { ids, enabled: true, secret: wrapped, temporary, created_at };
        self.0.store.access_key_insert(key.clone()).await?;
        Ok(NewAccessKey { key, secret, security_token })
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
        let asked = Instant::now();
        let fresh = |known: &&Known| asked.duration_since(known.asked) < LIFETIME;
        let remembered = {
            let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(id).filter(fresh).map(|known| Arc::clone(&known.signer))
        };
        if remembered.is_some() {
            return Ok(remembered);
        }
        let Some(record) = self.0.store.access_key_find(id).await? else { return Ok(None) };
        let Some((key, caller)) = usable(record) else { return Ok(None) };
        let secret = self.0.vault.access_key_secret(&key.secret, &self.binding(&key.ids)).await?;
        let signer = Arc::new(Signer { caller, secret, temporary: key.temporary });
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_ENTRIES && !known.contains_key(id) {
            // Nothing in it is older than five seconds or worth more than three queries.
            known.clear();
        }
        known.insert(id.clone(), Known { signer: Arc::clone(&signer), asked });
        Ok(Some(signer))
    }

    fn binding<'k>(&self, ids: &'k AccessKeyIds) -> AccessKeyBinding<'k> {
        AccessKeyBinding { instance: self.0.store.instance(), ids }
    }

    /// Forgets what is too old to be used, and deletes temporary keys whose time is up. To be called now and then.
    pub async fn purge_expired(&self) -> Result<u64> {
        let now = Instant::now();
        {
            let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, known| now.duration_since(known.asked) < LIFETIME);
        }
        self.0.store.access_keys_purge(Timestamp::now()).await
    }
}

/// The one place that says which access keys may be used: enabled, of an enabled user and an enabled project where the
/// user has a role.
fn usable(AccessKeyRecord { key, user, project, grants }: AccessKeyRecord) -> Option<(AccessKey, Caller)> {
    let scope = Scope::Project(key.ids.project.clone());
    let roles = roles::held(&grants, &scope);
    let usable = key.enabled && user.enabled && project.enabled && !roles.is_empty();
    usable.then(|| {
        let caller = Caller { user: key.ids.user.clone(), scope, roles };
        (key, caller)
    })
}

fn is_token(sent: &str, hash: TokenHash) -> bool {
    token::hash(sent).is_some_and(|sent| memcmp::eq(&sent.0, &hash.0))
}

fn new_id() -> Result<AccessKeyId> {
    let mut bytes = [0; 17];
    rand_bytes(&mut bytes).map_err(Error::internal)?;
    let drawn = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    AccessKeyId::parse(&PREFIX.chars().chain(drawn).collect::<String>())
}
