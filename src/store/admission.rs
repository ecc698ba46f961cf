//! Which creates of a batch are accepted: what decides on them is read for all of them at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::QueryResult;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use futures_util::future::try_join;

use super::connection::{Conn, run_each};
use super::creates::Create;
use super::failed::Abort;
use super::owners::Tallies;
use super::quotas::{FoundLimits, LimitHolders, NOBODY, check_room};
use super::rows::is_named;
use super::schema::{key_pairs, owners, quotas};
use crate::domain::{Error, Resource, Result};

/// What decides on creates, besides their owners' rows and the names in these.
pub(super) struct Admission<'w> {
    /// Names that a key pair has which the caller sees without being its owner.
    seen: HashSet<Name<'w>>,
    /// Names of the creates that were admitted.
    admitted: HashSet<Name<'w>>,
    limits: SetLimits<'w>,
}

/// Region, owner and name, as written in the columns.
type Name<'w> = ((&'w str, &'w str), &'w str);

/// By region and subject: what was set on key pairs, as user and limit are written in the columns.
type SetLimits<'w> = HashMap<(&'w str, &'w str), Vec<(String, i64)>>;

impl<'w> Admission<'w> {
    /// Before the owners' rows are locked, or at the same time.
    pub(super) async fn read(conn: &Conn<'_>, creates: &[&'w Create]) -> Result<Self, Abort> {
        let (seen, limits) = try_join(seen_names(conn, creates), set_limits(conn, creates)).await?;
        Ok(Self { seen, admitted: HashSet::new(), limits })
    }

    /// Quota first, then the name, as Nova does (recorded). The owner's stored key pairs are asked by the insert.
    pub(super) fn decide(&mut self, create: &'w Create, tallies: &mut Tallies<'_>) -> Result<()> {
        check_room(tallies.used(&create.space), self.limits_of(&create.limits), create.new.limit)?;
        let is_taken = |name: Name<'w>| self.seen.contains(&name) || self.admitted.contains(&name);
        if create.owners().any(|owner| is_taken((owner, create.name()))) {
            return Err(Error::AlreadyExists(create.new.pair.name.clone()));
        }
        self.admitted.extend(create.owners().next().map(|owner| (owner, create.name())));
        tallies.count(&create.space, 1);
        Ok(())
    }

    fn limits_of(&self, LimitHolders { region, project, user, class }: &LimitHolders) -> FoundLimits {
        let limit = |subject: &str, user: &str| {
            let set = self.limits.get(&(region.as_str(), subject)).map(Vec::as_slice).unwrap_or_default();
            set.iter().find(|(of, _)| of == user).map(|(_, limit)| *limit)
        };
        (limit(project, user), limit(project, NOBODY), limit(class, NOBODY))
    }
}

/// Those of the creates' names that the caller sees elsewhere. The other owner's row is not locked: a name made there at the
/// same moment by another process is only hidden by the user's own.
///
/// A look for each name, not one for all: as long as PostgreSQL has no statistics of the table, it reads `name = ANY (…)` by
/// region and owner alone, through all key pairs of the owner, and `owner = ANY (…)` through all of the region.
async fn seen_names<'w>(conn: &Conn<'_>, creates: &[&'w Create]) -> QueryResult<HashSet<Name<'w>>> {
    let elsewhere = creates.iter().flat_map(|create| create.owners().skip(1).map(|owner| (owner, create.name())));
    let mut names: BTreeSet<Name<'w>> = elsewhere.collect();
    let with_key_pairs = with_key_pairs(conn, names.iter().map(|(owner, _)| *owner).collect()).await?;
    names.retain(|(owner, _)| with_key_pairs.contains(owner));
    let is_stored: Vec<bool> = run_each!(conn, get_result, names.iter(), |((region, owner), name)| select(exists(
        key_pairs::table.filter(is_named(region, owner, name))
    )))?;
    Ok(names.into_iter().zip(is_stored).filter_map(|(name, is_stored)| is_stored.then_some(name)).collect())
}

/// Those of the owners who have any key pairs: of projects few do, and nothing needs to be looked for in the others.
async fn with_key_pairs<'w>(
    conn: &Conn<'_>,
    owners: BTreeSet<(&'w str, &'w str)>,
) -> QueryResult<HashSet<(&'w str, &'w str)>> {
    let have: Vec<bool> = run_each!(conn, get_result, owners.iter(), |(region, owner)| select(exists(
        owners::table.filter(owners::region.eq(region)).filter(owners::owner.eq(owner)).filter(owners::key_pairs.gt(0))
    )))?;
    Ok(owners.into_iter().zip(have).filter_map(|(owner, has)| has.then_some(owner)).collect())
}

/// What was set for the creates' users, projects and classes. A look for each project or class, as for names.
async fn set_limits<'w>(conn: &Conn<'_>, creates: &[&'w Create]) -> QueryResult<SetLimits<'w>> {
    let mut asked: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for LimitHolders { region, project, user, class } in creates.iter().map(|create| &create.limits) {
        asked.entry((region, project)).or_default().extend([NOBODY, user]);
        asked.entry((region, class)).or_default().insert(NOBODY);
    }
    let found: Vec<Vec<_>> = run_each!(conn, load, asked.iter(), |((region, subject), users)| quotas::table
        .filter(quotas::region.eq(region))
        .filter(quotas::subject.eq(subject))
        .filter(quotas::user_id.eq_any(users))
        .filter(quotas::resource.eq(Resource::KeyPairs.as_str()))
        .select((quotas::user_id, quotas::hard_limit)))?;
    Ok(asked.into_keys().zip(found).collect())
}
