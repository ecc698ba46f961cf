//! The arguments that say which settings a command runs on.

use std::iter::successors;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, FromArgMatches};

use crate::settings::{Flag, Loaded, Problem, Problems, Purpose, Sources, load_for};

/// Where settings are looked for without `--config`.
const DIRECTORY: &str = "config";

#[derive(Args, Default)]
#[command(next_help_heading = "Settings")]
pub(super) struct SettingsArguments {
    /// Read settings from this TOML file; may be repeated
    ///
    /// A later file wins over an earlier one. Without this flag every *.toml of the directory `config` below the working
    /// directory is read, in lexical order, where there are any.
    #[arg(long, value_name = "FILE", env = "KEYPAIRD_CONFIG")]
    config: Vec<PathBuf>,
    /// Change one setting, such as log.level=debug; may be repeated
    ///
    /// This wins over files and over variables such as KEYPAIRD__LOG__LEVEL. It is not for passwords: the arguments of a
    /// process are visible to every user of the machine.
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
    /// Where the service keeps its own files; short for --set data.dir=DIR
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

/// The commands that know no settings.
const WITHOUT: [&str; 3] = ["completion", "keypair", "man"];

/// Lets these flags stand before and behind each command's name. clap's own global arguments do not add up: one behind
/// the name would make it forget all those before.
pub(super) fn at_each_level(command: clap::Command) -> clap::Command {
    let is_without = |command: &clap::Command| WITHOUT.contains(&command.get_name());
    SettingsArguments::augment_args(command)
        .mut_subcommands(|below| if is_without(&below) { below } else { at_each_level(below) })
}

impl SettingsArguments {
    /// What was given at all levels together.
    pub(super) fn read(line: &ArgMatches) -> Result<Self, clap::Error> {
        let levels = successors(Some(line), |&level| below(level));
        let mut all = Self::default();
        let mut by_variable = Vec::new();
        for level in levels {
            let Self { config, set, data_dir } = Self::from_arg_matches(level)?;
            // Each level sees the variable where it has no flag itself.
            match level.value_source("config") {
                Some(ValueSource::EnvVariable) => by_variable = config,
                _ => all.config.extend(config),
            }
            all.set.extend(set);
            all.data_dir = data_dir.or(all.data_dir);
        }
        if all.config.is_empty() {
            all.config = by_variable;
        }
        Ok(all)
    }

    /// Loads the settings from all layers; `named` are flags of the command itself.
    pub(super) fn load(&self, named: Vec<Flag>) -> Result<Loaded, Problems> {
        self.load_for(Purpose::Service, named)
    }

    /// The same, where not all settings need to fit.
    pub(super) fn load_for(&self, purpose: Purpose, named: Vec<Flag>) -> Result<Loaded, Problems> {
        let Self { config, set, data_dir } = self;
        let mut flags = set.iter().map(|given| assignment(given)).collect::<Result<Vec<_>, _>>()?;
        flags.extend(flag("--data-dir", "data.dir", data_dir.clone()));
        flags.extend(named);
        let files = Sources::files(config.clone(), Path::new(DIRECTORY))?;
        load_for(purpose, &Sources { files, environment: std::env::vars_os().collect(), flags })
    }
}

/// What stands behind a command's name, where that knows settings.
fn below(level: &ArgMatches) -> Option<&ArgMatches> {
    level.subcommand().filter(|(name, _)| !WITHOUT.contains(name)).map(|(_, below)| below)
}

/// A flag of its own, where it was given.
pub(super) fn flag(written: &str, key: &str, value: Option<String>) -> Option<Flag> {
    value.map(|value| Flag { key: key.to_owned(), value, written: written.to_owned() })
}

fn assignment(given: &str) -> Result<Flag, Problem> {
    match given.split_once('=') {
        Some((key, value)) => {
            let key = key.trim().to_owned();
            Ok(Flag { written: format!("--set {key}"), key, value: value.to_owned() })
        }
        None => Err(Problem::NotAnAssignment { given: given.to_owned() }),
    }
}
