//! `keypaird keypair create`

use std::path::PathBuf;

use serde::Serialize;

use super::login::LoginArguments;
use super::output::{Output, Shown};
use super::private_key::{Destination, Wish};
use super::{UserArgument, algorithm, format, kind, name};
use crate::cli::Failure;
use crate::client::{Error, Keeping, KeyPair, NewKeyPair, Origin, Session};
use crate::domain::{KeyKind, KeyPairName};
use crate::ssh::{Algorithm, PrivateKeyFormat};

const EXAMPLES: &str = "\
Should the private key not get into its file, though the service has made it, the key pair is deleted again: nobody has its
private key. With --key-protection it stays, and `keypaird keypair export` brings the key.

Examples:
  keypaird keypair create --os-cloud keypaird --private-key ~/.ssh/web.pem web
  keypaird keypair create --algorithm ed25519 --private-key id_web web
  keypaird keypair create --key-protection kms:keypairs web
      The service keeps the private key, sealed under a KMS key of the project, and nobody else has it.
  keypaird keypair create --private-key - web | ssh-add -";

/// Have the service make a key pair, and take the private key.
///
/// The service hands a private key over once. It is written after the service has said that the key pair is there, into a file
/// that nobody else may read, and is on the disk when this command ends.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("path", |path| path.required_unless_present("key_protection")))]
pub(in crate::cli) struct CreateCommand {
    /// The key pair's name
    #[arg(value_name = "NAME", value_parser = name)]
    name: KeyPairName,
    #[command(flatten)]
    private_key: Wish,
    /// Have the service keep the private key: `default` under its own master key, `kms:NAME` under a KMS key of the project
    ///
    /// A keypaird does; a Nova keeps none.
    #[arg(long, value_name = "HOW", value_parser = Keeping::parse)]
    key_protection: Option<Keeping>,
    /// What kind of key: rsa-2048, rsa-3072, rsa-4096, ed25519, ecdsa-p256, ecdsa-p384 or ecdsa-p521 [default: the service's]
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm)]
    algorithm: Option<Algorithm>,
    /// How the private key is written: pkcs1, pkcs8 or openssh [default: the service's]
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    private_key_format: Option<PrivateKeyFormat>,
    /// `ssh`, or `x509` for a certificate with a PKCS#12 as its private key
    #[arg(long = "type", value_name = "TYPE", value_parser = kind, default_value = "ssh")]
    kind: KeyKind,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    login: LoginArguments,
}

/// The key pair, and where its private key is.
#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    pair: KeyPair,
    private_key_file: Option<PathBuf>,
}

impl Shown for Made {
    const COLUMNS: &'static [&'static str] =
        &["name", "type", "fingerprint", "user_id", "public_key", "private_key_file"];
}

/// What became of a create that went wrong half-way.
#[derive(Debug, thiserror::Error)]
enum HalfWay {
    #[error(
        "{error}; key pair '{name}' may have been made all the same, and nobody has its private key: look for it with \
         `keypaird keypair show '{name}'`, and delete it"
    )]
    InDoubt { name: KeyPairName, error: Error },
    #[error("{failure}; key pair '{name}' was made, and is deleted again: nobody has its private key")]
    Withdrawn { name: KeyPairName, failure: Failure },
    #[error(
        "{failure}; key pair '{name}' was made, nobody has its private key, and it cannot be deleted again ({error}): do so with \
         `keypaird keypair delete '{name}'`"
    )]
    Left { name: KeyPairName, failure: Failure, error: Error },
    #[error(
        "{failure}; key pair '{name}' was made, and the service keeps its private key: fetch it with `keypaird keypair export \
         '{name}' --private-key FILE`"
    )]
    Kept { name: KeyPairName, failure: Failure },
}

impl CreateCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let destination = self.private_key.destination()?;
        self.output.check::<Made>()?;
        let session = self.login.session().await?;
        let new = NewKeyPair {
            name: self.name,
            kind: self.kind,
            user: self.user.id(&session).await?,
            origin: Origin::Generate {
                algorithm: self.algorithm,
                format: self.private_key_format,
                keeping: self.key_protection,
            },
        };
        let prints_key = matches!(destination, Destination::Stdout);
        let made = create(&session, &new, destination).await?;
        // On stdout there is the key, and nothing else.
        if prints_key { Ok(()) } else { self.output.one(&made) }
    }
}

async fn create(session: &Session, new: &NewKeyPair, destination: Destination) -> Result<Made, Failure> {
    let name = || new.name.clone();
    let made = session.key_pair_create(new).await.map_err(|error| match error.leaves_in_doubt() {
        true => Failure::other(HalfWay::InDoubt { name: name(), error }),
        false => Failure::other(error),
    })?;
    let taken = made.private_key().map_err(Failure::other).and_then(|key| destination.take(key));
    match taken {
        Ok(private_key_file) => Ok(Made { pair: made.pair, private_key_file }),
        Err(failure) => Err(Failure::other(withdraw(session, new, failure).await)),
    }
}

/// A key pair whose private key nobody has is of no use, and would stand in the way of the next try.
async fn withdraw(session: &Session, new: &NewKeyPair, failure: Failure) -> HalfWay {
    let name = new.name.clone();
    match &new.origin {
        Origin::Generate { keeping: Some(_), .. } => HalfWay::Kept { name, failure },
        Origin::Generate { keeping: None, .. } | Origin::Import { .. } => {
            match session.key_pair_delete(&new.name, new.user.as_deref()).await {
                Ok(()) => HalfWay::Withdrawn { name, failure },
                Err(error) => HalfWay::Left { name, failure, error },
            }
        }
    }
}
