//! The statements that go across owners: for the operator's jobs and what is tidied up now and then, never for a request.

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Text};
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::master_keys::hold;
use super::readers::read;
use super::rows::{KeyPairRow, SealedRow};
use super::schema::{key_pairs, recent_deletions, sealed_private_keys as sealed_keys};
use crate::domain::{Error, KeyPair, Owner, Region, Result, SealedPrivateKey, Timestamp, hex};

/// Where a row of a kept private key stands: the order in which they are walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    pub region: String,
    pub owner: String,
    id: Vec<u8>,
}

impl RowKey {
    /// The key pair's id; its bytes in hex, because a row that was tampered with may hold any.
    pub fn id(&self) -> String {
        hex(&self.id)
    }
}

type KeyColumns = (String, String, Vec<u8>);

/// A row of a kept private key, whatever it holds.
pub struct KeptRow {
    pub key: RowKey,
    pub name: String,
    /// An error where a column holds what this version cannot read.
    pub content: Result<(KeyPair, SealedPrivateKey)>,
}

/// Key pairs, with their names, that say that a private key is kept, and of which none is.
pub struct MissingRows {
    pub missing: Vec<(RowKey, String)>,
    /// The last key pair that was looked at.
    pub last: RowKey,
}

/// How many private keys a key-encryption key protects.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct KekCount {
    pub provider: String,
    pub name: String,
    pub version: i32,
    pub suite: i32,
    pub rows: i64,
}

/// A row whose data key was wrapped anew.
pub struct Rewrapped {
    pub key: RowKey,
    /// The wrapped data key that was read; where another stands there by now, nothing is written.
    pub was: Vec<u8>,
    pub now: SealedPrivateKey,
}

impl Store {
    /// Forgets deletions of before `until`, of all owners; how many there were.
    #[instrument(skip_all, level = "debug")]
    pub async fn deletions_purge(&self, until: Timestamp) -> Result<u64> {
        self.write(async move |conn| {
            let statement = diesel::delete(recent_deletions::table);
            let purged = run!(conn, execute, statement.filter(recent_deletions::deleted_at.lt(until.as_micros())))?;
            Ok(purged as u64)
        })
        .await
    }

    /// Rows of kept private keys behind `after`, in the order of their keys, at most `limit`.
    #[instrument(skip_all, level = "debug")]
    pub async fn kept_rows(&self, after: Option<&RowKey>, limit: u32) -> Result<Vec<KeptRow>> {
        let start = RowKey { region: String::new(), owner: String::new(), id: Vec::new() };
        self.kept_rows_where(" > (", after.unwrap_or(&start), limit).await
    }

    /// The row at that place, if there is one (still).
    #[instrument(skip_all, level = "debug")]
    pub async fn kept_row(&self, key: &RowKey) -> Result<Option<KeptRow>> {
        Ok(self.kept_rows_where(" = (", key, 1).await?.pop())
    }

