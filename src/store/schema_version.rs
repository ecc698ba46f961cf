//! Which schema a database has: the migrations that it has been through.

use std::fmt;

use diesel::prelude::*;
use diesel::table;
use tracing::instrument;

use super::Store;
use super::readers::read;
use crate::domain::Result;

table! {
    /// Kept by diesel, one row for each migration.
    #[sql_name = "__diesel_schema_migrations"]
    applied_migrations (version) {
        version -> Text,
    }
}

/// The number of a migration, such as `0007`. Those of one program are as long, and follow each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion(String);

impl SchemaVersion {
    pub(super) const fn new(number: String) -> Self {
        Self(number)
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What opening a database made of its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The newest migration that the database had before; none in a new one.
    pub found: Option<SchemaVersion>,
    /// All that it has since, which are those that this program knows, in order.
    pub(super) known: Vec<SchemaVersion>,
}

impl Migrated {
    /// The newest migration.
    pub fn now(&self) -> Option<&SchemaVersion> {
        self.known.last()
    }
}

/// Whether the schema is still the program's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaFit {
    Known,
    /// Another process has brought the database to a schema that this program does not know.
    Newer(SchemaVersion),
}

impl Store {
    /// What opening the database made of its schema.
    pub fn migrated(&self) -> &Migrated {
        &self.0.migrated
    }

    /// Compares the schema that the database has by now with the program's.
    #[instrument(skip_all, level = "debug")]
    pub async fn schema_fit(&self) -> Result<SchemaFit> {
        let applied: Vec<String> = read!(self, load, applied_migrations::table.select(applied_migrations::version))?;
        let mut unknown = applied.into_iter().map(SchemaVersion).filter(|it| !self.migrated().known.contains(it));
        Ok(unknown.next().map_or(SchemaFit::Known, SchemaFit::Newer))
    }
}
