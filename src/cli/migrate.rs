//! `keypaird migrate`

use tokio::runtime::Runtime;

use super::arguments::SettingsArguments;
use super::{Failure, output};
use crate::app;
use crate::settings::Purpose;
use crate::store::{Migrated, SchemaVersion};

const EXAMPLES: &str = "\
Of the settings only those of the database matter: neither master keys nor an identity are needed. Several that run at once,
or beside services that start, wait for each other.

Examples:
  keypaird migrate --config /etc/keypaird/keypaird.toml
  KEYPAIRD__DATABASE__URL=postgres://keypaird@db/keypaird keypaird migrate";

/// Bring the database to this version's schema, as `serve` does at its start, and end.
///
/// By database.migration_url where that is set. Prints the schema that it had and the one that it has now. Services of the
/// version before go on serving if the migrations let them, which the changelog says; a database that a newer version has
/// migrated is left as it is, or refused. Back it up first.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {}

pub(super) fn run(Arguments {}: Arguments, settings: &SettingsArguments) -> Result<(), Failure> {
    let settings = settings.load_for(Purpose::Database, Vec::new())?.settings;
    let runtime = Runtime::new().map_err(Failure::other)?;
    let store = runtime.block_on(app::migrate(&settings)).map_err(Failure::other)?;
    output::print(&told(store.migrated()))
}

fn told(migrated: &Migrated) -> String {
    let number = |version: Option<&SchemaVersion>| version.map_or_else(|| "none".to_owned(), ToString::to_string);
    format!("schema found: {}\nschema now: {}\n", number(migrated.found.as_ref()), number(migrated.now.as_ref()))
}
