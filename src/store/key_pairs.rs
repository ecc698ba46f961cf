//! Key pairs: reads, and what is asked of the writer.

use diesel::dsl::{auto_type, exists, select};
use diesel::prelude::*;
use tokio::sync::oneshot;
use tracing::instrument;

use super::batch::{Change, Delete, KeyPairWrite};
use super::connection::run;
use super::creates::Create;
use super::failed::Abort;
use super::owners::Space;
use super::quotas::{FoundLimits, LimitHolders, check_room, key_pair_limits};
use super::readers::read;
use super::rows::{KeyPairRow, ListedRow, is_named};
use super::schema::{key_pairs, owners};
use super::writer::Command;
use super::{NewKeyPair, Store};
use crate::domain::{
    Actor, Error, KeyPair, KeyPairName, ListedKeyPair, Owner, Page, ProjectId, Region, Result, Timestamp, UserId,
};

/// Whose limit holds for a new key pair.
pub struct LimitOf<'a> {
    /// The region whose quotas these are.
    pub limits_in: &'a Region,
    pub project: Option<&'a ProjectId>,
    pub caller: &'a UserId,
    /// Holds where no quota was set.
    pub default: u32,
}

impl LimitOf<'_> {
    fn holders(&self) -> LimitHolders {
        LimitHolders::new(self.limits_in, self.project, self.caller)
    }
}

/// The counter of the owner's key pairs; no row before the first one.
#[auto_type(no_type_alias)]
fn counter<'a>(region: &'a str, owner: &'a str) -> _ {
    owners::table.filter(owners::region.eq(region)).filter(owners::owner.eq(owner)).select(owners::key_pairs)
}

impl Store {
    /// Quota, then name (in both owners), then the insert: one transaction that holds the owner's row.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_create(&self, new: NewKeyPair) -> Result<()> {
        let space = Space::new(&new.pair.region, &new.pair.owner);
        let also_visible = new.also_visible.as_ref().map(Owner::to_string);
        let limits = LimitHolders::new(&new.limits_in, new.pair.project.as_ref(), &new.caller);
        let is_recorded = new.entry.is_some();
        let created = self.change(Change::Create(Box::new(Create { space, also_visible, limits, new }))).await;
        if is_recorded {
            self.0.metrics.answered(&created);
        }
        created
    }

    /// `NotFound` if it is not there. Its sealed private key goes in the same transaction, and the ledger says so.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_delete(
        &self,
        region: &Region,
        owner: &Owner,
        name: &KeyPairName,
        actor: Actor,
    ) -> Result<()> {
        let (space, name) = (Space::new(region, owner), name.clone());
        self.change(Change::Delete(Delete { space, name, id: None, actor })).await
    }

    /// The same of the very one that was read.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_delete_found(&self, pair: &KeyPair, actor: Actor) -> Result<()> {
        let (space, name) = (Space::new(&pair.region, &pair.owner), pair.name.clone());
        let id = Some(pair.id.as_uuid().as_bytes().to_vec());
        self.change(Change::Delete(Delete { space, name, id, actor })).await
    }

    async fn change(&self, change: Change) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.submit(Command::KeyPair(KeyPairWrite { change, answer }), answered).await
    }

    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_find(&self, region: &Region, owner: &Owner, name: &KeyPairName) -> Result<Option<KeyPair>> {
        let written = owner.to_string();
        let rows: Vec<KeyPairRow> = read!(
            self,
            load,
            key_pairs::table.filter(is_named(region.as_str(), &written, name.as_str())).select(KeyPairRow::as_select())
        )?;
        rows.into_iter().next().map(|row| row.of(region, owner)).transpose()
    }

    /// In byte order of the names, after the marker, at most `limit`. The marker's existence is the caller's to check.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pairs_list(&self, region: &Region, owner: &Owner, page: &Page) -> Result<Vec<ListedKeyPair>> {
        let written = owner.to_string();
        // Every name comes after the empty text: one statement for all pages.
        let after = page.marker.as_ref().map_or("", |marker| marker.name().as_str());
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let rows: Vec<ListedRow> = read!(
            self,
            load,
            key_pairs::table
                .filter(key_pairs::region.eq(region.as_str()))
                .filter(key_pairs::owner.eq(&written))
                .filter(key_pairs::name.gt(after))
                .order(key_pairs::name)
                .limit(limit)
                .select(ListedRow::as_select())
        )?;
        rows.into_iter().map(|row| row.of(owner)).collect()
    }

    /// How many key pairs the owner has.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pairs_used(&self, region: &Region, owner: &Owner) -> Result<u32> {
        let owner = owner.to_string();
        let used: Vec<i64> = read!(self, load, counter(region.as_str(), &owner))?;
        u32::try_from(used.first().copied().unwrap_or(0)).map_err(Error::internal)
    }

    /// Whether the owner may have one more; else [`Error::QuotaExceeded`].
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_check_quota(&self, region: &Region, owner: &Owner, limit: LimitOf<'_>) -> Result<()> {
        let owner = owner.to_string();
        let limits = limit.holders();
        let (used, found): (Option<i64>, FoundLimits) = read!(
            self,
            get_result,
            select((counter(region.as_str(), &owner).single_value(), key_pair_limits!(&limits)))
        )?;
        check_room(used.unwrap_or(0), found, limit.default)
    }

    /// Whether the owner may have one more, of this name: else [`Error::QuotaExceeded`], then [`Error::AlreadyExists`]. The
    /// name must be free in both owners. All of it is read by one statement.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_check_room(
        &self,
        region: &Region,
        owner: &Owner,
        also_visible: Option<&Owner>,
        name: &KeyPairName,
        limit: LimitOf<'_>,
    ) -> Result<()> {
        let (owner, other) = (owner.to_string(), also_visible.unwrap_or(owner).to_string());
        let limits = limit.holders();
        let is_taken = |owner| exists(key_pairs::table.filter(is_named(region.as_str(), owner, name.as_str())));
        let (used, found, is_taken): (Option<i64>, FoundLimits, bool) = read!(
            self,
            get_result,
            select((
                counter(region.as_str(), &owner).single_value(),
                key_pair_limits!(&limits),
                is_taken(owner.as_str()).or(is_taken(other.as_str())),
            ))
        )?;
        check_room(used.unwrap_or(0), found, limit.default)?;
        if is_taken { Err(Error::AlreadyExists(name.clone())) } else { Ok(()) }
    }

    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_describe(
        &self,
        region: &Region,
        owner: &Owner,
        name: &KeyPairName,
        description: &str,
        now: Timestamp,
    ) -> Result<()> {
        let (space, name, description) = (Space::new(region, owner), name.clone(), description.to_owned());
        self.write(async move |conn| {
            let updated = run!(
                conn,
                execute,
                diesel::update(key_pairs::table)
                    .filter(is_named(&space.region, &space.owner, name.as_str()))
                    .set((key_pairs::description.eq(&description), key_pairs::updated_at.eq(now.as_micros())))
            )?;
            if updated == 0 { Err(Abort::Refused(Error::NotFound(name.clone()))) } else { Ok(()) }
        })
        .await
    }
}
