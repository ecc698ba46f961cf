//! What was just deleted, and hid a key pair of the same name.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel::upsert::excluded;
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::owners::Space;
use super::readers::read;
use super::schema::recent_deletions as deletions;
use crate::domain::{KeyPairName, Owner, Region, Result, Timestamp};

impl Store {
    /// To be called before the deletion, so that none is forgotten; what was over at `now` goes.
    #[instrument(skip_all, level = "debug")]
    pub async fn deletion_remember(
        &self,
        region: &Region,
        owner: &Owner,
        name: &KeyPairName,
        now: Timestamp,
        over_at: Timestamp,
    ) -> Result<()> {
        let (space, name) = (Space::new(region, owner), name.clone());
        self.write(async move |conn| {
            run!(
                conn,
                execute,
                diesel::delete(deletions::table)
                    .filter(deletions::region.eq(&space.region))
                    .filter(deletions::owner.eq(&space.owner))
                    .filter(deletions::over_at.le(now.as_micros()))
            )?;
            run!(
                conn,
                execute,
                diesel::insert_into(deletions::table)
                    .values((
                        deletions::region.eq(&space.region),
                        deletions::owner.eq(&space.owner),
                        deletions::name.eq(name.as_str()),
                        deletions::over_at.eq(over_at.as_micros()),
                    ))
                    .on_conflict((deletions::region, deletions::owner, deletions::name))
                    .do_update()
                    .set(deletions::over_at.eq(excluded(deletions::over_at)))
            )?;
            Ok(())
        })
        .await
    }

    /// Whether a deletion is remembered that is not over yet.
    #[instrument(skip_all, level = "debug")]
    pub async fn deletion_is_recent(
        &self,
        region: &Region,
        owner: &Owner,
        name: &KeyPairName,
        now: Timestamp,
    ) -> Result<bool> {
        let owner = owner.to_string();
        read!(
            self,
            get_result,
            select(exists(
                deletions::table
                    .filter(deletions::region.eq(region.as_str()))
                    .filter(deletions::owner.eq(&owner))
                    .filter(deletions::name.eq(name.as_str()))
                    .filter(deletions::over_at.gt(now.as_micros()))
            ))
        )
    }
}
