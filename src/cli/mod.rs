//! The command line: what is asked for, with which settings, and how it ended.

mod arguments;
mod audit;
mod completion;
mod config;
mod doctor;
mod health;
mod identity;
mod keypair;
mod man;
mod master_key;
mod migrate;
mod openapi;
mod output;
mod process;
mod progress;
mod reload;
mod serve;
mod signals;
mod vault;

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::arguments::SettingsArguments;
use crate::settings::Problems;

const EXAMPLES: &str = "\
Examples:
  keypaird serve
      Start on the built-in settings: SQLite in ./data, the API on 127.0.0.1:8774.
  keypaird serve --config /etc/keypaird/keypaird.toml --set log.format=json
      Start on a file's settings, and one of them changed.
  keypaird config show --output table
      Show every setting that holds, and where it came from.
  keypaird user create alice
      Make a user, with a password that is shown this once.
  keypaird keypair create --os-cloud keypaird --private-key web.pem web
      Have a running service make a key pair.

Exit status:
  0  done
  1  it failed; stderr says why
  2  the command line, a setting or a file that was named is wrong; stderr says which";

/// An SSH key pair service that OpenStack, Huawei Cloud and Alibaba Cloud clients talk to unmodified.
#[derive(Parser)]
#[command(name = "keypaird", version, after_help = EXAMPLES, propagate_version = false, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Migrate(migrate::Arguments),
    Health(health::Arguments),
    Doctor(doctor::Arguments),
    #[command(name = "openapi")]
    OpenApi(openapi::Arguments),
    /// Look at the settings.
    #[command(subcommand)]
    Config(config::Command),
    /// Make and change the file with the master keys that kept private keys are sealed with.
    #[command(subcommand)]
    MasterKey(master_key::Command),
    /// Look at the ledger of private keys, and check that nobody has changed it.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Make, list, fetch and delete key pairs of a service, wherever it runs.
    #[command(subcommand)]
    Keypair(keypair::Command),
    #[command(flatten)]
    Vault(vault::Command),
    #[command(flatten)]
    Identity(identity::Command),
    Completion(completion::Arguments),
    Man(man::Arguments),
}

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Settings(#[from] Problems),
    /// What was given cannot be used: an argument, a file, a variable.
    #[error(transparent)]
    Unusable(Box<dyn Error + Send + Sync>),
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    fn unusable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unusable(error.into())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) | Self::Unusable(_) => ExitCode::from(2),
            Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

/// Does what the process's arguments and environment say. Everything that fails is a line on stderr.
pub fn run() -> ExitCode {
    process::forbid_core_dumps();
    match execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.to_string());
            failure.exit_code()
        }
    }
}

/// All commands with their flags.
fn grammar() -> clap::Command {
    arguments::at_each_level(CommandLine::command())
}

fn execute() -> Result<(), Failure> {
    let mut grammar = grammar();
    let matches = grammar.get_matches_mut();
    let parsed =
        CommandLine::from_arg_matches(&matches).and_then(|line| Ok((line, SettingsArguments::read(&matches)?)));
    let (CommandLine { command }, settings) = parsed.unwrap_or_else(|error| error.format(&mut grammar).exit());
    match command {
        Command::Serve(arguments) => serve::run(arguments, settings),
        Command::Migrate(arguments) => migrate::run(arguments, &settings),
        Command::Health(arguments) => health::run(arguments, &settings),
        Command::Doctor(arguments) => doctor::run(&arguments, &settings),
        Command::OpenApi(arguments) => openapi::run(arguments),
        Command::Config(command) => config::run(&command, settings),
        Command::MasterKey(command) => master_key::run(command, settings),
        Command::Audit(command) => audit::run(command, settings),
        Command::Keypair(command) => keypair::run(command),
        Command::Vault(command) => vault::run(command, settings),
        Command::Identity(command) => identity::run(command, settings),
        Command::Completion(arguments) => completion::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}
