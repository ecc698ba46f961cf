//! Brings a database to this version's schema, whichever of several processes comes first.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::dsl::{select, sql};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use uuid::Uuid;

use super::connection::{Link, PostgresLink, in_one_line};
use super::schema::{instance, schema_compatibility};
use super::schema_version::{Mark, Migrated, SchemaFit, SchemaVersion, applied_migrations, unknown};
use super::url::Location;
use crate::domain::{Error, InstanceId, Result, Source, Timestamp};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgresql");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Keyed by schema, so that installations in schemas of one database don't wait for each other. Until the transaction ends,
/// statements may take as long as they need: the wait for another process's migration, and what a migration does to a large
/// table.
const LOCK: &str = "SET LOCAL statement_timeout = 0; \
    SELECT pg_advisory_xact_lock(hashtext('keypaird'), hashtext(coalesce(current_schema(), '')))";

/// What is done about migrations that a database lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    Run,
    Refuse,
}

/// Why a database is not used.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(
        "its schema has the migration {0} of a newer version, which does not let this one serve: run the newer version that \
         made it"
    )]
    Newer(SchemaVersion),
    #[error(
        "its schema lacks the migration {0}, which that of database.migration_url has: both must be the same database"
    )]
    Lacks(SchemaVersion),
    #[error(
        "its user may not change the schema ({0}), which has to be done for this version: run `keypaird migrate` with a \
         database.migration_url whose user may"
    )]
    NotAllowed(String),
}

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

/// Runs what a database lacks of the program's migrations, and nothing else: where it lacks none, reading them is enough, which
/// a user without rights on the schema may.
macro_rules! migrate_on {
    ($conn:expr, $database:ty, $embedded:expr, $has_migrations:literal, $pending:expr) => {{
        let known = numbers::<$database>(&$embedded)?;
        let has_migrations: bool = select(sql::<Bool>($has_migrations)).get_result($conn)?;
        let applied: Vec<String> = if has_migrations {
            applied_migrations::table.select(applied_migrations::version).load($conn)?
        } else {
            Vec::new()
        };
        let lacked = known.iter().find(|known| !applied.contains(&known.to_string())).cloned();
        let found = applied.iter().max().cloned().map(SchemaVersion::new);
        let unknown = unknown(&known, applied);
        let marks: Vec<Mark> = if unknown.is_empty() { Vec::new() } else { schema_compatibility::table.load($conn)? };
        if let SchemaFit::Newer(migration) = SchemaFit::of(&known, unknown, &marks) {
            return Err(Unfit::Newer(migration).into());
        }
        match (lacked, $pending) {
            (None, _) => {}
            (Some(lacked), Pending::Refuse) => return Err(Unfit::Lacks(lacked).into()),
            (Some(_), Pending::Run) => drop($conn.run_pending_migrations($embedded).map_err(not_allowed)?),
        }
        let now = known.last().cloned().max(found.clone());
        (Migrated { found, now, known }, instance_id!($conn)?)
    }};
}

/// A database that has this program's schema, or one that lets it serve.
pub(super) struct Opened {
    pub(super) link: Link,
    pub(super) instance: InstanceId,
    pub(super) migrated: Migrated,
}

/// Locks, migrates, and reads the instance's id, which the first process makes: one transaction. Needs a thread that may
/// block.
pub(super) fn migrate(link: Link, pending: Pending) -> Result<Opened> {
    match link {
        Link::Postgres(link) => {
            let PostgresLink { connection, closed, begin } = *link;
            let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
            let done = conn.transaction(|conn| {
                conn.batch_execute(LOCK)?;
                Ok(migrate_on!(conn, Pg, POSTGRES, "to_regclass('__diesel_schema_migrations') IS NOT NULL", pending))
            });
            let (migrated, instance) = done.map_err(explain)?;
            let link = Link::Postgres(Box::new(PostgresLink { connection: conn.into_inner(), closed, begin }));
            Ok(Opened { link, instance, migrated })
        }
        Link::Sqlite(mut conn) => {
            let done = conn.immediate_transaction(|conn| {
                Ok(migrate_on!(
                    conn,
                    Sqlite,
                    SQLITE,
                    "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')",
                    pending
                ))
            });
            let (migrated, instance) = done.map_err(explain)?;
            Ok(Opened { link: Link::Sqlite(conn), instance, migrated })
        }
    }
}

fn explain(cause: Source) -> Error {
    match cause.downcast_ref::<Unfit>() {
        Some(unfit) => Error::Invalid { field: "database.url", reason: unfit.to_string() },
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
    let mut numbers: Vec<_> =
        migrations.iter().map(|migration| SchemaVersion::new(migration.name().version().to_string())).collect();
    numbers.sort();
    Ok(numbers)
}

/// PostgreSQL's words for a statement that the user has no right to (42501), of which diesel makes no kind.
fn not_allowed(cause: Source) -> Source {
    let told = in_one_line(&*cause);
    let is_denied = ["permission denied", "must be owner"].iter().any(|words| told.contains(words));
    if is_denied { Unfit::NotAllowed(told).into() } else { cause }
}
