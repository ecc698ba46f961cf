//! Check values of master keys: which keys this database's private keys were sealed with.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::count_star;
use diesel::prelude::*;
use tracing::instrument;

use super::connection::{Conn, Wire, run, unavailable};
use super::failed::Abort;
use super::readers::read;
use super::rows::unknown;
use super::schema::{access_keys, master_key_checks as checks, sealed_private_keys as sealed};
use super::{MasterKeyCheck, Store};
use crate::domain::{Error, KekId, KekProvider, Result, Timestamp};

type KekColumns = (String, String, i32);

impl Store {
    /// The check value of each key that the database knows.
    #[instrument(skip_all, level = "debug")]
    pub async fn master_key_check_values(&self) -> Result<Vec<(KekId, Vec<u8>)>> {
        let values: Vec<(KekColumns, Vec<u8>)> = read!(
            self,
            load,
            checks::table
                .order((checks::kek_provider, checks::kek_name, checks::kek_version))
                .select(((checks::kek_provider, checks::kek_name, checks::kek_version), checks::check_value))
        )?;
        values.into_iter().map(|(columns, value)| Ok((kek_id(columns)?, value))).collect()
    }

    /// The same with how many private keys each protects, which takes a look at all of them.
    #[instrument(skip_all, level = "debug")]
    pub async fn master_key_checks(&self) -> Result<Vec<MasterKeyCheck>> {
        let counts: Vec<(KekColumns, i64)> = read!(
            self,
            load,
            sealed::table
                .group_by((sealed::kek_provider, sealed::kek_name, sealed::kek_version))
                .select(((sealed::kek_provider, sealed::kek_name, sealed::kek_version), count_star()))
        )?;
        let mut counts: HashMap<KekColumns, i64> = counts.into_iter().collect();
        for count in self.access_keys_by_kek().await? {
            let columns = (KekProvider::Local.as_str().to_owned(), count.0, count.1);
            *counts.entry(columns).or_default() += count.2;
        }
        let with_count = |(kek, check_value): (KekId, Vec<u8>)| {
            let columns = (kek.provider.as_str().to_owned(), kek.name.clone(), kek.version);
            let rows = u64::try_from(counts.get(&columns).copied().unwrap_or(0)).map_err(Error::internal)?;
            Ok(MasterKeyCheck { kek, check_value, rows })
        };
        self.master_key_check_values().await?.into_iter().map(with_count).collect()
    }

    /// Keeps the value that is there if another process was first; the caller reads again.
    #[instrument(skip_all, level = "debug")]
    pub async fn master_key_check_insert(&self, kek: &KekId, check_value: &[u8], now: Timestamp) -> Result<()> {
        let (kek, check_value) = (kek.clone(), check_value.to_vec());
        self.write(async move |conn| {
            let row = (
                checks::kek_provider.eq(kek.provider.as_str()),
                checks::kek_name.eq(&kek.name),
                checks::kek_version.eq(kek.version),
                checks::check_value.eq(&check_value),
                checks::created_at.eq(now.as_micros()),
            );
            run!(conn, execute, diesel::insert_into(checks::table).values(row).on_conflict_do_nothing())?;
            Ok(())
        })
        .await
    }

    /// Forgets a key's check value where no sealed private key needs that key; how many need it.
    #[instrument(skip_all, level = "debug")]
    pub async fn master_key_retire(&self, kek: &KekId) -> Result<u64> {
        let kek = kek.clone();
        let rows = self.write(async move |conn| {
            let is_kek = sealed::kek_provider
                .eq(kek.provider.as_str())
                .and(sealed::kek_name.eq(&kek.name))
                .and(sealed::kek_version.eq(kek.version));
            // Locked first: whoever seals by the key right now holds its row, and is waited for; whoever comes later waits, and
            // finds it gone. What is counted is all there is.
            find(conn, &kek.name, kek.version, Hold::Alone).await?;
            let private_keys: i64 = run!(conn, get_result, sealed::table.filter(is_kek).select(count_star()))?;
            let wraps = access_keys::kek_name.eq(&kek.name).and(access_keys::kek_version.eq(kek.version));
            let secrets: i64 = run!(conn, get_result, access_keys::table.filter(wraps).select(count_star()))?;
            let rows = private_keys + secrets;
            if rows == 0 {
                let key = (kek.provider.as_str(), kek.name.as_str(), kek.version);
                run!(conn, execute, diesel::delete(checks::table.find(key)))?;
            }
            Ok(rows)
        });
        u64::try_from(rows.await?).map_err(Error::internal)
    }
}

/// Refuses to write under a master key that the database does not know, or not any more: it may have been retired since its
/// process read the file, and what it seals would open for nobody. The rows are held, so that none is retired meanwhile.
pub(super) async fn hold<'k>(conn: &Conn<'_>, keks: impl Iterator<Item = &'k KekId>) -> Result<(), Abort> {
    let local = keks.filter(|kek| kek.provider == KekProvider::Local);
    let needed: BTreeSet<(&str, i32)> = local.map(|kek| (kek.name.as_str(), kek.version)).collect();
    for (name, version) in needed {
        if !find(conn, name, version, Hold::Shared).await? {
            let cause = format!("master key '{name}' version {version} is not known to the database (any more)");
            return Err(Abort::Refused(unavailable(cause)));
        }
    }
    Ok(())
}

/// How a master key's row is held until the transaction ends.
#[derive(Clone, Copy)]
enum Hold {
    /// Others may seal by the key too; nobody retires it.
    Shared,
    Alone,
}

/// Whether the database knows the master key. On SQLite the transaction holds everything anyway.
async fn find(conn: &Conn<'_>, name: &str, version: i32, hold: Hold) -> QueryResult<bool> {
    let row = checks::table.find((KekProvider::Local.as_str(), name, version)).select(checks::kek_version);
    let found: Vec<i32> = match (&conn.wire, hold) {
        (Wire::Postgres(postgres), Hold::Shared) => {
            diesel_async::RunQueryDsl::load(row.for_share(), &mut &**postgres).await?
        }
        (Wire::Postgres(postgres), Hold::Alone) => {
            diesel_async::RunQueryDsl::load(row.for_update(), &mut &**postgres).await?
        }
        (Wire::Sqlite(sqlite), Hold::Shared | Hold::Alone) => RunQueryDsl::load(row, &mut **sqlite.borrow_mut())?,
    };
    Ok(!found.is_empty())
}

fn kek_id((provider, name, version): KekColumns) -> Result<KekId> {
    let provider = KekProvider::parse(&provider).ok_or_else(|| unknown("kek_provider"))?;
    Ok(KekId { provider, name, version })
}
