//! Tags and groups of key pairs that are there.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::upsert::excluded;
use tracing::instrument;
use uuid::Uuid;

use super::Store;
use super::connection::{Conn, insert_many, run};
use super::failed::Abort;
use super::owners::{Space, Tallies};
use super::readers::read;
use super::rows::is_named;
use super::schema::{key_pair_tags as tags, key_pairs};
use crate::domain::{Error, KeyKind, KeyPairId, KeyPairName, Owner, Region, ResourceGroupId, Result, Tag, Timestamp};

#[derive(Insertable)]
#[diesel(table_name = tags, treat_none_as_default_value = false)]
pub(super) struct TagRow {
    region: String,
    owner: String,
    key_pair_id: Vec<u8>,
    key: String,
    value: String,
}

impl TagRow {
    pub(super) fn of(space: &Space, id: &KeyPairId, tags: &[Tag]) -> Vec<Self> {
        tags.iter().map(|tag| Self::new(space, id.as_uuid().as_bytes(), tag)).collect()
    }

    fn new(space: &Space, id: &[u8], tag: &Tag) -> Self {
        let (region, owner) = (space.region.clone(), space.owner.clone());
        Self { region, owner, key_pair_id: id.to_vec(), key: tag.key.clone(), value: tag.value.clone() }
    }
}

impl Store {
    /// The tags of an owner's key pairs, of all or of these; of each in byte order of the keys.
    #[instrument(skip_all, level = "debug")]
    pub async fn tags_of(
        &self,
        region: &Region,
        owner: &Owner,
        of: Option<&[KeyPairId]>,
    ) -> Result<HashMap<KeyPairId, Vec<Tag>>> {
        let owner = owner.to_string();
        let of_owner = || {
            tags::table
                .filter(tags::region.eq(region.as_str()))
                .filter(tags::owner.eq(&owner))
                .order((tags::key_pair_id, tags::key))
                .select((tags::key_pair_id, tags::key, tags::value))
        };
        let rows: Vec<(Vec<u8>, String, String)> = match of {
            None => read!(self, load, of_owner())?,
            Some([]) => Vec::new(),
            Some(of) => {
                let ids: Vec<Vec<u8>> = of.iter().map(|id| id.as_uuid().as_bytes().to_vec()).collect();
                read!(self, load, of_owner().filter(tags::key_pair_id.eq_any(&ids)))?
            }
        };
        let mut found: HashMap<_, Vec<Tag>> = HashMap::new();
        for (id, key, value) in rows {
            let id = KeyPairId::from_uuid(Uuid::from_slice(&id).map_err(Error::internal)?);
            found.entry(id).or_default().push(Tag { key, value });
        }
        Ok(found)
    }

    /// Gives each of the SSH key pairs these tags; a value that a key had before is replaced. All of them, or none:
    /// [`Error::NotFound`] for a name that is not there, [`Error::TooManyTags`] where one would have more than `limit`.
    #[instrument(skip_all, level = "debug")]
    pub async fn tags_add(
        &self,
        region: &Region,
        owner: &Owner,
        names: Vec<KeyPairName>,
        add: Vec<Tag>,
        limit: usize,
    ) -> Result<()> {
        let space = Space::new(region, owner);
        self.write(async move |conn| {
            let ids = lock(conn, &space, &names).await?;
            let before = count(conn, &space, &ids).await?;
            let rows: Vec<TagRow> =
                ids.iter().flat_map(|id| add.iter().map(|tag| TagRow::new(&space, id, tag))).collect();
            insert_many!(
                conn,
                execute,
                diesel::insert_into(tags::table)
                    .values(&rows)
                    .on_conflict((tags::region, tags::owner, tags::key_pair_id, tags::key))
                    .do_update()
                    .set(tags::value.eq(excluded(tags::value)))
            )?;
            // One that has too many already, since the limit was lowered, may still have their values changed.
            let had = |id: &Vec<u8>| before.get(id).copied().unwrap_or_default();
            let is_refused = |(id, now): (&Vec<u8>, &usize)| *now > limit && *now > had(id);
            if count(conn, &space, &ids).await?.iter().any(is_refused) {
                return Err(Abort::Refused(Error::TooManyTags { limit }));
            }
            Ok(())
        })
        .await
    }

