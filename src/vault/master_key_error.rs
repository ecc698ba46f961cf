//! Why the master keys cannot be used, and what the operator does about it.

use std::io;
use std::path::PathBuf;

use openssl::error::ErrorStack;

use super::master_key_text::TextFault;
use crate::domain::KekId;

/// Why the master keys cannot be used; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error(
        "the master key file {path} does not exist: restore it from its backup, set vault.master_key_file to where it \
         is, or, for a new database, make one by `keypaird master-key create {path}`",
        path = .path.display()
    )]
    Missing { path: PathBuf },
    #[error("the master key file {} cannot be read: {cause}; give the service's user access to it", .path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("the master key file {} is not a regular file: set vault.master_key_file to one", .path.display())]
    NotAFile { path: PathBuf },
    #[error(
        "the master key file {path} belongs to user id {owner}, but the service runs as user id {service}: \
         run `chown {service} {path}`",
        path = .path.display()
    )]
    Owner { path: PathBuf, owner: u32, service: u32 },
    #[error(
        "the master key file {path} has mode {mode:04o}: run `chmod {right:o} {path}`, so that nobody else can read it",
        path = .path.display()
    )]
    Mode { path: PathBuf, mode: u32, right: u32 },
    #[error(
        "the master key file {} has more than 65536 bytes: set vault.master_key_file to the right file",
        .path.display()
    )]
    TooLong { path: PathBuf },
    #[error("the master key file {} is not text: set vault.master_key_file to the right file", .path.display())]
    NotText { path: PathBuf },
    #[error("the master key file {}, line {line}: {fault}", .path.display())]
    Text { path: PathBuf, line: usize, fault: TextFault },
    #[error(
        "the master key file {} exists and is not overwritten: use it, or move it away if no stored key needs it",
        .path.display()
    )]
    Exists { path: PathBuf },
    #[error("the master key file {} cannot be written: {cause}; mend that and start again", .path.display())]
    Unwritable { path: PathBuf, cause: io::Error },
    #[error(
        "the master key file {} cannot be changed where it is: {cause}; if it is a mounted secret or a systemd \
         credential, change what that is made from, else run this as the service's user", .path.display()
    )]
    Fixed { path: PathBuf, cause: io::Error },
    #[error(
        "the master key file {} has no room for another key: retire those that no private key needs any more",
        .path.display()
    )]
    Full { path: PathBuf },
    #[error(
        "the master key file {} holds no master key '{}' version {}; `keypaird master-key list` shows those that it holds",
        .path.display(), .kek.name, .kek.version
    )]
    UnknownKey { path: PathBuf, kek: KekId },
    #[error(
        "master key '{}' version {} is the primary, which wraps new data keys: make another the primary by `keypaird \
         master-key set-primary` first", .0.name, .0.version
    )]
    Primary(KekId),
    #[error(transparent)]
    Name(TextFault),
    #[error(
        "OpenSSL failed to draw or derive a key, without which no private key can be protected: mend its installation"
    )]
    OpenSsl(#[from] ErrorStack),
}
