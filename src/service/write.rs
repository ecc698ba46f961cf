//! Deletes and describes key pairs.

use std::time::Duration;

use super::policy::{authorize, is_granted};
use super::{KeyPairs, Whose};
use crate::domain::{Action, Caller, Error, KeyPairName, Result, Timestamp, Via};

/// For how long after the deletion of a user's own key pair the project's of the same name is left alone: longer than
/// clients repeat a request whose answer they did not get (Huawei's Terraform provider: for about a minute).
const NAMESAKE_LEFT_ALONE: Duration = Duration::from_secs(600);

impl KeyPairs {
    /// Deletes a key pair of that one name space, and with it a private key that is kept.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn delete(&self, caller: &Caller, via: &Via, whose: &Whose, name: &KeyPairName) -> Result<()> {
        let owner = whose.written_owner(caller);
        authorize(caller, Action::Delete, &owner, Some(name))?;
        self.store.key_pair_delete(&self.region, &owner, name, caller.actor(via)).await?;
        tracing::info!(key_pair.name = %name, user = %caller.user, "deleted key pair {name}");
        Ok(())
    }

    /// Deletes the user's own key pair of that name or, where there is none, the project's; never the one after the other
    /// within ten minutes: [`Error::JustDeleted`].
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn delete_seen(&self, caller: &Caller, via: &Via, name: &KeyPairName) -> Result<()> {
        let whose = self.whose_is_seen(caller, Action::Delete, name).await?;
        match &whose {
            Whose::Project(_) => self.refuse_if_repeated(caller, name).await?,
            Whose::Callers | Whose::User(_) => self.remember_if_it_hides_another(caller, name).await?,
        }
        self.delete(caller, via, &whose, name).await
    }

    /// Changes the description of a key pair of that one name space.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn describe(&self, caller: &Caller, whose: &Whose, name: &KeyPairName, description: &str) -> Result<()> {
        let owner = whose.written_owner(caller);
        authorize(caller, Action::Describe, &owner, Some(name))?;
        self.store.key_pair_describe(&self.region, &owner, name, description, Timestamp::now()).await
    }

    /// Changes the description of the user's own key pair of that name or, where there is none, of the project's.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn describe_seen(&self, caller: &Caller, name: &KeyPairName, description: &str) -> Result<()> {
        let whose = self.whose_is_seen(caller, Action::Describe, name).await?;
        self.describe(caller, &whose, name, description).await
    }

    /// In which of the caller's two name spaces the key pair is that the caller sees under that name.
    async fn whose_is_seen(&self, caller: &Caller, action: Action, name: &KeyPairName) -> Result<Whose> {
        authorize(caller, action, &caller.user_owner(), Some(name))?;
        let pair = self.find_visible(caller, &Whose::Callers, name).await?;
        let pair = pair.ok_or_else(|| Error::NotFound(name.clone()))?;
        match caller.project() {
            Some(project) if caller.project_owner().as_ref() == Some(&pair.owner) => {
                Ok(Whose::Project(project.clone()))
            }
            Some(_) | None => Ok(Whose::Callers),
        }
    }

    async fn refuse_if_repeated(&self, caller: &Caller, name: &KeyPairName) -> Result<()> {
        let own = caller.user_owner();
        if self.store.deletion_is_recent(&self.region, &own, name, Timestamp::now()).await? {
            return Err(Error::JustDeleted(name.clone()));
        }
        Ok(())
    }

    async fn remember_if_it_hides_another(&self, caller: &Caller, name: &KeyPairName) -> Result<()> {
        let Some(shared) = caller.project_owner().filter(|owner| is_granted(caller, Action::Delete, owner)) else {
            return Ok(());
        };
        if self.store.key_pair_find(&self.region, &shared, name).await?.is_none() {
            return Ok(());
        }
        let now = Timestamp::now();
        let over_at = now.plus(NAMESAKE_LEFT_ALONE);
        self.store.deletion_remember(&self.region, &caller.user_owner(), name, now, over_at).await
    }
}
