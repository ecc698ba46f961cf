//! `keypaird master-key create`

use std::path::PathBuf;

use clap::Subcommand;

use super::{Failure, output};
use crate::vault::MasterKeys;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Write a new master key file, for vault.master_key_file.
    ///
    /// The file gets mode 0600; one that is there already is left alone. Give the same file to every replica and keep a
    /// copy elsewhere: without it no kept private key can be opened.
    Create {
        /// The file to make, such as /etc/keypaird/master.key
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Create { file } => {
            MasterKeys::create(file).map_err(Failure::other)?;
            output::print(&format!("{} holds a new master key; keep a copy of it elsewhere\n", file.display()))
        }
    }
}
