//! Brings a database to this version's schema, whichever of several processes comes first.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use uuid::Uuid;

use super::connection::{Link, PostgresLink};
use super::schema::instance;
use super::schema_version::{Migrated, SchemaVersion};
use super::url::Location;
use crate::domain::{Error, InstanceId, Result, Source, Timestamp};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgresql");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Keyed by schema, so that installations in schemas of one database don't wait for each other. Until the transaction ends,
/// statements may take as long as they need: the wait for another process's migration, and what a migration does to a large
/// table.
const LOCK: &str = "SET LOCAL statement_timeout = 0; \
    SELECT pg_advisory_xact_lock(hashtext('keypaird'), hashtext(coalesce(current_schema(), '')))";

/// The database knows a migration that this version doesn't.
#[derive(Debug, thiserror::Error)]
#[error("its schema has the migration {0}, which this version does not know: run the newer version that made it")]
struct Newer(SchemaVersion);

/// The id of the instance; made here where there is none yet.
macro_rules! instance_id {
    ($conn:expr) => {{
        let known: Option<Vec<u8>> = instance::table.select(instance::id).first($conn).optional()?;
        match known {
            Some(id) => Ok::<_, Source>(InstanceId::from_uuid(Uuid::from_slice(&id)?)),
            None => {
                let id = Uuid::new_v4();
                let row =
                    (instance::id.eq(id.as_bytes().as_slice()), instance::created_at.eq(Timestamp::now().as_micros()));
                diesel::insert_into(instance::table).values(row).execute($conn)?;
                Ok(InstanceId::from_uuid(id))
            }
        }
    }};
}

/// A database that has this program's schema.
pub(super) struct Opened {
    pub(super) link: Link,
    pub(super) instance: InstanceId,
    pub(super) migrated: Migrated,
}

/// Locks, migrates, and reads the instance's id, which the first process makes: one transaction. Needs a thread that may
/// block.
pub(super) fn migrate(link: Link) -> Result<Opened> {
    match link {
        Link::Postgres(link) => {
            let PostgresLink { connection, closed } = *link;
            let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
            let done = conn.transaction(|conn| {
                conn.batch_execute(LOCK)?;
                Ok((run_pending(conn, POSTGRES)?, instance_id!(conn)?))
            });
            let (migrated, instance) = done.map_err(explain)?;
            let link = Link::Postgres(Box::new(PostgresLink { connection: conn.into_inner(), closed }));
            Ok(Opened { link, instance, migrated })
        }
        Link::Sqlite(mut conn) => {
            let done = conn.immediate_transaction(|conn| Ok((run_pending(conn, SQLITE)?, instance_id!(conn)?)));
            let (migrated, instance) = done.map_err(explain)?;
            Ok(Opened { link: Link::Sqlite(conn), instance, migrated })
        }
    }
}

fn explain(cause: Source) -> Error {
    match cause.downcast_ref::<Newer>() {
        Some(newer) => Error::Invalid { field: "database.url", reason: newer.to_string() },
        None => Error::internal(cause),
    }
}

/// The numbers of all migrations that this program knows for such a database, in order.
pub(super) fn known(location: &Location) -> Result<Vec<SchemaVersion>> {
    match location {
        Location::Postgres(_) => numbers::<Pg>(&POSTGRES),
        Location::Sqlite(_) => numbers::<Sqlite>(&SQLITE),
    }
    .map_err(Error::internal)
}

fn numbers<DB: Backend>(embedded: &EmbeddedMigrations) -> Result<Vec<SchemaVersion>, Source> {
    let migrations: Vec<_> = MigrationSource::<DB>::migrations(embedded)?;
    let number = |migration: &Box<dyn Migration<DB>>| SchemaVersion::new(migration.name().version().to_string());
    let mut numbers: Vec<_> = migrations.iter().map(number).collect();
    numbers.sort();
    Ok(numbers)
}

fn run_pending<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    embedded: EmbeddedMigrations,
) -> Result<Migrated, Source> {
    let known = numbers::<DB>(&embedded)?;
    let version = |number: &dyn ToString| SchemaVersion::new(number.to_string());
    let applied: Vec<_> = conn.applied_migrations()?.iter().map(|number| version(number)).collect();
    if let Some(unknown) = applied.iter().find(|applied| !known.contains(applied)) {
        return Err(Newer(unknown.clone()).into());
    }
    conn.run_pending_migrations(embedded)?;
    Ok(Migrated { found: applied.into_iter().max(), known })
}
