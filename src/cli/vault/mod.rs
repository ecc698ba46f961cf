//! `keypaird vault status`, `rewrap`, `reseal` and `verify`: the operator's jobs on kept private keys. They work beside a
//! running service.

mod failures;
mod reseal;
mod rewrap;
mod status;
mod verify;

use clap::Subcommand;
use tokio::runtime::Runtime;

use self::reseal::ResealCommand;
use self::rewrap::RewrapCommand;
use self::status::StatusCommand;
use self::verify::VerifyCommand;
use super::arguments::SettingsArguments;
use super::{Failure, process};
use crate::app;
use crate::service::{KeptKeys, Pace};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Look at what protects the kept private keys.
    #[command(subcommand)]
    Vault(VaultCommand),
    Rewrap(RewrapCommand),
    Reseal(ResealCommand),
    Verify(VerifyCommand),
}

#[derive(Subcommand)]
pub(super) enum VaultCommand {
    Status(StatusCommand),
}

/// How fast a job goes.
#[derive(clap::Args)]
struct PaceArgument {
    /// At most so many rows a second, to spare the database and the KMS [default: as fast as possible]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
}

impl PaceArgument {
    fn pace(&self) -> Pace {
        self.rate.map_or(Pace::AsFastAsPossible, Pace::RowsPerSecond)
    }
}

pub(super) fn run(command: Command, settings: SettingsArguments) -> Result<(), Failure> {
    let settings = settings.load(Vec::new())?.settings;
    let runtime = Runtime::new().map_err(Failure::other)?;
    runtime.block_on(async {
        let kept = app::open_kept_keys(&settings, process::operator()).await.map_err(Failure::other)?;
        match command {
            Command::Vault(VaultCommand::Status(command)) => command.run(&kept).await,
            Command::Rewrap(command) => command.run(&kept).await,
            Command::Reseal(command) => command.run(&kept).await,
            Command::Verify(command) => command.run(&kept).await,
        }
    })
}

/// How many rows there are to look at: what a progress bar is long.
async fn rows(kept: &KeptKeys) -> Result<u64, Failure> {
    kept.count().await.map_err(failed)
}

fn failed(error: crate::domain::Error) -> Failure {
    Failure::other(error.with_cause())
}
