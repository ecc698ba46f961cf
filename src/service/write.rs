//! Deletes and describes key pairs.

use super::policy::authorize;
use super::{KeyPairs, Whose};
use crate::domain::{Action, Caller, KeyPairName, Result, Timestamp, Via};

impl KeyPairs {
    /// Deletes the user's own key pair, and with it a private key that is kept.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn delete(&self, caller: &Caller, via: &Via, whose: &Whose, name: &KeyPairName) -> Result<()> {
        let owner = whose.written_owner(caller);
        authorize(caller, Action::Delete, &owner, Some(name))?;
        self.store.key_pair_delete(&self.region, &owner, name, caller.actor(via)).await?;
        tracing::info!(key_pair.name = %name, user = %caller.user, "deleted key pair {name}");
        Ok(())
    }

    /// Changes the description of the user's own key pair.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn describe(&self, caller: &Caller, whose: &Whose, name: &KeyPairName, description: &str) -> Result<()> {
        let owner = whose.written_owner(caller);
        authorize(caller, Action::Describe, &owner, Some(name))?;
        self.store.key_pair_describe(&self.region, &owner, name, description, Timestamp::now()).await
    }
}
