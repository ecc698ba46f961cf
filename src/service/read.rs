//! Shows and lists key pairs.

use std::collections::BTreeMap;

use futures_util::future::try_join;

use super::policy::{authorize, is_granted};
use super::{KeyPairs, Whose};
use crate::domain::{Action, Caller, Error, KekId, KeyPair, KeyPairName, ListedKeyPair, Marker, Owner, Page, Result};

impl KeyPairs {
    /// The key pair of that name: the user's own before the project's.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn find(&self, caller: &Caller, whose: &Whose, name: &KeyPairName) -> Result<KeyPair> {
        authorize(caller, Action::Show, &whose.written_owner(caller), Some(name))?;
        self.find_visible(caller, whose, name).await?.ok_or_else(|| Error::NotFound(name.clone()))
    }

    /// What the private key of a key pair that was found is wrapped by; `None` where none is kept.
    pub async fn kek_of(&self, pair: &KeyPair) -> Result<Option<KekId>> {
        if pair.has_private_key { self.store.private_key_kek(pair).await } else { Ok(None) }
    }

    /// A page of what the caller sees, in byte order of the names; of two with one name, the user's own.
    #[tracing::instrument(skip_all)]
    pub async fn list(&self, caller: &Caller, whose: &Whose, page: &Page) -> Result<Vec<ListedKeyPair>> {
        let own = whose.written_owner(caller);
        authorize(caller, Action::List, &own, None)?;
        if let Some(Marker::KeyPair(marker)) = &page.marker
            && self.find_visible(caller, whose, marker).await?.is_none()
        {
            return Err(Error::MarkerNotFound(marker.to_string()));
        }
        let Some(other) = other_owner(caller, whose, Action::List) else {
            return self.store.key_pairs_list(&self.region, &own, page).await;
        };
        let (own, other) = try_join(
            self.store.key_pairs_list(&self.region, &own, page),
            self.store.key_pairs_list(&self.region, &other, page),
        )
        .await?;
        Ok(merge(own, other, page.limit))
    }

    /// Looks in the name space that the request is about and, where it is about the caller, in the caller's other one.
    pub(super) async fn find_visible(
        &self,
        caller: &Caller,
        whose: &Whose,
        name: &KeyPairName,
    ) -> Result<Option<KeyPair>> {
        let own = self.find_in(&whose.written_owner(caller), name).await?;
        match (own, other_owner(caller, whose, Action::Show)) {
            (None, Some(other)) => self.find_in(&other, name).await,
            (own, _) => Ok(own),
        }
    }

    async fn find_in(&self, owner: &Owner, name: &KeyPairName) -> Result<Option<KeyPair>> {
        self.store.key_pair_find(&self.region, owner, name).await
    }
}

/// The caller's other name space, where the request is about the caller.
fn other_owner(caller: &Caller, whose: &Whose, action: Action) -> Option<Owner> {
    whose.other_owner(caller).filter(|owner| is_granted(caller, action, owner))
}

/// Both lists as one, by name; each is a page of its own name space, so the first `limit` of both are the page.
fn merge(own: Vec<ListedKeyPair>, shared: Vec<ListedKeyPair>, limit: usize) -> Vec<ListedKeyPair> {
    if shared.is_empty() {
        return own;
    }
    let mut by_name: BTreeMap<KeyPairName, ListedKeyPair> = BTreeMap::new();
    // The user's own come second and take the place of the project's.
    for pair in shared.into_iter().chain(own) {
        by_name.insert(pair.name.clone(), pair);
    }
    by_name.into_values().take(limit).collect()
}
