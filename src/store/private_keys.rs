//! Kept private keys of key pairs that are there: taken out, put in, cleared; each with its record in the ledger, in one
//! transaction.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::connection::{Conn, run};
use super::failed::Abort;
use super::master_keys::hold;
use super::owners::{Space, Tallies};
use super::readers::read;
use super::rows::{KeyPairRow, NewSealedRow, SealedRow, is_named, kek_id};
use super::schema::{key_pairs, sealed_private_keys as sealed_keys};
use crate::domain::{
    Entry, KekId, KeyPair, KeyPairName, Owner, ProjectId, Region, Result, SealedPrivateKey, Timestamp,
};

/// Whether what a transaction was to work on was still as its caller had read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Still {
    /// It was, and everything is done.
    Same,
    /// Nothing was done: read again.
    Changed,
}

/// A private key that was opened and is to go out.
pub struct HandOut {
    pub pair: KeyPair,
    pub opened: SealedPrivateKey,
    /// What the ledger is to say of it.
    pub entry: Entry,
}

impl Store {
    /// The pair and its private key, from one statement: never the halves of two generations of a name.
    #[instrument(skip_all, level = "debug")]
    pub async fn sealed_private_key(
        &self,
        region: &Region,
        owner: &Owner,
        name: &KeyPairName,
    ) -> Result<Option<(KeyPair, SealedPrivateKey)>> {
        let written = owner.to_string();
        let rows: Vec<(KeyPairRow, SealedRow)> = read!(
            self,
            load,
            key_pairs::table
                .inner_join(
                    sealed_keys::table.on(sealed_keys::region
                        .eq(key_pairs::region)
                        .and(sealed_keys::owner.eq(key_pairs::owner))
                        .and(sealed_keys::key_pair_id.eq(key_pairs::id)))
                )
                .filter(is_named(region.as_str(), &written, name.as_str()))
                .select((KeyPairRow::as_select(), SealedRow::as_select()))
        )?;
        rows.into_iter().next().map(|(pair, sealed)| Ok((pair.of(region, owner)?, sealed.try_into()?))).transpose()
    }

    /// What a pair's private key is wrapped by; `None` where none is kept.
    #[instrument(skip_all, level = "debug")]
    pub async fn private_key_kek(&self, pair: &KeyPair) -> Result<Option<KekId>> {
        let PairKey { space, id, .. } = PairKey::of(pair);
        let rows: Vec<(String, String, i32)> = read!(
            self,
            load,
            sealed_keys::table
                .filter(sealed_keys::region.eq(&space.region))
                .filter(sealed_keys::owner.eq(&space.owner))
                .filter(sealed_keys::key_pair_id.eq(&id))
                .select((sealed_keys::kek_provider, sealed_keys::kek_name, sealed_keys::kek_version))
        )?;
        rows.into_iter().next().map(|(provider, name, version)| kek_id(&provider, name, version)).transpose()
    }

    /// Puts the records of hand-outs into the ledger if all pairs, and what is kept of them, are still those that were
    /// opened. The private keys may leave when this says `Same`, and not before.
    #[instrument(skip_all, level = "debug")]
    pub async fn private_keys_release(&self, hand_outs: Vec<HandOut>) -> Result<Still> {
        let rows: Vec<_> = hand_outs.iter().map(|hand_out| PairKey::of(&hand_out.pair)).collect();
        self.write_with_record(async move |conn| {
            let mut tallies = Tallies::default();
            rows.iter().for_each(|row| tallies.reserve(&row.space, 0));
            tallies.lock(conn).await?;
            for (row, HandOut { opened, entry, .. }) in rows.iter().zip(&hand_outs) {
                if !is_sealed(conn, row, opened).await? {
                    return Ok(Still::Changed);
                }
                tallies.record(&row.space, entry)?;
            }
            tallies.settle(conn).await?;
            Ok(Still::Same)
        })
        .await
    }

    /// Keeps `sealed` as the pair's private key, in place of what was kept before.
    #[instrument(skip_all, level = "debug")]
    pub async fn private_key_put(
        &self,
        pair: &KeyPair,
        sealed: SealedPrivateKey,
        entry: Entry,
        now: Timestamp,
    ) -> Result<Still> {
        let row = PairKey::of(pair);
        self.write_with_record(async move |conn| {
            let tallies = lock(conn, &row).await?;
            if !is_there(conn, &row).await? {
                return Ok(Still::Changed);
            }
            replace_sealed(conn, &row, &sealed).await?;
            mark(conn, &row, true, now).await?;
            record(conn, tallies, &row, &entry).await
        })
        .await
    }

    /// Keeps `fresh` in place of `opened`, if that is what is kept: the same private key, sealed anew.
    #[instrument(skip_all, level = "debug")]
    pub async fn private_key_reseal(
        &self,
        pair: &KeyPair,
        opened: &SealedPrivateKey,
        fresh: SealedPrivateKey,
        entry: Entry,
    ) -> Result<Still> {
        let (row, opened) = (PairKey::of(pair), opened.clone());
        self.write_with_record(async move |conn| {
            let tallies = lock(conn, &row).await?;
            if !is_sealed(conn, &row, &opened).await? {
                return Ok(Still::Changed);
            }
            replace_sealed(conn, &row, &fresh).await?;
            record(conn, tallies, &row, &entry).await
        })
        .await
    }

