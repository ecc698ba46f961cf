//! Creates of key pairs within the transaction that commits many of them.

use std::collections::{BTreeSet, HashSet};

use diesel::QueryResult;
use diesel::prelude::*;
use futures_util::try_join;

use super::NewKeyPair;
use super::admission::Admission;
use super::connection::{Conn, insert_rows, run_each};
use super::failed::Abort;
use super::master_keys::hold;
use super::owners::{Space, Tallies};
use super::quotas::LimitHolders;
use super::rows::{NewKeyPairRow, NewSealedRow};
use super::schema::{key_pair_tags as tags, key_pairs, sealed_private_keys};
use super::tags::TagRow;
use crate::domain::{Error, Result};

pub(super) struct Create {
    pub space: Space,
    /// The written form of `new.also_visible`.
    pub also_visible: Option<String>,
    pub limits: LimitHolders,
    pub new: NewKeyPair,
}

impl Create {
    /// Where no key pair may have its name: as region and owner are written, its own owner first.
    pub(super) fn owners(&self) -> impl Iterator<Item = (&str, &str)> {
        let owners = [Some(&self.space.owner), self.also_visible.as_ref()].into_iter().flatten();
        owners.map(|owner| (self.space.region.as_str(), owner.as_str()))
    }

    pub(super) fn name(&self) -> &str {
        self.new.pair.name.as_str()
    }

    fn id(&self) -> &[u8] {
        self.new.pair.id.as_uuid().as_bytes()
    }
}

/// A create, and what is known of it.
struct Trial<'w> {
    create: &'w Create,
    verdict: Verdict,
}

enum Verdict {
    Open,
    /// Nothing but the insert itself may refuse it.
    Admitted,
    Stored,
    Refused(Error),
}

/// Holds the keys that sealed their private keys.
pub(super) async fn hold_keks(conn: &Conn<'_>, creates: &[&Create]) -> Result<(), Abort> {
    hold(conn, creates.iter().filter_map(|create| create.new.sealed.as_ref()).map(|sealed| &sealed.kek)).await
}

/// What becomes of each. The owners' rows are locked; what is refused has no row in the end.
pub(super) async fn decide<'w>(
    conn: &Conn<'_>,
    creates: &[&'w Create],
    mut rows: Rows<'w>,
    mut admission: Admission<'w>,
    tallies: &mut Tallies<'_>,
) -> Result<Vec<Result<()>>, Abort> {
    let mut trials: Vec<_> = creates.iter().map(|&create| Trial { create, verdict: Verdict::Open }).collect();
    loop {
        let admits = admit(&mut trials, &mut admission, tallies);
        rows.take_out(conn, &with(&trials, |verdict| matches!(verdict, Verdict::Refused(_)))).await?;
        if !admits {
            return Ok(trials.into_iter().map(Trial::outcome).collect());
        }
        rows.insert(conn, &with(&trials, |verdict| matches!(verdict, Verdict::Admitted))).await?;
        judge(&mut trials, &rows, tallies);
    }
}

/// Decides on those that are open; whether any is admitted.
fn admit<'w>(trials: &mut [Trial<'w>], admission: &mut Admission<'w>, tallies: &mut Tallies<'_>) -> bool {
    let mut any = false;
    for Trial { create, verdict } in trials.iter_mut().filter(|trial| matches!(trial.verdict, Verdict::Open)) {
        *verdict = match admission.decide(create, tallies) {
            Ok(()) => Verdict::Admitted,
            Err(refusal) => Verdict::Refused(refusal),
        };
        any |= matches!(verdict, Verdict::Admitted);
    }
    any
}

