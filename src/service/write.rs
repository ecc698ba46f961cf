//! Deletes and describes key pairs.

use std::time::Duration;

use super::policy::authorize;
use super::{KeyPairs, Whose};
use crate::domain::{Action, Caller, Error, KeyPair, KeyPairName, Owner, ProjectId, Result, Timestamp, Via};

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

    /// Whether the caller deletes any key pair of that name space.
    pub fn may_delete(&self, caller: &Caller, whose: &Whose) -> Result<()> {
        authorize(caller, Action::Delete, &whose.written_owner(caller), None)
    }

    /// Deletes the very key pair that was found, and no other that has taken its name since.
    #[tracing::instrument(skip_all, fields(key_pair.name = %pair.name))]
    pub async fn delete_found(&self, caller: &Caller, via: &Via, pair: &KeyPair) -> Result<()> {
        authorize(caller, Action::Delete, &pair.owner, Some(&pair.name))?;
        self.store.key_pair_delete_found(pair, caller.actor(via)).await?;
        tracing::info!(key_pair.name = %pair.name, user = %caller.user, "deleted key pair {}", pair.name);
        Ok(())
    }

    /// Deletes the user's own key pair of that name or, where there is none, the project's; never the one after the other
    /// within ten minutes: [`Error::JustDeleted`].
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn delete_seen(&self, caller: &Caller, via: &Via, name: &KeyPairName) -> Result<()> {
        let (whose, pair) = self.seen(caller, Action::Delete, name).await?;
        match &whose {
            Whose::Project(project) => self.refuse_if_repeated(caller, project, &pair).await?,
            Whose::Callers | Whose::User(_) => self.remember_deletion(caller, name).await?,
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
        let (whose, _) = self.seen(caller, Action::Describe, name).await?;
        self.describe(caller, &whose, name, description).await
    }

    /// Forgets deletions whose repetition is not to be expected any more; how many there were.
    pub async fn purge_deletions(&self) -> Result<u64> {
        self.store.deletions_purge(Timestamp::now().minus(NAMESAKE_LEFT_ALONE)).await
    }

    /// The key pair that the caller sees under that name, and in which of the caller's two name spaces it is.
    async fn seen(&self, caller: &Caller, action: Action, name: &KeyPairName) -> Result<(Whose, KeyPair)> {
        authorize(caller, action, &caller.user_owner(), Some(name))?;
        let pair = self.find_visible(caller, &Whose::Callers, name).await?;
        let pair = pair.ok_or_else(|| Error::NotFound(name.clone()))?;
        let whose = match &pair.owner {
            Owner::Project(project) => Whose::Project(project.clone()),
            Owner::User(_) => Whose::Callers,
        };
        Ok((whose, pair))
    }

    /// Whatever hides behind it now or will soon: a repetition is told by this alone.
    async fn remember_deletion(&self, caller: &Caller, name: &KeyPairName) -> Result<()> {
        match caller.project() {
            None => Ok(()),
            Some(project) => {
                let (own, now) = (caller.user_owner(), Timestamp::now());
                self.store.deletion_remember(&self.region, &own, project, name, now).await
            }
        }
    }

    /// What the caller made since is the caller's to delete.
    async fn refuse_if_repeated(&self, caller: &Caller, project: &ProjectId, pair: &KeyPair) -> Result<()> {
        let last = self.store.deletion_last(&self.region, &caller.user_owner(), project, &pair.name).await?;
        let Some(deleted_at) = last.filter(|at| Timestamp::now() < at.plus(NAMESAKE_LEFT_ALONE)) else { return Ok(()) };
        let is_made_since = pair.user == caller.user && pair.created_at >= deleted_at;
        if is_made_since { Ok(()) } else { Err(Error::JustDeleted(pair.name.clone())) }
    }
}
