//! A look at a database that changes nothing in it: not its schema, and not a file that is not there yet.

use diesel::dsl::{select, sql};
use diesel::result::Error as DatabaseError;
use diesel::sql_types::BigInt;
use diesel::{QueryDsl, QueryResult};

use super::connection::{Conn, Link, Wire, run, unavailable};
use super::migrations;
use super::schema::schema_compatibility;
use super::schema_version::{Mark, SchemaFit, SchemaVersion, applied_migrations, unknown};
use super::url::{self, Location};
use super::{Access, Store};
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
    /// A newer version has migrated it, and lets this one serve beside it.
    Compatible(SchemaVersion),
    /// A newer version has migrated it: this one does not start.
    Newer(SchemaVersion),
}

impl Store {
    /// Connects, looks, and goes.
    pub async fn survey(access: &Access) -> Result<Survey> {
        let location = url::parse(&access.url, access.pooler)?;
        if let Location::Sqlite(path) = &location
            && !path.exists()
        {
            return Ok(Survey { schema: Schema::None, clock: None });
        }
        let mut link = Link::open(&location).await.map_err(unavailable)?;
        let numbers = migrations::known(&location)?;
        let conn = link.conn();
        let schema = match applied(&conn).await.map_err(Error::internal)? {
            Some(applied) => fit(&conn, applied, &numbers).await.map_err(Error::internal)?,
            None => Schema::None,
        };
        Ok(Survey { schema, clock: clock(&conn).await.map_err(Error::internal)? })
    }
}

/// The numbers of the migrations that it has been through; none where it has not been through the first.
async fn applied(conn: &Conn<'_>) -> QueryResult<Option<Vec<String>>> {
    let applied = run!(conn, load, applied_migrations::table.select(applied_migrations::version));
    match applied {
        Ok(applied) => Ok(Some(applied)),
        Err(DatabaseError::DatabaseError(_, told)) if told.message().contains("__diesel_schema_migrations") => Ok(None),
        Err(error) => Err(error),
    }
}

async fn fit(conn: &Conn<'_>, applied: Vec<String>, known: &[SchemaVersion]) -> QueryResult<Schema> {
    let Some(found) = applied.iter().max().cloned().map(SchemaVersion::new) else { return Ok(Schema::None) };
    let unknown = unknown(known, applied);
    if unknown.is_empty() {
        let wanted = known.iter().max().filter(|wanted| found < **wanted).cloned();
        return Ok(wanted.map_or(Schema::Known, |wanted| Schema::Older { found, wanted }));
    }
    let marks: Vec<Mark> = run!(conn, load, schema_compatibility::table)?;
    Ok(match SchemaFit::of(known, unknown, &marks) {
        SchemaFit::Known => Schema::Known,
        SchemaFit::Compatible(migration) => Schema::Compatible(migration),
        SchemaFit::Newer(migration) => Schema::Newer(migration),
    })
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
