//! A look at a database that changes nothing in it: not its schema, and not a file that is not there yet.

use diesel::dsl::{select, sql};
use diesel::result::Error as DatabaseError;
use diesel::sql_types::BigInt;
use diesel::{QueryDsl, QueryResult};

use super::Store;
use super::connection::{Conn, Link, Wire, run, unavailable};
use super::migrations;
use super::schema_version::{SchemaVersion, applied_migrations};
use super::url::{self, Location};
use crate::domain::{Error, Result, Timestamp};

/// What was seen.
#[derive(Debug)]
pub struct Survey {
    pub schema: Schema,
    /// What a PostgreSQL takes for the time.
    pub clock: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Schema {
    /// There is none: the first start makes it.
    None,
    /// The next start brings it from the one to the other.
    Older {
        found: SchemaVersion,
        wanted: SchemaVersion,
    },
    Known,
    /// A newer version has migrated it: this one does not start.
    Newer(SchemaVersion),
}

impl Store {
    /// Connects, looks, and goes.
    pub async fn survey(url: &str) -> Result<Survey> {
        let location = url::parse(url)?;
        if let Location::Sqlite(path) = &location
            && !path.exists()
        {
            return Ok(Survey { schema: Schema::None, clock: None });
        }
        let mut link = Link::open(&location).await.map_err(unavailable)?;
        let numbers = migrations::known(&location)?;
        let conn = link.conn();
        let schema = match applied(&conn).await.map_err(Error::internal)? {
            Some(applied) => fit(applied, &numbers),
            None => Schema::None,
        };
        Ok(Survey { schema, clock: clock(&conn).await.map_err(Error::internal)? })
    }
}

/// The migrations that it has been through; none where it has not been through the first.
async fn applied(conn: &Conn<'_>) -> QueryResult<Option<Vec<SchemaVersion>>> {
    let applied: QueryResult<Vec<String>> =
        run!(conn, load, applied_migrations::table.select(applied_migrations::version));
    match applied {
        Ok(applied) => Ok(Some(applied.into_iter().map(SchemaVersion::new).collect())),
        Err(DatabaseError::DatabaseError(_, told)) if told.message().contains("__diesel_schema_migrations") => Ok(None),
        Err(error) => Err(error),
    }
}

fn fit(applied: Vec<SchemaVersion>, known: &[SchemaVersion]) -> Schema {
    if let Some(unknown) = applied.iter().find(|applied| !known.contains(applied)) {
        return Schema::Newer(unknown.clone());
    }
    match (applied.into_iter().max(), known.last()) {
        (Some(found), Some(wanted)) if found < *wanted => Schema::Older { found, wanted: wanted.clone() },
        (Some(_), _) => Schema::Known,
        (None, _) => Schema::None,
    }
}

async fn clock(conn: &Conn<'_>) -> QueryResult<Option<Timestamp>> {
    match &conn.wire {
        Wire::Sqlite(_) => Ok(None),
        Wire::Postgres(_) => {
            let now = select(sql::<BigInt>("(extract(epoch from clock_timestamp()) * 1000000)::int8"));
            let now: i64 = run!(conn, get_result, now)?;
            Ok(Some(Timestamp::from_micros(now)))
        }
    }
}
