//! The access keys of the embedded identity: made, looked up, and remembered for a moment.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openssl::rand::rand_bytes;

use super::{Lookup, Signer};
use crate::auth::{roles, token};
use crate::domain::{
    AccessKey, AccessKeyId, AccessKeyIds, Caller, Error, NewAccessKey, ProjectId, Result, Scope, Temporary, Timestamp,
    UserId,
};
use crate::store::{AccessKeyRecord, Store};
use crate::vault::{AccessKeyBinding, Vault};

/// How long a change elsewhere (a key disabled, a role taken) may go unnoticed.
const LIFETIME: Duration = Duration::from_secs(5);
const MAX_ENTRIES: usize = 10_000;

/// What an id that we make begins with, for people and for scanners of leaked secrets; 17 characters follow.
const PREFIX: &str = "KPD";
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The access keys of the embedded identity. Clones share them.
#[derive(Clone)]
pub struct StoredKeys(Arc<Parts>);

struct Parts {
    store: Store,
    vault: Vault,
    /// Only keys that were found are remembered, as with tokens.
    known: RwLock<HashMap<AccessKeyId, Known>>,
}

struct Known {
    signer: Arc<Signer>,
    asked: Instant,
}

impl StoredKeys {
    pub fn new(store: Store, vault: Vault) -> Self {
        Self(Arc::new(Parts { store, vault, known: RwLock::default() }))
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

    /// Who signs with a key, if it may be used.
    pub(super) async fn look_up(&self, id: &AccessKeyId) -> Result<Lookup> {
        let asked = Instant::now();
        let fresh = |known: &&Known| asked.duration_since(known.asked) < LIFETIME;
        let remembered = {
            let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(id).filter(fresh).map(|known| Arc::clone(&known.signer))
        };
        if let Some(signer) = remembered {
            return Ok(Lookup::Found(signer));
        }
        let Some(record) = self.0.store.access_key_find(id).await? else { return Ok(Lookup::Missing) };
        if !record.key.enabled {
            return Ok(Lookup::Disabled);
        }
        let Some((key, caller)) = usable(record) else { return Ok(Lookup::Missing) };
        let secret = self.0.vault.access_key_secret(&key.secret, &self.binding(&key.ids)).await?;
        let signer = Arc::new(Signer { caller, secret, temporary: key.temporary });
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_ENTRIES && !known.contains_key(id) {
            // Nothing in it is older than five seconds or worth more than three queries.
            known.clear();
        }
        known.insert(id.clone(), Known { signer: Arc::clone(&signer), asked });
        Ok(Lookup::Found(signer))
    }

    fn binding<'k>(&self, ids: &'k AccessKeyIds) -> AccessKeyBinding<'k> {
        AccessKeyBinding { instance: self.0.store.instance(), ids }
    }

    /// Forgets what is too old to be used, and deletes temporary keys whose time is up. To be called now and then.
    pub(super) async fn purge_expired(&self) -> Result<u64> {
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

fn new_id() -> Result<AccessKeyId> {
    let mut bytes = [0; 17];
    rand_bytes(&mut bytes).map_err(Error::internal)?;
    let drawn = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    AccessKeyId::parse(&PREFIX.chars().chain(drawn).collect::<String>())
}
