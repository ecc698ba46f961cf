//! `keypaird keypair export`

use std::path::{Path, PathBuf};

use super::login::LoginArguments;
use super::private_key::Wish;
use super::{format, name};
use crate::auth::{SecretKind, read_secret, read_secret_from};
use crate::cli::{Failure, output};
use crate::client::{Error, Export};
use crate::domain::{KeyPairName, SecretText};
use crate::ssh::PrivateKeyFormat;

const EXAMPLES: &str = "\
Examples:
  keypaird keypair export --private-key ~/.ssh/web.pem web
  keypaird keypair export --private-key id_web --passphrase web
      Ask for a passphrase, and write OpenSSH's form encrypted under it.
  keypaird keypair export --private-key - web | ssh-add -";

/// Fetch the private key of a key pair that the service keeps (see `create --key-protection`).
///
/// The service writes into its ledger who fetched it. It can be fetched as often as you like, by the user whose it is, or by those
/// of the project where it is a project's.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("path", |path| path.required(true)))]
pub(in crate::cli) struct ExportCommand {
    /// The key pair's name
    #[arg(value_name = "NAME", value_parser = name)]
    name: KeyPairName,
    #[command(flatten)]
    private_key: Wish,
    /// How it is written: pkcs1, pkcs8 or openssh [default: as it is kept]
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    private_key_format: Option<PrivateKeyFormat>,
    /// Ask for a passphrase, under which the key comes encrypted, in OpenSSH's form
    #[arg(long, conflicts_with = "passphrase_file")]
    passphrase: bool,
    /// Take the passphrase from this file, or from stdin for `-`
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    login: LoginArguments,
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the two passphrases differ")]
    Differ,
    #[error("{0}; only a keypaird keeps private keys: is the service one?")]
    NoKeypaird(Error),
}

impl ExportCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let destination = self.private_key.destination()?;
        let export = Export { format: self.private_key_format, passphrase: self.read_passphrase()? };
        let session = self.login.session().await?;
        let key = match session.private_key_export(&self.name, &export).await {
            Err(error) if error.is_of_another_service() => return Err(Failure::other(ExportError::NoKeypaird(error))),
            exported => exported.map_err(Failure::other)?,
        };
        match destination.take(&key)? {
            Some(file) => output::print(&format!("wrote the private key of {} into {}\n", self.name, file.display())),
            None => Ok(()),
        }
    }

    fn read_passphrase(&self) -> Result<Option<SecretText>, Failure> {
        match self.passphrase_file.as_deref() {
            Some(stdin) if stdin == Path::new("-") => {
                read_secret_from(SecretKind::Passphrase, std::io::stdin().lock(), Path::new("stdin"))
                    .map(Some)
                    .map_err(Failure::unusable)
            }
            Some(file) => read_secret(SecretKind::Passphrase, file).map(Some).map_err(Failure::unusable),
            None if self.passphrase => ask().map(Some),
            None => Ok(None),
        }
    }
}

/// At the terminal, twice: what was mistyped would open the key for nobody.
fn ask() -> Result<SecretText, Failure> {
    let prompt = |text| rpassword::prompt_password(text).map(SecretText::new).map_err(Failure::other);
    let (first, again) = (prompt("Passphrase: ")?, prompt("The same again: ")?);
    if first.expose() == again.expose() { Ok(first) } else { Err(Failure::unusable(ExportError::Differ)) }
}