/// What was admitted and not stored has a name that is taken. It has counted until now: those of its owner that were
/// refused for the limit are open again.
fn judge(trials: &mut [Trial<'_>], rows: &Rows<'_>, tallies: &mut Tallies<'_>) {
    let mut with_room: BTreeSet<&Space> = BTreeSet::new();
    for Trial { create, verdict } in trials.iter_mut().filter(|trial| matches!(trial.verdict, Verdict::Admitted)) {
        if rows.stored.contains(create.id()) {
            *verdict = Verdict::Stored;
        } else {
            *verdict = Verdict::Refused(Error::AlreadyExists(create.new.pair.name.clone()));
            tallies.count(&create.space, -1);
            with_room.insert(&create.space);
        }
    }
    for Trial { create, verdict } in trials {
        if matches!(verdict, Verdict::Refused(Error::QuotaExceeded { .. })) && with_room.contains(&create.space) {
            *verdict = Verdict::Open;
        }
    }
}

fn with<'w>(trials: &[Trial<'w>], is: impl Fn(&Verdict) -> bool) -> Vec<&'w Create> {
    trials.iter().filter(|trial| is(&trial.verdict)).map(|trial| trial.create).collect()
}

impl Trial<'_> {
    fn outcome(self) -> Result<()> {
        match self.verdict {
            Verdict::Stored => Ok(()),
            Verdict::Refused(refusal) => Err(refusal),
            Verdict::Open | Verdict::Admitted => Err(Error::internal("a create was left undecided")),
        }
    }
}

/// The rows of key pairs that a transaction has inserted so far. The insert itself tells whose name its owner has already:
/// that spares a look for each name.
#[derive(Default)]
pub(super) struct Rows<'w> {
    /// By their ids: those whose names are known to be free or taken.
    tried: HashSet<&'w [u8]>,
    /// Those whose names were free.
    stored: HashSet<&'w [u8]>,
}

impl<'w> Rows<'w> {
    /// Inserts those that were not tried yet.
    pub(super) async fn insert(&mut self, conn: &Conn<'_>, creates: &[&'w Create]) -> QueryResult<()> {
        let untried: Vec<_> = creates.iter().filter(|create| self.tried.insert(create.id())).collect();
        let rows: Vec<_> = untried.iter().map(|&&create| NewKeyPairRow::from(create)).collect();
        let inserted: Vec<Vec<Vec<u8>>> = insert_rows!(conn, get_results, rows, |some| {
            diesel::insert_into(key_pairs::table)
                .values(some)
                .on_conflict((key_pairs::region, key_pairs::owner, key_pairs::name))
                .do_nothing()
                .returning(key_pairs::id)
        })?;
        let inserted: HashSet<Vec<u8>> = inserted.into_iter().flatten().collect();
        self.stored.extend(untried.iter().map(|create| create.id()).filter(|id| inserted.contains(*id)));
        Ok(())
    }

    /// Deletes the rows that these have. Whose name was taken may have found it taken by one of them.
    async fn take_out(&mut self, conn: &Conn<'_>, creates: &[&'w Create]) -> QueryResult<()> {
        let of_these: Vec<_> = creates.iter().filter(|create| self.stored.remove(create.id())).collect();
        if of_these.is_empty() {
            return Ok(());
        }
        self.tried.clone_from(&self.stored);
        run_each!(conn, execute, of_these.iter(), |create| diesel::delete(key_pairs::table)
            .filter(key_pairs::region.eq(&create.space.region))
            .filter(key_pairs::owner.eq(&create.space.owner))
            .filter(key_pairs::id.eq(create.id())))?;
        Ok(())
    }
}

/// What stands beside the rows of key pairs.
pub(super) async fn insert_rest(conn: &Conn<'_>, creates: &[&Create]) -> QueryResult<()> {
    let of = |create: &&Create| TagRow::of(&create.space, &create.new.pair.id, &create.new.tags);
    let tag_rows: Vec<_> = creates.iter().flat_map(of).collect();
    let sealed_rows: Vec<_> = creates.iter().filter_map(|create| NewSealedRow::of(create)).collect();
    try_join!(
        async { insert_rows!(conn, execute, tag_rows, |some| diesel::insert_into(tags::table).values(some)) },
        async {
            insert_rows!(conn, execute, sealed_rows, |some| diesel::insert_into(sealed_private_keys::table)
                .values(some))
        },
    )?;
    Ok(())
}
