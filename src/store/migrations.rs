//! Brings a database to this version's schema, whichever of several processes comes first.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use uuid::Uuid;

use super::connection::{Link, PostgresLink};
use super::schema::instance;
use crate::domain::{Error, InstanceId, Result, Source, Timestamp};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgresql");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Keyed by schema, so that installations in schemas of one database don't wait for each other. The wait for another
/// process's migration may take longer than a statement otherwise may.
const LOCK: &str = "SET LOCAL statement_timeout = 0; \
    SELECT pg_advisory_xact_lock(hashtext('keypaird'), hashtext(coalesce(current_schema(), '')))";

/// The database knows a migration that this version doesn't.
#[derive(Debug, thiserror::Error)]
#[error("its schema has the migration {0}, which this version does not know: run the newer version that made it")]
struct Newer(String);

/// The id of the instance; made here where there is none yet.
macro_rules! instance_id {
    ($conn:expr) => {{
        let known: Option<Vec<u8>> = instance::table.select(instance::id).first($conn).optional()?;
        match known {
            Some(id) => Ok(InstanceId::from_uuid(Uuid::from_slice(&id)?)),
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

/// Locks, migrates, and reads the instance's id, which the first process makes: one transaction. Needs a thread that may
/// block.
pub(super) fn migrate(link: Link) -> Result<(Link, InstanceId)> {
    match link {
        Link::Postgres(link) => {
            let PostgresLink { connection, closed } = *link;
            let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
            let instance = conn.transaction(|conn| {
                conn.batch_execute(LOCK)?;
                run_pending(conn, POSTGRES)?;
                instance_id!(conn)
            });
            Ok((
                Link::Postgres(Box::new(PostgresLink { connection: conn.into_inner(), closed })),
                instance.map_err(explain)?,
            ))
        }
        Link::Sqlite(mut conn) => {
            let instance = conn.immediate_transaction(|conn| {
                run_pending(conn, SQLITE)?;
                instance_id!(conn)
            });
            Ok((Link::Sqlite(conn), instance.map_err(explain)?))
        }
    }
}

fn explain(cause: Source) -> Error {
    match cause.downcast_ref::<Newer>() {
        Some(newer) => Error::Invalid { field: "database.url", reason: newer.to_string() },
        None => Error::internal(cause),
    }
}

fn run_pending<DB: Backend>(conn: &mut impl MigrationHarness<DB>, known: EmbeddedMigrations) -> Result<(), Source> {
    let versions: Vec<_> = MigrationSource::<DB>::migrations(&known)?;
    for applied in conn.applied_migrations()? {
        if !versions.iter().any(|migration| migration.name().version() == applied) {
            return Err(Newer(applied.to_string()).into());
        }
    }
    conn.run_pending_migrations(known)?;
    Ok(())
}
