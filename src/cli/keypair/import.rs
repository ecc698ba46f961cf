//! `keypaird keypair import`

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::login::LoginArguments;
use super::output::{Output, Shown};
use super::{UserArgument, kind, name};
use crate::auth::{SecretKind, read_secret};
use crate::cli::{Failure, output, progress};
use crate::client::{Keeping, KeyPair, NewKeyPair, Origin, Session};
use crate::domain::{self, KeyKind, KeyPairName, PrivateKeyPem};

const EXAMPLES: &str = "\
Examples:
  keypaird keypair import --public-key ~/.ssh/id_ed25519.pub laptop
  ssh-add -L | head -n 1 | keypaird keypair import --public-key - laptop
  keypaird keypair import --directory team-keys
  keypaird keypair import --public-key id_web.pub --private-key id_web --key-protection default web
      Have the service keep the private key, too.";

/// The most that is read of a public key: a service takes less.
const LONGEST: u64 = 64 << 10;

/// Store public keys that are there already.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ImportCommand {
    /// The key pair's name
    #[arg(value_name = "NAME", value_parser = name, required_unless_present = "directory", conflicts_with = "directory")]
    name: Option<KeyPairName>,
    /// Read the public key from this file, or from stdin for `-`
    #[arg(long, value_name = "FILE", required_unless_present = "directory", conflicts_with = "directory")]
    public_key: Option<PathBuf>,
    /// Import each *.pub file of this directory under the file's name; what is wrong with one stops no other
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Hand the private key in this file over to the service, which keeps it
    #[arg(long, value_name = "FILE", requires = "key_protection", conflicts_with = "directory")]
    private_key: Option<PathBuf>,
    /// How the private key is kept: `default` under the service's own master key, `kms:NAME` under a KMS key of the project
    #[arg(long, value_name = "HOW", value_parser = Keeping::parse, requires = "private_key")]
    key_protection: Option<Keeping>,
    /// `ssh`, or `x509` for a certificate in PEM
    #[arg(long = "type", value_name = "TYPE", value_parser = kind, default_value = "ssh")]
    kind: KeyKind,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    login: LoginArguments,
}

/// A key pair as an import answers it.
#[derive(Serialize)]
struct Imported(KeyPair);

impl Shown for Imported {
    const COLUMNS: &'static [&'static str] = &["name", "type", "fingerprint", "user_id", "public_key"];
}

#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} holds a private key, which is not sent: give the file of the public key, which ends in .pub", .0.display())]
    PrivateKey(PathBuf),
    #[error("{} is too large for a public key", .0.display())]
    TooLarge(PathBuf),
    #[error("there is no *.pub file in {}", .0.display())]
    NoFiles(PathBuf),
    #[error("{}: {error}", path.display())]
    Name { path: PathBuf, error: domain::Error },
    #[error("{failed} of {all} public keys are not imported")]
    NotAll { failed: usize, all: usize },
}

/// A file, and the name under which it is imported.
struct Named {
    name: KeyPairName,
    path: PathBuf,
}

impl ImportCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.output.check::<Imported>()?;
        match (&self.directory, &self.name, &self.public_key) {
            (Some(directory), _, _) => self.import_all(&files(directory)?).await,
            (None, Some(name), Some(path)) => {
                let origin = Origin::Import { public_key: public_key(path)?, keep: self.keep()? };
                let session = self.login.session().await?;
                let user = self.user.id(&session).await?;
                let imported = self.import(&session, name, user, origin).await?;
                self.output.one(&imported)
            }
            (None, None, _) | (None, _, None) => Ok(()),
        }
    }

    async fn import(
        &self,
        session: &Session,
        name: &KeyPairName,
        user: Option<String>,
        origin: Origin,
    ) -> Result<Imported, Failure> {
        let new = NewKeyPair { name: name.clone(), kind: self.kind, user, origin };
        session.key_pair_create(&new).await.map(|made| Imported(made.pair)).map_err(Failure::other)
    }

    async fn import_all(&self, files: &[Named]) -> Result<(), Failure> {
        let session = self.login.session().await?;
        let user = self.user.id(&session).await?;
        let mut imported = Vec::new();
        let bar = progress::bar_of("importing", files.len());
        for Named { name, path } in files {
            let origin = public_key(path).map(|public_key| Origin::Import { public_key, keep: None });
            let made = match origin {
                Ok(origin) => self.import(&session, name, user.clone(), origin).await,
                Err(failure) => Err(failure),
            };
            match made {
                Ok(made) => imported.push(made),
                Err(failure) => bar.suspend(|| output::complain(&format!("{}: {failure}", path.display()))),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.output.list(&imported)?;
        match files.len() - imported.len() {
            0 => Ok(()),
            failed => Err(Failure::other(ImportError::NotAll { failed, all: files.len() })),
        }
    }

    fn keep(&self) -> Result<Option<(PrivateKeyPem, Keeping)>, Failure> {
        match (&self.private_key, &self.key_protection) {
            (Some(path), Some(keeping)) => {
                let key = read_secret(SecretKind::PrivateKey, path).map_err(Failure::unusable)?;
                // A PEM's last line ends.
                Ok(Some((PrivateKeyPem::new(format!("{}\n", key.expose())), keeping.clone())))
            }
            (None, _) | (_, None) => Ok(None),
        }
    }
}

/// The `*.pub` files of a directory, sorted by name. A name that no key pair can have refuses them all.
fn files(directory: &Path) -> Result<Vec<Named>, Failure> {
    let unreadable = |source| Failure::unusable(ImportError::Unreadable { path: directory.to_owned(), source });
    let entries = fs::read_dir(directory).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pub") && path.is_file());
    paths.sort_unstable();
    if paths.is_empty() {
        return Err(Failure::unusable(ImportError::NoFiles(directory.to_owned())));
    }
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match KeyPairName::parse(&name) {
            Ok(name) => Ok(Named { name, path }),
            Err(error) => Err(Failure::unusable(ImportError::Name { path, error })),
        }
    };
    paths.into_iter().map(named).collect()
}

fn public_key(path: &Path) -> Result<String, Failure> {
    // It may be a private key by mistake, of which nothing stays behind.
    let mut text = Zeroizing::new(String::new());
    let read = match path.to_str() {
        Some("-") => std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text),
        _ => fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)),
    };
    let read = read.map_err(|source| Failure::unusable(ImportError::Unreadable { path: path.to_owned(), source }))?;
    if text.contains("PRIVATE KEY-----") {
        return Err(Failure::unusable(ImportError::PrivateKey(path.to_owned())));
    }
    if u64::try_from(read).is_ok_and(|read| read > LONGEST) {
        return Err(Failure::unusable(ImportError::TooLarge(path.to_owned())));
    }
    Ok(text.to_string())
}
