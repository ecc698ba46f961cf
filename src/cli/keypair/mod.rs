//! `keypaird keypair`: key pairs of a service that is logged in to, as `openstack keypair` has them.

mod create;
mod delete;
mod export;
mod import;
mod list;
mod login;
pub(super) mod output;
mod private_key;
mod show;

use clap::Subcommand;
use tokio::runtime::Builder;

use self::create::CreateCommand;
use self::delete::DeleteCommand;
use self::export::ExportCommand;
use self::import::ImportCommand;
use self::list::ListCommand;
use self::show::ShowCommand;
use super::Failure;
use crate::client::Session;
use crate::domain::{Error, KeyKind, KeyPairName};
use crate::ssh::{Algorithm, PrivateKeyFormat};

#[derive(Subcommand)]
pub(super) enum Command {
    Create(CreateCommand),
    Import(ImportCommand),
    List(ListCommand),
    Show(ShowCommand),
    Export(ExportCommand),
    Delete(DeleteCommand),
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::other)?;
    runtime.block_on(async {
        match command {
            Command::Create(command) => command.run().await,
            Command::Import(command) => command.run().await,
            Command::List(command) => command.run().await,
            Command::Show(command) => command.run().await,
            Command::Export(command) => command.run().await,
            Command::Delete(command) => command.run().await,
        }
    })
}

/// Whose key pairs.
#[derive(clap::Args)]
struct UserArgument {
    /// Of this user instead of yourself; name or id, for administrators
    #[arg(long, value_name = "USER")]
    user: Option<String>,
}

impl UserArgument {
    /// The user's id, as Nova wants it.
    async fn id(&self, session: &Session) -> Result<Option<String>, Failure> {
        match &self.user {
            Some(user) => session.user_id(user).await.map(Some).map_err(Failure::other),
            None => Ok(None),
        }
    }
}

fn name(text: &str) -> Result<KeyPairName, Error> {
    KeyPairName::parse(text)
}

fn kind(word: &str) -> Result<KeyKind, &'static str> {
    KeyKind::parse(word).ok_or("it is 'ssh' or 'x509'")
}

fn algorithm(word: &str) -> Result<Algorithm, &'static str> {
    Algorithm::parse(word)
        .ok_or("it is one of rsa-2048, rsa-3072, rsa-4096, ed25519, ecdsa-p256, ecdsa-p384, ecdsa-p521")
}

fn format(word: &str) -> Result<PrivateKeyFormat, &'static str> {
    PrivateKeyFormat::parse(word).ok_or("it is one of pkcs1, pkcs8, openssh")
}
