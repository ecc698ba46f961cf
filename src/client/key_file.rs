//! The file that a private key goes into: made for it, never one that is there.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::domain::PrivateKeyPem;

/// Read and written by its owner, by nobody else.
const MODE: u32 = 0o600;

/// A file that is not there yet, in a directory where it can be made.
#[derive(Debug)]
pub struct NewKeyFile {
    path: PathBuf,
    directory: PathBuf,
}

/// Why the file cannot be made; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("{} is there already and is not written over: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    #[error("no file can be made in {}: {source}; choose another directory", directory.display())]
    Directory { directory: PathBuf, source: io::Error },
    #[error("{} does not name a file", .0.display())]
    NoName(PathBuf),
    #[error("cannot write {}: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}

impl NewKeyFile {
    /// Looks whether it can be made, and makes nothing: the service has not been asked yet.
    pub fn plan(path: &Path) -> Result<Self, KeyFileError> {
        if path.file_name().is_none() {
            return Err(KeyFileError::NoName(path.to_owned()));
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        let in_directory = |source| KeyFileError::Directory { directory: directory.to_owned(), source };
        // A link is there, wherever it points, or if it points nowhere.
        match fs::symlink_metadata(path) {
            Ok(_) => return Err(KeyFileError::Exists(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(in_directory(error)),
        }
        access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| in_directory(error.into()))?;
        Ok(Self { path: path.to_owned(), directory: directory.to_owned() })
    }

    /// Makes it with the key in it, and returns when both are on the disk. A file that appeared meanwhile stays as it is; one
    /// that could not be written whole is taken away again.
    pub fn write(self, key: &PrivateKeyPem) -> Result<PathBuf, KeyFileError> {
        let Self { path, directory } = self;
        let made = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path);
        let file = match made {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(KeyFileError::Exists(path)),
            Err(source) => return Err(KeyFileError::Unwritable { path, source }),
        };
        let written = fill(file, key).and_then(|()| File::open(directory)?.sync_all());
        match written {
            Ok(()) => Ok(path),
            Err(source) => {
                // Half a key is of no use to anybody.
                let _ = fs::remove_file(&path);
                Err(KeyFileError::Unwritable { path, source })
            }
        }
    }
}

fn fill(mut file: File, key: &PrivateKeyPem) -> io::Result<()> {
    // A umask may have taken even the owner's rights.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(key.expose().as_bytes())?;
    if !key.expose().ends_with('\n') {
        // ssh refuses a PEM whose last line does not end.
        file.write_all(b"\n")?;
    }
    file.sync_all()
}