    /// Takes tags from each of the key pairs: those of these keys, or all. A key that one does not have is none to take.
    #[instrument(skip_all, level = "debug")]
    pub async fn tags_remove(
        &self,
        region: &Region,
        owner: &Owner,
        names: Vec<KeyPairName>,
        keys: Option<Vec<String>>,
    ) -> Result<()> {
        let space = Space::new(region, owner);
        self.write(async move |conn| {
            let ids = lock(conn, &space, &names).await?;
            let of_them = diesel::delete(tags::table)
                .filter(tags::region.eq(&space.region))
                .filter(tags::owner.eq(&space.owner))
                .filter(tags::key_pair_id.eq_any(&ids));
            match &keys {
                None => run!(conn, execute, of_them)?,
                Some(keys) => run!(conn, execute, of_them.filter(tags::key.eq_any(keys)))?,
            };
            Ok(())
        })
        .await
    }

    /// Puts an SSH key pair into a group. [`Error::NotFound`] if it is not there.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_group(
        &self,
        region: &Region,
        owner: &Owner,
        name: &KeyPairName,
        group: ResourceGroupId,
        now: Timestamp,
    ) -> Result<()> {
        let (space, name) = (Space::new(region, owner), name.clone());
        self.write(async move |conn| {
            let updated = run!(
                conn,
                execute,
                diesel::update(key_pairs::table)
                    .filter(is_named(&space.region, &space.owner, name.as_str()))
                    .filter(key_pairs::kind.eq(KeyKind::Ssh.as_str()))
                    .set((key_pairs::resource_group_id.eq(group.as_str()), key_pairs::updated_at.eq(now.as_micros()),))
            )?;
            if updated == 0 { Err(Abort::Refused(Error::NotFound(name.clone()))) } else { Ok(()) }
        })
        .await
    }
}

/// How many tags each of these key pairs has, where it has any.
async fn count(conn: &Conn<'_>, space: &Space, ids: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, usize>, Abort> {
    let counted: Vec<(Vec<u8>, i64)> = run!(
        conn,
        load,
        tags::table
            .filter(tags::region.eq(&space.region))
            .filter(tags::owner.eq(&space.owner))
            .filter(tags::key_pair_id.eq_any(ids))
            .group_by(tags::key_pair_id)
            .select((tags::key_pair_id, count_star()))
    )?;
    Ok(counted.into_iter().map(|(id, count)| (id, usize::try_from(count).unwrap_or(usize::MAX))).collect())
}

/// Holds the owner's row, so that no other writer counts tags or deletes a key pair meanwhile; the ids of these SSH key pairs.
async fn lock(conn: &Conn<'_>, space: &Space, names: &[KeyPairName]) -> Result<Vec<Vec<u8>>, Abort> {
    let mut tallies = Tallies::default();
    tallies.reserve(space, 0);
    tallies.lock(conn).await?;
    let wanted: Vec<&str> = names.iter().map(KeyPairName::as_str).collect();
    let found: Vec<(Vec<u8>, String)> = run!(
        conn,
        load,
        key_pairs::table
            .filter(key_pairs::region.eq(&space.region))
            .filter(key_pairs::owner.eq(&space.owner))
            .filter(key_pairs::kind.eq(KeyKind::Ssh.as_str()))
            .filter(key_pairs::name.eq_any(&wanted))
            .select((key_pairs::id, key_pairs::name))
    )?;
    let there: BTreeSet<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    match names.iter().find(|name| !there.contains(name.as_str())) {
        Some(missing) => Err(Abort::Refused(Error::NotFound(missing.clone()))),
        None => Ok(found.into_iter().map(|(id, _)| id).collect()),
    }
}
