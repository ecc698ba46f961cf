//! Which schema a database has: the migrations that it has been through, and which versions of the program may serve on it.

use std::fmt;

use diesel::prelude::*;
use diesel::table;
use tracing::instrument;

use super::Store;
use super::readers::read;
use super::schema::schema_compatibility;
use crate::domain::Result;

table! {
    /// Kept by diesel, one row for each migration.
    #[sql_name = "__diesel_schema_migrations"]
    applied_migrations (version) {
        version -> Text,
    }
}

/// The number of a migration, such as `0007`. All are as long, so that they compare as numbers do.
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
    /// The newest that it has since: this program's newest, or one of a newer program that lets this one serve.
    pub now: Option<SchemaVersion>,
    /// Those that this program knows, in order.
    pub(super) known: Vec<SchemaVersion>,
}

/// Whether the program may serve on the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaFit {
    /// It is the program's own.
    Known,
    /// A newer version has migrated the database, and says that this one may go on serving beside it.
    Compatible(SchemaVersion),
    /// A newer version has migrated the database to a schema that this program must not serve on.
    Newer(SchemaVersion),
}

/// A row of `schema_compatibility`: a migration, and the oldest one whose programs may serve on it.
pub(super) type Mark = (String, String);

/// The migrations of the database that the program does not know.
pub(super) fn unknown(known: &[SchemaVersion], applied: Vec<String>) -> Vec<SchemaVersion> {
    applied.into_iter().map(SchemaVersion).filter(|it| !known.contains(it)).collect()
}

impl SchemaFit {
    /// One migration that does not let the program serve is enough; one without a mark does not.
    pub(super) fn of(known: &[SchemaVersion], unknown: Vec<SchemaVersion>, marks: &[Mark]) -> Self {
        let newest = known.iter().max();
        let lets_serve = |it: &SchemaVersion| {
            let mark = marks.iter().find(|(migration, _)| *migration == it.0);
            mark.is_some_and(|(_, oldest)| newest.is_some_and(|newest| *oldest <= newest.0))
        };
        match unknown.iter().find(|it| !lets_serve(it)) {
            Some(refusing) => Self::Newer(refusing.clone()),
            None => unknown.into_iter().max().map_or(Self::Known, Self::Compatible),
        }
    }
}

impl Store {
    /// What opening the database made of its schema.
    pub fn migrated(&self) -> &Migrated {
        &self.0.migrated
    }

    /// Compares the schema that the database has by now with the program's.
    #[instrument(skip_all, level = "debug")]
    pub async fn schema_fit(&self) -> Result<SchemaFit> {
        let known = &self.migrated().known;
        let applied: Vec<String> = read!(self, load, applied_migrations::table.select(applied_migrations::version))?;
        let unknown = unknown(known, applied);
        if unknown.is_empty() {
            return Ok(SchemaFit::Known);
        }
        let marks: Vec<Mark> = read!(self, load, schema_compatibility::table)?;
        Ok(SchemaFit::of(known, unknown, &marks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(numbers: &[&str]) -> Vec<SchemaVersion> {
        numbers.iter().map(|&number| SchemaVersion::new(number.to_owned())).collect()
    }

    #[test]
    fn a_program_serves_on_a_newer_schema_if_every_migration_that_it_does_not_know_lets_it() {
        /// The unknown migrations, what the database says of migrations, and what follows.
        type Case<'c> = (&'c [&'c str], &'c [(&'c str, &'c str)], SchemaFit);
        let version = |number: &str| SchemaVersion::new(number.to_owned());
        let cases: [Case<'_>; 7] = [
            (&[], &[("0008", "0008")], SchemaFit::Known),
            (&["0009"], &[("0009", "0008")], SchemaFit::Compatible(version("0009"))),
            (&["0009"], &[("0009", "0007")], SchemaFit::Compatible(version("0009"))),
            (&["0009"], &[("0009", "0009")], SchemaFit::Newer(version("0009"))),
            (&["0009"], &[("0008", "0008")], SchemaFit::Newer(version("0009"))),
            (&["0009", "0010"], &[("0009", "0008"), ("0010", "0008")], SchemaFit::Compatible(version("0010"))),
            (&["0009", "0010"], &[("0009", "0008"), ("0010", "0009")], SchemaFit::Newer(version("0010"))),
        ];
        for (unknown, marks, expected) in cases {
            let marks: Vec<Mark> = marks.iter().map(|&(it, from)| (it.to_owned(), from.to_owned())).collect();
            let fit = SchemaFit::of(&versions(&["0007", "0008"]), versions(unknown), &marks);
            assert_eq!(fit, expected, "{unknown:?} {marks:?}");
        }
    }
}
