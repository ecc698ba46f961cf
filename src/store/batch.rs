//! Creates and deletes of key pairs, gathered: many requests, one transaction.

use diesel::QueryResult;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use futures_util::{TryFutureExt, try_join};
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::admission::Admission;
use super::connection::{Conn, TIMEOUT, run, run_each, unavailable};
use super::creates::{self, Create, Rows};
use super::failed::{Abort, Failed};
use super::owners::{Space, Tallies};
use super::rows::is_named;
use super::schema::key_pairs;
use super::writer::Writer;
use crate::domain::{Actor, Entry, Error, Event, Fingerprint, KeyPairId, KeyPairName, Result, Subject};

/// A create or a delete that waits, and whoever waits for it.
pub(super) struct KeyPairWrite {
    pub change: Change,
    pub answer: oneshot::Sender<Result<()>>,
}

pub(super) enum Change {
    Delete(Delete),
    Create(Box<Create>),
}

pub(super) struct Delete {
    pub space: Space,
    pub name: KeyPairName,
    /// Only the one of this id, and not another that has taken its name since.
    pub id: Option<Vec<u8>>,
    /// Who deletes it, for the ledger, where a private key goes with it.
    pub actor: Actor,
}

/// When the rows of creates are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// With what decides on them, as if none were refused: the rows of those that are, are taken out again.
    Ahead,
    /// Once it is decided. Whoever is refused again and again leaves no dead rows behind.
    Asking,
}

/// What a transaction did, if it was committed.
struct Done {
    /// In the order of the writes.
    verdicts: Vec<Result<()>>,
    /// `None` where nothing was changed.
    witness: Option<Witness>,
}

/// A row that shows by being there, or by being gone, that the transaction was committed: all of it was, or nothing.
struct Witness {
    space: Space,
    id: Vec<u8>,
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Present,
    Absent,
}

/// Commits the writes, and answers those who wait for them.
pub(super) async fn commit(writer: &mut Writer, mut writes: Vec<KeyPairWrite>) {
    // All of them wait at the same time, so any order is right; deletes first leave room for creates.
    writes.sort_by_key(|write| matches!(write.change, Change::Create(_)));
    let pace = writer.pace;
    match writer.transaction(async |conn| apply(conn, &writes, pace).await).await {
        Ok(done) => {
            writer.pace = Pace::after(&done.verdicts);
            answer(writes, done.verdicts);
        }
        // One of them is refused for a reason of its own: the others must not fail with it.
        Err(Failed::Database(_) | Failed::Refused(_)) if writes.len() > 1 => {
            for write in writes {
                Box::pin(commit(writer, vec![write])).await;
            }
        }
        Err(Failed::Unknown(done, _)) if was_committed(writer, &done).await => answer(writes, done.verdicts),
        Err(Failed::Unknown(_, cause) | Failed::Unreachable(cause)) => {
            let cause = cause.to_string();
            let verdicts = writes.iter().map(|_| Err(unavailable(cause.clone()))).collect();
            answer(writes, verdicts);
        }
        Err(failed @ (Failed::Database(_) | Failed::Refused(_))) => answer(writes, vec![Err(failed.into())]),
    }
}

fn answer(writes: Vec<KeyPairWrite>, verdicts: Vec<Result<()>>) {
    for (write, verdict) in writes.into_iter().zip(verdicts) {
        // Whoever went away meanwhile finds it done, or not.
        drop(write.answer.send(verdict));
    }
}

/// The owners' rows are locked first, in one statement and in (region, owner) order, so that two processes never wait for
/// each other in a circle; quota is decided on those rows.
///
/// What can be sent at once is: a way to the database and back costs as much as some ten rows.
async fn apply(conn: &Conn<'_>, writes: &[KeyPairWrite], pace: Pace) -> Result<Done, Abort> {
    if writes.iter().all(|write| write.answer.is_closed()) {
        // They were told to come again while the transaction lost to another process's: it must not succeed after that.
        return Err(Abort::Refused(unavailable("nobody waits for the answer any more")));
    }
    let mut deletes = Vec::new();
    let mut creates = Vec::new();
    for write in writes {
        match &write.change {
            Change::Delete(delete) => deletes.push(delete),
            Change::Create(create) => creates.push(&**create),
        }
    }
    let mut tallies = Tallies::default();
    deletes.iter().for_each(|delete| tallies.reserve(&delete.space, -1));
    creates.iter().for_each(|create| tallies.reserve(&create.space, 1));
    let mut rows = Rows::default();
    let ahead: &[&Create] = match pace {
        Pace::Ahead => &creates,
        Pace::Asking => &[],
    };
    let ((), admission, deleted, (), ()) = try_join!(
        tallies.lock(conn),
        Admission::read(conn, &creates),
        delete_rows(conn, &deletes).err_into(),
        rows.insert(conn, ahead).err_into(),
        creates::hold_keks(conn, &creates),
    )?;
    let mut done = Done { verdicts: Vec::with_capacity(writes.len()), witness: None };
    count_deletes(&deletes, deleted, &mut tallies, &mut done)?;
    let verdicts = creates::decide(conn, &creates, rows, admission, &mut tallies).await?;
    let is_stored = verdicts.iter().map(Result::is_ok);
    let stored: Vec<_> = creates.iter().zip(is_stored).filter_map(|(&create, is)| is.then_some(create)).collect();
    count_creates(&stored, &mut tallies, &mut done)?;
    done.verdicts.extend(verdicts);
    try_join!(tallies.settle(conn), creates::insert_rest(conn, &stored))?;
    Ok(done)
}