    /// Rows whose key compares so with `key`.
    async fn kept_rows_where(&self, compares: &str, key: &RowKey, limit: u32) -> Result<Vec<KeptRow>> {
        let RowKey { region, owner, id } = key;
        // Compared as a row, so that both databases begin at its place in the primary key.
        let place = || {
            sql::<Bool>("(sealed_private_keys.region, sealed_private_keys.owner, sealed_private_keys.key_pair_id)")
                .sql(compares)
                .bind::<Text, _>(region)
                .sql(", ")
                .bind::<Text, _>(owner)
                .sql(", ")
                .bind::<Binary, _>(id)
                .sql(")")
        };
        let rows: Vec<(KeyColumns, String, KeyPairRow, SealedRow)> = read!(
            self,
            load,
            sealed_keys::table
                .inner_join(
                    key_pairs::table.on(key_pairs::region
                        .eq(sealed_keys::region)
                        .and(key_pairs::owner.eq(sealed_keys::owner))
                        .and(key_pairs::id.eq(sealed_keys::key_pair_id)))
                )
                .filter(place())
                .order((sealed_keys::region, sealed_keys::owner, sealed_keys::key_pair_id))
                .limit(i64::from(limit))
                .select((
                    (sealed_keys::region, sealed_keys::owner, sealed_keys::key_pair_id),
                    key_pairs::name,
                    KeyPairRow::as_select(),
                    SealedRow::as_select()
                ))
        )?;
        let row = |((region, owner, id), name, pair, sealed)| {
            let key = RowKey { region, owner, id };
            KeptRow { content: content(&key, pair, sealed), key, name }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// How many private keys are kept under each key-encryption key and suite.
    #[instrument(skip_all, level = "debug")]
    pub async fn kept_rows_by_kek(&self) -> Result<Vec<KekCount>> {
        let columns = (sealed_keys::kek_provider, sealed_keys::kek_name, sealed_keys::kek_version, sealed_keys::suite);
        let counts: Vec<(String, String, i32, i32, i64)> = read!(
            self,
            load,
            sealed_keys::table.group_by(columns).select((
                sealed_keys::kek_provider,
                sealed_keys::kek_name,
                sealed_keys::kek_version,
                sealed_keys::suite,
                count_star()
            ))
        )?;
        let count = |(provider, name, version, suite, rows)| KekCount { provider, name, version, suite, rows };
        let mut counts: Vec<KekCount> = counts.into_iter().map(count).collect();
        counts.sort_by(|one, other| {
            (&one.provider, &one.name, one.version, one.suite).cmp(&(
                &other.provider,
                &other.name,
                other.version,
                other.suite,
            ))
        });
        Ok(counts)
    }

    /// Writes wrappings in one transaction, each only where the row still has the one that was read; tells which were
    /// written. A row that was deleted, cleared or sealed anew meanwhile is left as it is.
    #[instrument(skip_all, level = "debug")]
    pub async fn rewrap_rows(&self, rows: Vec<Rewrapped>) -> Result<Vec<bool>> {
        self.write(async move |conn| {
            hold(conn, rows.iter().map(|row| &row.now.kek)).await?;
            let mut written = Vec::with_capacity(rows.len());
            for Rewrapped { key: RowKey { region, owner, id }, was, now } in &rows {
                let count = run!(
                    conn,
                    execute,
                    diesel::update(sealed_keys::table)
                        .filter(sealed_keys::region.eq(region))
                        .filter(sealed_keys::owner.eq(owner))
                        .filter(sealed_keys::key_pair_id.eq(id))
                        .filter(sealed_keys::wrapped_data_key.eq(was))
                        .set((
                            sealed_keys::kek_provider.eq(now.kek.provider.as_str()),
                            sealed_keys::kek_name.eq(&now.kek.name),
                            sealed_keys::kek_version.eq(now.kek.version),
                            sealed_keys::kek_alias.eq(now.kek_alias.as_ref()),
                            sealed_keys::wrapped_data_key.eq(&now.wrapped_data_key),
                        ))
                )?;
                written.push(count == 1);
            }
            Ok(written)
        })
        .await
    }

    /// Looks through at most `limit` key pairs behind `after` for those that say that a private key is kept, and of which
    /// none is. `None` where there is no key pair left to look at.
    #[instrument(skip_all, level = "debug")]
    pub async fn kept_rows_missing(&self, after: Option<&RowKey>, limit: u32) -> Result<Option<MissingRows>> {
        let start = RowKey { region: String::new(), owner: String::new(), id: Vec::new() };
        let RowKey { region, owner, id } = after.unwrap_or(&start);
        let behind = || {
            sql::<Bool>("(key_pairs.region, key_pairs.owner, key_pairs.id) > (")
                .bind::<Text, _>(region)
                .sql(", ")
                .bind::<Text, _>(owner)
                .sql(", ")
                .bind::<Binary, _>(id)
                .sql(")")
        };
        let rows: Vec<(KeyColumns, String, bool, Option<i32>)> = read!(
            self,
            load,
            key_pairs::table
                .left_join(
                    sealed_keys::table.on(sealed_keys::region
                        .eq(key_pairs::region)
                        .and(sealed_keys::owner.eq(key_pairs::owner))
                        .and(sealed_keys::key_pair_id.eq(key_pairs::id)))
                )
                .filter(behind())
                .order((key_pairs::region, key_pairs::owner, key_pairs::id))
                .limit(i64::from(limit))
                .select((
                    (key_pairs::region, key_pairs::owner, key_pairs::id),
                    key_pairs::name,
                    key_pairs::has_private_key,
                    sealed_keys::suite.nullable()
                ))
        )?;
        let key = |(region, owner, id): KeyColumns| RowKey { region, owner, id };
        let Some(((region, owner, id), ..)) = rows.last().cloned() else { return Ok(None) };
        let last = RowKey { region, owner, id };
        let missing = rows.into_iter().filter(|(_, _, says_kept, suite)| *says_kept && suite.is_none());
        Ok(Some(MissingRows { missing: missing.map(|(columns, name, ..)| (key(columns), name)).collect(), last }))
    }
}

fn content(key: &RowKey, pair: KeyPairRow, sealed: SealedRow) -> Result<(KeyPair, SealedPrivateKey)> {
    let region = Region::parse(&key.region).map_err(Error::internal)?;
    let owner = Owner::parse(&key.owner).map_err(Error::internal)?;
    Ok((pair.of(&region, &owner)?, sealed.try_into()?))
}
