//! `keypaird audit`: the release ledger, read straight from the database. Works beside a running service.

mod checkpoint;
mod list;
mod verify;

use clap::Subcommand;
use tokio::runtime::Runtime;

use self::checkpoint::CheckpointCommand;
use self::list::ListCommand;
use self::verify::VerifyCommand;
use super::Failure;
use super::arguments::SettingsArguments;
use crate::app;
use crate::domain::Error;

#[derive(Subcommand)]
pub(super) enum Command {
    List(ListCommand),
    Verify(VerifyCommand),
    Checkpoint(CheckpointCommand),
}

pub(super) fn run(command: Command, settings: SettingsArguments) -> Result<(), Failure> {
    let settings = settings.load(Vec::new())?.settings;
    let runtime = Runtime::new().map_err(Failure::other)?;
    runtime.block_on(async {
        let audit = app::open_audit(&settings).await.map_err(Failure::other)?;
        match command {
            Command::List(command) => command.run(&audit).await,
            Command::Verify(command) => command.run(&audit).await,
            Command::Checkpoint(command) => command.run(&audit).await,
        }
    })
}

fn failed(error: Error) -> Failure {
    Failure::other(error.with_cause())
}
