//! Tags and groups: key pairs are found by them, and given others.

use std::collections::HashMap;

use super::policy::{authorize, is_granted};
use super::private_keys::ROUNDS;
use super::{KeyPairs, Whose};
use crate::domain::{Action, Caller, KeyPair, KeyPairId, KeyPairName, Owner, ResourceGroupId, Result, Tag, Timestamp};
use crate::store::{Outline, OutlineFilter};

/// What is asked of key pairs; all of it must fit.
#[derive(Debug, Default)]
pub struct Search {
    pub name: NamePattern,
    /// As [`KeyPair::fingerprint`] has it.
    pub fingerprint: Option<String>,
    pub id: Option<KeyPairId>,
    pub resource_group: Option<ResourceGroupId>,
    pub tags: Vec<TagFilter>,
}

#[derive(Debug, Default)]
pub enum NamePattern {
    #[default]
    Any,
    /// Names, each as it is.
    OneOf(Vec<KeyPairName>),
    Beginning(String),
    Ending(String),
    Containing(String),
}

/// A tag of that key and, where there are any, of one of these values.
#[derive(Debug)]
pub struct TagFilter {
    pub key: String,
    pub values: Vec<String>,
}

/// Which part of what was found: pages are counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct PageNumber {
    pub number: usize,
    pub size: usize,
}

/// A page of what was found.
pub struct Hits {
    /// On all pages.
    pub total: usize,
    pub page: Vec<Hit>,
}

pub struct Hit {
    pub pair: KeyPair,
    /// In byte order of the keys.
    pub tags: Vec<Tag>,
}

/// A key pair that fits, without its keys.
struct Candidate {
    outline: Outline,
    owner: Owner,
    tags: Vec<Tag>,
}

impl KeyPairs {
    /// SSH key pairs of both of the caller's name spaces, in byte order of the names. Of two with one name, the user's own;
    /// but where that one name is asked for, the one of the name space that the request is about.
    #[tracing::instrument(skip_all)]
    pub async fn search(&self, caller: &Caller, whose: &Whose, search: &Search, page: PageNumber) -> Result<Hits> {
        let mut round = 1;
        loop {
            let candidates = self.candidates(caller, whose, search).await?;
            let total = candidates.len();
            let first = page.number.saturating_sub(1).saturating_mul(page.size);
            let wanted: Vec<Candidate> = candidates.into_iter().skip(first).take(page.size).collect();
            let hits = self.hits(&wanted).await?;
            // A page that is short because something was deleted meanwhile would be taken for the last one.
            if hits.len() == wanted.len() || round == ROUNDS {
                return Ok(Hits { total, page: hits });
            }
            round += 1;
        }
    }

    /// The tags of the key pairs that fit, by name and in byte order of the keys.
    #[tracing::instrument(skip_all)]
    pub async fn search_tags(
        &self,
        caller: &Caller,
        whose: &Whose,
        search: &Search,
    ) -> Result<Vec<(KeyPairName, Vec<Tag>)>> {
        let mut candidates = self.candidates(caller, whose, search).await?;
        self.read_tags(&mut candidates).await?;
        Ok(candidates.into_iter().map(|candidate| (candidate.outline.name, candidate.tags)).collect())
    }

    /// Gives key pairs of that name space tags, each of them or none.
    #[tracing::instrument(skip_all)]
    pub async fn tag(
        &self,
        caller: &Caller,
        whose: &Whose,
        names: Vec<KeyPairName>,
        tags: Vec<Tag>,
        limit: usize,
    ) -> Result<()> {
        let owner = self.changeable(caller, whose, names.first())?;
        self.store.tags_add(&self.region, &owner, names, tags, limit).await
    }

    /// Takes tags of these keys, or all, from key pairs of that name space.
    #[tracing::instrument(skip_all)]
    pub async fn untag(
        &self,
        caller: &Caller,
        whose: &Whose,
        names: Vec<KeyPairName>,
        keys: Option<Vec<String>>,
    ) -> Result<()> {
        let owner = self.changeable(caller, whose, names.first())?;
        self.store.tags_remove(&self.region, &owner, names, keys).await
    }

    /// Puts a key pair of that name space into a group.
    #[tracing::instrument(skip_all, fields(key_pair.name = %name))]
    pub async fn join_group(
        &self,
        caller: &Caller,
        whose: &Whose,
        name: &KeyPairName,
        group: ResourceGroupId,
    ) -> Result<()> {
        let owner = self.changeable(caller, whose, Some(name))?;
        self.store.key_pair_group(&self.region, &owner, name, group, Timestamp::now()).await
    }

