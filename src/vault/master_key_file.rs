//! The file that the master keys stand in: whose it may be, and how it comes to be.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::master_key_error::MasterKeyError;
use super::master_key_text::LONGEST;

pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
    read_opened(&open(path)?, path)
}

/// Reads the file to change it, after everybody else who changes it: the lock is the returned file's, until it is closed.
pub(super) fn read_to_change(path: &Path) -> Result<(File, Zeroizing<Vec<u8>>), MasterKeyError> {
    loop {
        let file = open(path)?;
        flock(&file, FlockOperation::LockExclusive).map_err(|errno| unreadable(path, errno.into()))?;
        // Who had the lock before may have put another file in the place of this one.
        let (locked, there) = (file.metadata(), fs::metadata(path));
        let (locked, there) =
            locked.and_then(|locked| Ok((locked, there?))).map_err(|cause| unreadable(path, cause))?;
        if (locked.dev(), locked.ino()) == (there.dev(), there.ino()) {
            let text = read_opened(&file, path)?;
            return Ok((file, text));
        }
    }
}

/// Everything is asked of the opened file, so that none other can take its place after the questions.
fn open(path: &Path) -> Result<File, MasterKeyError> {
    // Without NONBLOCK, opening a FIFO would wait for somebody to write into it.
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())
        .map_err(|errno| unreadable(path, errno.into()))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(|cause| unreadable(path, cause))?;
    refuse_access(path, &metadata, rustix::process::geteuid().as_raw())?;
    Ok(file)
}

fn read_opened(file: &File, path: &Path) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
    // One byte more than fits, to see that it does not; as capacity too, because growing would leave unwiped copies.
    let room = LONGEST + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(room as u64).read_to_end(&mut text).map_err(|cause| unreadable(path, cause))?;
    if text.len() == room {
        return Err(MasterKeyError::TooLong { path: path.to_owned() });
    }
    Ok(text)
}

fn unreadable(path: &Path, cause: io::Error) -> MasterKeyError {
    match cause.kind() {
        io::ErrorKind::NotFound => MasterKeyError::Missing { path: path.to_owned() },
        _ => MasterKeyError::Unreadable { path: path.to_owned(), cause },
    }
}

/// A master key file is a regular file of the service's own user (`service`, an effective user id) with mode 0600 or
/// 0400. Where the service does not run as root, it may also be root's, with mode 0440 or 0400: so do systemd
/// (`LoadCredential=`, where the group's bit is the mask of an access list that names this one user) and Kubernetes
/// (`defaultMode: 0400` with `fsGroup`) hand over a secret. Root reads everything anyway, and chose the group.
fn refuse_access(path: &Path, file: &Metadata, service: u32) -> Result<(), MasterKeyError> {
    if !file.is_file() {
        return Err(MasterKeyError::NotAFile { path: path.to_owned() });
    }
    refuse_owner_and_mode(path, file.uid(), file.mode() & 0o7777, service)
}

fn refuse_owner_and_mode(path: &Path, owner: u32, mode: u32, service: u32) -> Result<(), MasterKeyError> {
    let right = match owner {
        _ if owner == service => 0o600,
        0 => 0o440,
        _ => return Err(MasterKeyError::Owner { path: path.to_owned(), owner, service }),
    };
    if mode != right && mode != 0o400 {
        return Err(MasterKeyError::Mode { path: path.to_owned(), mode, right });
    }
    Ok(())
}

/// Writes a file that appears under its name whole and synced to disk, or not at all, and never in place of another:
/// a first start that is interrupted leaves no half key behind, and of two at once one fails.
pub(super) fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let file = write_beside(path, 0o600, text)?;
    file.persist_noclobber(path).map_err(|refused| refused.error)?;
    sync_directory(path)
}

/// Writes a file in place of the one of that name: whoever reads finds the old text or the new one.
pub(super) fn replace(path: &Path, mode: u32, text: &[u8]) -> io::Result<()> {
    let file = write_beside(path, mode, text)?;
    file.persist(path).map_err(|refused| refused.error)?;
    sync_directory(path)
}

fn write_beside(path: &Path, mode: u32, text: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".master-key-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory(path))?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory(path))?.sync_all()
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s22_another_users_file_is_refused_and_roots_is_taken_as_a_mounted_secret() {
        let path = Path::new("master.key");
        let check = |owner, mode| refuse_owner_and_mode(path, owner, mode, 1000);
        assert!(check(1000, 0o600).is_ok() && check(1000, 0o400).is_ok());
        assert!(check(0, 0o440).is_ok() && check(0, 0o400).is_ok());
        let foreign = check(1001, 0o600).expect_err("is refused").to_string();
        assert!(foreign.contains("user id 1001") && foreign.contains("chown 1000 master.key"), "{foreign}");
        for (owner, mode) in [(1000, 0o440), (0, 0o444), (0, 0o600), (0, 0o640)] {
            assert!(matches!(check(owner, mode), Err(MasterKeyError::Mode { .. })), "{owner} {mode:o}");
        }
        assert!(refuse_owner_and_mode(path, 0, 0o440, 0).is_err(), "a service that runs as root has its own file");
    }
}