fn count_deletes(
    deletes: &[&Delete],
    deleted: Vec<Vec<DeletedRow>>,
    tallies: &mut Tallies<'_>,
    done: &mut Done,
) -> Result<()> {
    for (delete, rows) in deletes.iter().zip(deleted) {
        let Some(row) = rows.into_iter().next() else {
            done.verdicts.push(Err(Error::NotFound(delete.name.clone())));
            continue;
        };
        tallies.count(&delete.space, -1);
        if let Some(entry) = delete.entry(&row)? {
            tallies.record(&delete.space, &entry)?;
        }
        done.witness = Some(Witness { space: delete.space.clone(), id: row.id, expected: Expected::Absent });
        done.verdicts.push(Ok(()));
    }
    Ok(())
}

/// Those that are stored have been counted as they were admitted.
fn count_creates(stored: &[&Create], tallies: &mut Tallies<'_>, done: &mut Done) -> Result<()> {
    for Create { space, new, .. } in stored {
        if let Some(entry) = &new.entry {
            tallies.record(space, entry)?;
        }
    }
    if let Some(Create { space, new, .. }) = stored.first() {
        let id = new.pair.id.as_uuid().as_bytes().to_vec();
        done.witness = Some(Witness { space: space.clone(), id, expected: Expected::Present });
    }
    Ok(())
}

/// What a DELETE returns of a row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = key_pairs)]
struct DeletedRow {
    id: Vec<u8>,
    fingerprint_sha256: String,
    has_private_key: bool,
}

impl Pace {
    /// After what became of a batch.
    fn after(verdicts: &[Result<()>]) -> Self {
        if verdicts.iter().all(Result::is_ok) { Self::Ahead } else { Self::Asking }
    }
}

impl Delete {
    /// What the ledger says of it: that a kept private key is gone.
    fn entry(&self, row: &DeletedRow) -> Result<Option<Entry>> {
        if !row.has_private_key {
            return Ok(None);
        }
        let id = KeyPairId::from_uuid(Uuid::from_slice(&row.id).map_err(Error::internal)?);
        let subject = Subject {
            id: Some(id),
            name: Some(self.name.clone()),
            fingerprint: Some(Fingerprint::from_written(row.fingerprint_sha256.clone())),
            commitment: None,
        };
        Ok(Some(Entry::done(Event::Delete, self.actor.clone(), subject)))
    }
}

/// Each row that was deleted. Its sealed private key goes with it (`ON DELETE CASCADE`).
async fn delete_rows(conn: &Conn<'_>, deletes: &[&Delete]) -> QueryResult<Vec<Vec<DeletedRow>>> {
    run_each!(conn, get_results, deletes.iter(), |delete| diesel::delete(key_pairs::table)
        .filter(is_named(&delete.space.region, &delete.space.owner, delete.name.as_str()))
        .filter(delete.id.is_none().into_sql::<Bool>().or(key_pairs::id.eq(delete.id.as_deref().unwrap_or_default())))
        .returning(DeletedRow::as_returning()))
}

/// Finds out, on a new connection, whether a transaction was committed whose COMMIT was not answered. Locking the owner's
/// row waits until the database is done with it, if the old connection's transaction is still under way.
async fn was_committed(writer: &mut Writer, done: &Done) -> bool {
    let Some(witness) = &done.witness else { return true };
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        let looked = writer.transaction(async |conn| {
            let mut owner = Tallies::default();
            owner.reserve(&witness.space, 0);
            owner.lock(conn).await?;
            Ok(is_present(conn, witness).await?)
        });
        if let Ok(present) = looked.await {
            return present == (witness.expected == Expected::Present);
        }
    }
    false
}

async fn is_present(conn: &Conn<'_>, witness: &Witness) -> QueryResult<bool> {
    run!(
        conn,
        get_result,
        select(exists(
            key_pairs::table
                .filter(key_pairs::region.eq(&witness.space.region))
                .filter(key_pairs::owner.eq(&witness.space.owner))
                .filter(key_pairs::id.eq(&witness.id))
        ))
    )
}
