//! Owners' rows: how many key pairs each has, held by the transaction that changes it.

use std::collections::BTreeMap;

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::connection::{Conn, run};
use super::schema::owners;
use crate::domain::{Owner, Region};

/// A region and an owner, as written in the columns that lead every key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Space {
    pub region: String,
    pub owner: String,
}

impl Space {
    pub(super) fn new(region: &Region, owner: &Owner) -> Self {
        Self { region: region.to_string(), owner: owner.to_string() }
    }
}

/// The owners that a transaction touches, in the order in which their rows are locked.
#[derive(Default)]
pub(super) struct Tallies<'w>(BTreeMap<&'w Space, Tally>);

#[derive(Default)]
struct Tally {
    /// What the row is raised by when it is locked: as if nothing were refused, so that most batches write it once.
    reserved: i64,
    /// What it should have been raised by.
    change: i64,
    /// How many key pairs there are, with what has been decided so far.
    used: i64,
}

impl<'w> Tallies<'w> {
    /// Before the rows are locked: the owner is touched, and may come to have `change` key pairs more.
    pub(super) fn reserve(&mut self, space: &'w Space, change: i64) {
        self.0.entry(space).or_default().reserved += change;
    }

    /// The owner has `change` key pairs more.
    pub(super) fn count(&mut self, space: &Space, change: i64) {
        if let Some(tally) = self.0.get_mut(space) {
            tally.change += change;
            tally.used += change;
        }
    }

    pub(super) fn used(&self, space: &Space) -> i64 {
        self.0.get(space).map_or(0, |tally| tally.used)
    }

    /// Locks each owner's row, makes those that are missing, and learns how many key pairs there are.
    ///
    /// The write comes first on purpose: between a read and a write another process could use up the quota.
    pub(super) async fn lock(&mut self, conn: &mut Conn<'_>) -> QueryResult<()> {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(space, tally)| {
                (owners::region.eq(&space.region), owners::owner.eq(&space.owner), owners::key_pairs.eq(tally.reserved))
            })
            .collect();
        let mut locked: Vec<(String, String, i64)> = run!(
            conn,
            get_results,
            diesel::insert_into(owners::table)
                .values(&rows)
                .on_conflict((owners::region, owners::owner))
                .do_update()
                .set(owners::key_pairs.eq(owners::key_pairs + excluded(owners::key_pairs)))
                .returning((owners::region, owners::owner, owners::key_pairs))
        )?;
        // Neither database promises the order of returned rows; sorted, they are in the order of the tallies.
        locked.sort_unstable();
        for (tally, (_, _, key_pairs)) in self.0.values_mut().zip(locked) {
            tally.used = key_pairs - tally.reserved;
        }
        Ok(())
    }

    /// Writes those rows again for which less was done than reserved.
    pub(super) async fn correct(&self, conn: &mut Conn<'_>) -> QueryResult<()> {
        let rows: Vec<_> = self
            .0
            .iter()
            .filter(|(_, tally)| tally.change != tally.reserved)
            .map(|(space, tally)| {
                (owners::region.eq(&space.region), owners::owner.eq(&space.owner), owners::key_pairs.eq(tally.used))
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        run!(
            conn,
            execute,
            diesel::insert_into(owners::table)
                .values(&rows)
                .on_conflict((owners::region, owners::owner))
                .do_update()
                .set(owners::key_pairs.eq(excluded(owners::key_pairs)))
        )?;
        Ok(())
    }
}