    /// Forgets the pair's private key, if it is the one that was read.
    #[instrument(skip_all, level = "debug")]
    pub async fn private_key_clear(
        &self,
        pair: &KeyPair,
        read: &SealedPrivateKey,
        entry: Entry,
        now: Timestamp,
    ) -> Result<Still> {
        let (row, read) = (PairKey::of(pair), read.clone());
        self.write_with_record(async move |conn| {
            let tallies = lock(conn, &row).await?;
            if !is_sealed(conn, &row, &read).await? {
                return Ok(Still::Changed);
            }
            delete_sealed(conn, &row).await?;
            mark(conn, &row, false, now).await?;
            record(conn, tallies, &row, &entry).await
        })
        .await
    }
}

/// What a pair was when it was read, as far as a private key is bound to it.
#[derive(Clone)]
struct PairKey {
    space: Space,
    id: Vec<u8>,
    project: Option<String>,
    public_key: String,
}

impl PairKey {
    fn of(pair: &KeyPair) -> Self {
        Self {
            space: Space::new(&pair.region, &pair.owner),
            id: pair.id.as_uuid().as_bytes().to_vec(),
            project: pair.project.as_ref().map(ProjectId::to_string),
            public_key: pair.public_key.clone(),
        }
    }
}

/// Holds the owner's row, so that nobody else writes for that owner meanwhile.
async fn lock<'r>(conn: &Conn<'_>, row: &'r PairKey) -> Result<Tallies<'r>, Abort> {
    let mut tallies = Tallies::default();
    tallies.reserve(&row.space, 0);
    tallies.lock(conn).await?;
    Ok(tallies)
}

/// Puts what was done into the owner's chain: the last statements of each of these transactions.
async fn record(conn: &Conn<'_>, mut tallies: Tallies<'_>, row: &PairKey, entry: &Entry) -> Result<Still, Abort> {
    tallies.record(&row.space, entry)?;
    tallies.settle(conn).await?;
    Ok(Still::Same)
}

/// Keeps `sealed` in place of what was kept before, if anything was.
async fn replace_sealed(conn: &Conn<'_>, row: &PairKey, sealed: &SealedPrivateKey) -> Result<(), Abort> {
    hold(conn, [&sealed.kek].into_iter()).await?;
    delete_sealed(conn, row).await?;
    let sealed = NewSealedRow::new(&row.space, &row.id, sealed);
    run!(conn, execute, diesel::insert_into(sealed_keys::table).values(&sealed))?;
    Ok(())
}

/// Whether the pair is there, with the public key and the project that its caller read.
async fn is_there(conn: &Conn<'_>, row: &PairKey) -> QueryResult<bool> {
    let found: Vec<(Option<String>, String)> = run!(
        conn,
        load,
        key_pairs::table
            .filter(key_pairs::region.eq(&row.space.region))
            .filter(key_pairs::owner.eq(&row.space.owner))
            .filter(key_pairs::id.eq(&row.id))
            .select((key_pairs::project_id, key_pairs::public_key))
    )?;
    Ok(found.first().is_some_and(|(project, public_key)| *project == row.project && *public_key == row.public_key))
}

/// Whether the pair is there and its private key is the very one that was opened. Its wrapping may have changed meanwhile:
/// rewrapping opens nothing and stops no export.
async fn is_sealed(conn: &Conn<'_>, row: &PairKey, opened: &SealedPrivateKey) -> Result<bool, Abort> {
    let same: bool = run!(
        conn,
        get_result,
        select(exists(
            sealed_keys::table
                .filter(sealed_keys::region.eq(&row.space.region))
                .filter(sealed_keys::owner.eq(&row.space.owner))
                .filter(sealed_keys::key_pair_id.eq(&row.id))
                .filter(sealed_keys::commitment.eq(&opened.commitment))
                .filter(sealed_keys::ciphertext.eq(&opened.ciphertext))
        ))
    )?;
    Ok(same && is_there(conn, row).await?)
}

/// How many rows there were: one or none.
async fn delete_sealed(conn: &Conn<'_>, row: &PairKey) -> QueryResult<usize> {
    run!(
        conn,
        execute,
        diesel::delete(sealed_keys::table)
            .filter(sealed_keys::region.eq(&row.space.region))
            .filter(sealed_keys::owner.eq(&row.space.owner))
            .filter(sealed_keys::key_pair_id.eq(&row.id))
    )
}

async fn mark(conn: &Conn<'_>, row: &PairKey, has_private_key: bool, now: Timestamp) -> QueryResult<usize> {
    run!(
        conn,
        execute,
        diesel::update(key_pairs::table)
            .filter(key_pairs::region.eq(&row.space.region))
            .filter(key_pairs::owner.eq(&row.space.owner))
            .filter(key_pairs::id.eq(&row.id))
            .set((key_pairs::has_private_key.eq(has_private_key), key_pairs::updated_at.eq(now.as_micros())))
    )
}
