//! Kept private keys: import into a key pair that is there, and clear.
//!
//! They, and exports, touch the user's own key pair of that name or, where there is none, the project's; never both.

use super::attempts::Attempt;
use super::policy::{authorize, authorize_private_key};
use super::{KeyPairs, RETRY_AFTER, Whose};
use crate::domain::{
    Action, Caller, Entry, Error, Event, KeyPair, KeyPairName, PrivateKeyPem, Protection, Result, SealedPrivateKey,
    Subject, Timestamp, Via,
};
use crate::ssh;
use crate::store::Still;
use crate::vault::Binding;

/// How often a key pair is read again that others change meanwhile.
pub(super) const ROUNDS: u32 = 3;

/// A private key to be kept for a key pair that is there; what was kept before is replaced.
pub struct ImportInto {
    pub whose: Whose,
    pub name: KeyPairName,
    pub private_key: PrivateKeyPem,
    pub protection: Protection,
}

impl KeyPairs {
    /// Keeps a private key that matches the pair's public key: [`Error::PrivateKeyMismatch`] where it does not.
    #[tracing::instrument(skip_all, fields(key_pair.name = %wish.name))]
    pub async fn import_into(&self, caller: &Caller, via: &Via, wish: ImportInto) -> Result<KeyPair> {
        let attempt = Attempt { action: Action::ImportInto, event: Event::Import, name: wish.name.clone() };
        let outcome = self.try_import_into(caller, via, wish).await;
        self.record_failure(caller, via, attempt, &outcome).await;
        outcome
    }

    /// Forgets a kept private key; the key pair stays. [`Error::NotKept`] where there is none.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn clear(&self, caller: &Caller, via: &Via, name: &KeyPairName) -> Result<()> {
        let attempt = Attempt { action: Action::Clear, event: Event::Clear, name: name.clone() };
        let outcome = self.try_clear(caller, via, name).await;
        self.record_failure(caller, via, attempt, &outcome).await;
        outcome
    }

    async fn try_import_into(&self, caller: &Caller, via: &Via, wish: ImportInto) -> Result<KeyPair> {
        let ImportInto { whose, name, private_key, protection } = wish;
        // Naming another user is refused before anything is looked up; nobody keeps a private key for another.
        let owner = whose.written_owner(caller);
        if owner != caller.user_owner() {
            authorize(caller, Action::ImportInto, &owner, Some(&name))?;
        }
        for _ in 0..ROUNDS {
            let mut pair = self.for_private_key(caller, Action::ImportInto, &whose, &name).await?;
            ssh::derives(&private_key, pair.kind, &pair.public_key)?;
            let sealed = self.seal_for(&pair, &protection, &private_key).await?;
            let entry = Entry::done(Event::Import, caller.actor(via), Subject::of(&pair, Some(&sealed)));
            let now = Timestamp::now();
            match self.store.private_key_put(&pair, sealed, entry, now).await? {
                Still::Same => {
                    tracing::info!(
                        key_pair.name = %pair.name, key_pair.id = %pair.id, user = %caller.user,
                        "keeps the private key of {}", pair.name
                    );
                    pair.has_private_key = true;
                    pair.updated_at = Some(now);
                    return Ok(pair);
                }
                Still::Changed => {}
            }
        }
        Err(changes_too_fast())
    }

    async fn try_clear(&self, caller: &Caller, via: &Via, name: &KeyPairName) -> Result<()> {
        for _ in 0..ROUNDS {
            let (pair, sealed) = self.kept(caller, Action::Clear, name).await?;
            let entry = Entry::done(Event::Clear, caller.actor(via), Subject::of(&pair, Some(&sealed)));
            match self.store.private_key_clear(&pair, &sealed, entry, Timestamp::now()).await? {
                Still::Same => {
                    tracing::info!(
                        key_pair.name = %pair.name, key_pair.id = %pair.id, user = %caller.user,
                        "cleared the private key of {name}"
                    );
                    return Ok(());
                }
                Still::Changed => {}
            }
        }
        Err(changes_too_fast())
    }

    /// The key pair of that name, whose private key the caller may touch.
    async fn for_private_key(
        &self,
        caller: &Caller,
        action: Action,
        whose: &Whose,
        name: &KeyPairName,
    ) -> Result<KeyPair> {
        let found = self.find_visible(caller, whose, name).await?;
        let pair = found.ok_or_else(|| Error::NotFound(name.clone()))?;
        authorize_private_key(caller, action, &pair)?;
        Ok(pair)
    }

    /// The same with what is kept of it, both from one statement.
    pub(super) async fn kept(
        &self,
        caller: &Caller,
        action: Action,
        name: &KeyPairName,
    ) -> Result<(KeyPair, SealedPrivateKey)> {
        let pair = self.for_private_key(caller, action, &Whose::Callers, name).await?;
        let read = self.store.sealed_private_key(&self.region, &pair.owner, name).await?;
        let (pair, sealed) = read.ok_or_else(|| Error::NotKept(name.clone()))?;
        authorize_private_key(caller, action, &pair)?;
        Ok((pair, sealed))
    }

    /// Seals a private key of a pair that is there.
    async fn seal_for(
        &self,
        pair: &KeyPair,
        protection: &Protection,
        private_key: &PrivateKeyPem,
    ) -> Result<SealedPrivateKey> {
        let binding = Binding::of(self.store.instance(), pair);
        let data_key = self.vault.fresh_data_key(protection, &binding.row).await?;
        self.vault.seal(data_key, &binding, private_key).await
    }
}

pub(super) fn changes_too_fast() -> Error {
    Error::Busy { what: "a key pair that others change at the same time", retry_after: RETRY_AFTER }
}