    fn changeable(&self, caller: &Caller, whose: &Whose, name: Option<&KeyPairName>) -> Result<Owner> {
        let owner = whose.written_owner(caller);
        authorize(caller, Action::Describe, &owner, name)?;
        Ok(owner)
    }

    async fn candidates(&self, caller: &Caller, whose: &Whose, search: &Search) -> Result<Vec<Candidate>> {
        let named = whose.written_owner(caller);
        authorize(caller, Action::List, &named, None)?;
        let other = whose.other_owner(caller).filter(|owner| is_granted(caller, Action::List, owner));
        let (filter, winner) = match &search.name {
            NamePattern::OneOf(names) => (OutlineFilter::Named(names), named.clone()),
            NamePattern::Any | NamePattern::Beginning(_) | NamePattern::Ending(_) | NamePattern::Containing(_) => {
                (OutlineFilter::All, caller.user_owner())
            }
        };
        let mut by_name: HashMap<KeyPairName, Candidate> = HashMap::new();
        for owner in std::iter::once(named).chain(other) {
            let outlines = self.store.key_pair_outlines(&self.region, &owner, filter).await?;
            // An id names one key pair, also where another hides it by its name.
            for outline in outlines.into_iter().filter(|outline| search.id.is_none_or(|id| id == outline.id)) {
                if owner == winner || !by_name.contains_key(&outline.name) {
                    let name = outline.name.clone();
                    by_name.insert(name, Candidate { outline, owner: owner.clone(), tags: Vec::new() });
                }
            }
        }
        let mut fitting: Vec<Candidate> =
            by_name.into_values().filter(|candidate| search.fits(&candidate.outline)).collect();
        if !search.tags.is_empty() {
            self.read_tags(&mut fitting).await?;
            fitting.retain(|candidate| search.tags.iter().all(|filter| filter.fits(&candidate.tags)));
        }
        fitting.sort_unstable_by(|one, other| one.outline.name.cmp(&other.outline.name));
        Ok(fitting)
    }

    async fn read_tags(&self, candidates: &mut [Candidate]) -> Result<()> {
        for owner in owners(candidates) {
            let mut tags = self.store.tags_of(&self.region, &owner, None).await?;
            for candidate in candidates.iter_mut().filter(|candidate| candidate.owner == owner) {
                candidate.tags = tags.remove(&candidate.outline.id).unwrap_or_default();
            }
        }
        Ok(())
    }

    async fn hits(&self, wanted: &[Candidate]) -> Result<Vec<Hit>> {
        let mut hits = Vec::with_capacity(wanted.len());
        for owner in owners(wanted) {
            let of_owner = wanted.iter().filter(|candidate| candidate.owner == owner);
            let ids: Vec<KeyPairId> = of_owner.map(|candidate| candidate.outline.id).collect();
            let pairs = self.store.key_pairs_with(&self.region, &owner, &ids).await?;
            let mut tags = self.store.tags_of(&self.region, &owner, Some(&ids)).await?;
            hits.extend(pairs.into_iter().map(|pair| Hit { tags: tags.remove(&pair.id).unwrap_or_default(), pair }));
        }
        hits.sort_unstable_by(|one, other| one.pair.name.cmp(&other.pair.name));
        Ok(hits)
    }
}

/// The owners of the candidates, each once.
fn owners(candidates: &[Candidate]) -> Vec<Owner> {
    let mut owners: Vec<Owner> = candidates.iter().map(|candidate| candidate.owner.clone()).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

impl Search {
    fn fits(&self, outline: &Outline) -> bool {
        let is_equal = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let group = self.resource_group.as_ref().map(ResourceGroupId::as_str);
        self.name.fits(&outline.name)
            && is_equal(&self.fingerprint, &outline.fingerprint)
            && group.is_none_or(|group| outline.resource_group.as_deref() == Some(group))
    }
}

impl NamePattern {
    fn fits(&self, name: &KeyPairName) -> bool {
        let text = name.as_str();
        match self {
            Self::Any => true,
            Self::OneOf(wanted) => wanted.contains(name),
            Self::Beginning(part) => text.starts_with(part),
            Self::Ending(part) => text.ends_with(part),
            Self::Containing(part) => text.contains(part),
        }
    }
}

impl TagFilter {
    fn fits(&self, tags: &[Tag]) -> bool {
        tags.iter().any(|tag| tag.key == self.key && (self.values.is_empty() || self.values.contains(&tag.value)))
    }
}
