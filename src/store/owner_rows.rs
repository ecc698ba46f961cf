//! The statement that changes owners' rows: it locks them, makes those that are missing, and tells what they hold then.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::connection::{Conn, Wire};
use super::owners::Space;

/// What a row is changed by.
pub(super) struct OwnerChange<'s> {
    pub(super) space: &'s Space,
    pub(super) key_pairs: i64,
    pub(super) ledger_seq: i64,
    /// The chain's new head; without one it stays.
    pub(super) ledger_head: Option<Vec<u8>>,
}

/// What a row holds.
#[derive(Queryable)]
pub(super) struct OwnerRow {
    pub(super) space: Space,
    pub(super) key_pairs: i64,
    pub(super) ledger_seq: i64,
    pub(super) ledger_head: Option<Vec<u8>>,
}

/// Changes the rows in the order of the changes, which is the order in which they are locked, and gives them in the order of
/// their spaces.
pub(super) async fn change(conn: &Conn<'_>, changes: &[OwnerChange<'_>]) -> QueryResult<Vec<OwnerRow>> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<OwnerRow> = match &conn.wire {
        Wire::Postgres(postgres) => diesel_async::RunQueryDsl::load(Columns::of(changes), &mut &**postgres).await?,
        Wire::Sqlite(sqlite) => {
            let mut sqlite = sqlite.borrow_mut();
            let one = |change| RunQueryDsl::get_result(Row(change), &mut **sqlite);
            changes.iter().map(one).collect::<QueryResult<_>>()?
        }
    };
    // Neither database promises the order of returned rows.
    rows.sort_unstable_by(|one, other| one.space.cmp(&other.space));
    Ok(rows)
}

// Written out, because diesel would have the statement parsed and planned anew each time: it keeps none with `DO UPDATE`
// prepared. PostgreSQL takes all rows at once, as arrays; SQLite, which is called without a way to go, one by one.

const INTO_OWNERS: &str = "INSERT INTO owners (region, owner, key_pairs, ledger_seq, ledger_head) ";
const ON_CONFLICT: &str = " ON CONFLICT (region, owner) DO UPDATE SET \
     key_pairs = owners.key_pairs + excluded.key_pairs, \
     ledger_seq = owners.ledger_seq + excluded.ledger_seq, \
     ledger_head = COALESCE(excluded.ledger_head, owners.ledger_head) \
     RETURNING region, owner, key_pairs, ledger_seq, ledger_head";

type SqlRow = ((Text, Text), BigInt, BigInt, Nullable<Binary>);

/// All changes, for PostgreSQL.
struct Columns<'s> {
    regions: Vec<&'s str>,
    owners: Vec<&'s str>,
    key_pairs: Vec<i64>,
    ledger_seqs: Vec<i64>,
    ledger_heads: Vec<Option<&'s [u8]>>,
}

impl<'s> Columns<'s> {
    fn of(changes: &'s [OwnerChange<'_>]) -> Self {
        Self {
            regions: changes.iter().map(|change| change.space.region.as_str()).collect(),
            owners: changes.iter().map(|change| change.space.owner.as_str()).collect(),
            key_pairs: changes.iter().map(|change| change.key_pairs).collect(),
            ledger_seqs: changes.iter().map(|change| change.ledger_seq).collect(),
            ledger_heads: changes.iter().map(|change| change.ledger_head.as_deref()).collect(),
        }
    }
}

impl QueryId for Columns<'_> {
    type QueryId = Columns<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Columns<'_> {
    type SqlType = SqlRow;
}

impl QueryFragment<Pg> for Columns<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(INTO_OWNERS);
        out.push_sql("SELECT * FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.regions)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.owners)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.key_pairs)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.ledger_seqs)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.ledger_heads)?;
        out.push_sql(")");
        out.push_sql(ON_CONFLICT);
        Ok(())
    }
}

/// One change, for SQLite.
struct Row<'c, 's>(&'c OwnerChange<'s>);

impl QueryId for Row<'_, '_> {
    type QueryId = Row<'static, 'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Row<'_, '_> {
    type SqlType = SqlRow;
}

impl RunQueryDsl<SqliteConnection> for Row<'_, '_> {}

impl QueryFragment<Sqlite> for Row<'_, '_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let OwnerChange { space, key_pairs, ledger_seq, ledger_head } = self.0;
        out.push_sql(INTO_OWNERS);
        out.push_sql("VALUES (");
        out.push_bind_param::<Text, _>(&space.region)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&space.owner)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(key_pairs)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(ledger_seq)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(ledger_head)?;
        out.push_sql(")");
        out.push_sql(ON_CONFLICT);
        Ok(())
    }
}
