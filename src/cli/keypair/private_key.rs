//! Where a private key goes that the service hands over.

use std::path::{Path, PathBuf};

use crate::cli::{Failure, output};
use crate::client::NewKeyFile;
use crate::domain::PrivateKeyPem;

/// What was asked for on the command line.
#[derive(clap::Args)]
pub(super) struct Wish {
    /// Write the private key into this new file, for you alone (0600); `-` prints it
    ///
    /// A file that is there already is never written over, and nothing is asked of the service then.
    #[arg(long = "private-key", value_name = "FILE")]
    path: Option<PathBuf>,
}

/// A place that the key can go to.
pub(super) enum Destination {
    /// It is not handed on: the service keeps it.
    Nowhere,
    Stdout,
    File(NewKeyFile),
}

impl Wish {
    pub(super) fn destination(&self) -> Result<Destination, Failure> {
        match self.path.as_deref() {
            None => Ok(Destination::Nowhere),
            Some(path) if path == Path::new("-") => Ok(Destination::Stdout),
            Some(path) => NewKeyFile::plan(path).map(Destination::File).map_err(Failure::unusable),
        }
    }
}

impl Destination {
    /// Hands the key over; where it stands now, if in a file.
    pub(super) fn take(self, key: &PrivateKeyPem) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::Nowhere => Ok(None),
            Self::Stdout => output::hand_over(key.expose()).map(|()| None),
            Self::File(file) => file.write(key).map(Some).map_err(Failure::other),
        }
    }
}
