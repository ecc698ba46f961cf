//! What users have just deleted of their own, and by a token or key of which project.

use diesel::prelude::*;
use diesel::upsert::excluded;
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::owners::Space;
use super::readers::read;
use super::schema::recent_deletions as deletions;
use crate::domain::{KeyPairName, Owner, ProjectId, Region, Result, Timestamp};

impl Store {
    /// To be called before the deletion, so that none is forgotten.
    #[instrument(skip_all, level = "debug")]
    pub async fn deletion_remember(
        &self,
        region: &Region,
        owner: &Owner,
        project: &ProjectId,
        name: &KeyPairName,
        now: Timestamp,
    ) -> Result<()> {
        let (space, project, name) = (Space::new(region, owner), project.clone(), name.clone());
        self.write(async move |conn| {
            run!(
                conn,
                execute,
                diesel::insert_into(deletions::table)
                    .values((
                        deletions::region.eq(&space.region),
                        deletions::owner.eq(&space.owner),
                        deletions::project_id.eq(project.as_str()),
                        deletions::name.eq(name.as_str()),
                        deletions::deleted_at.eq(now.as_micros()),
                    ))
                    .on_conflict((deletions::region, deletions::owner, deletions::project_id, deletions::name))
                    .do_update()
                    .set(deletions::deleted_at.eq(excluded(deletions::deleted_at)))
            )?;
            Ok(())
        })
        .await
    }

    /// When the owner last deleted a key pair of that name, as far as that is remembered.
    #[instrument(skip_all, level = "debug")]
    pub async fn deletion_last(
        &self,
        region: &Region,
        owner: &Owner,
        project: &ProjectId,
        name: &KeyPairName,
    ) -> Result<Option<Timestamp>> {
        let owner = owner.to_string();
        let rows: Vec<i64> = read!(
            self,
            load,
            deletions::table
                .filter(deletions::region.eq(region.as_str()))
                .filter(deletions::owner.eq(&owner))
                .filter(deletions::project_id.eq(project.as_str()))
                .filter(deletions::name.eq(name.as_str()))
                .select(deletions::deleted_at)
        )?;
        Ok(rows.first().copied().map(Timestamp::from_micros))
    }
}
