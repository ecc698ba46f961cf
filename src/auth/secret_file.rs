//! Secrets from files: never from arguments or variables, which other processes can read.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::SecretText;

/// Longer than any of them may be.
const MAX_BYTES: u64 = 8192;

/// What stands in a file, as messages call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    Password,
    Passphrase,
    PrivateKey,
    DatabaseUrl,
    TlsKey,
    /// What is sent with traces.
    Headers,
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => "password",
            Self::Passphrase => "passphrase",
            Self::PrivateKey => "private key",
            Self::DatabaseUrl => "database URL",
            Self::TlsKey => "private key",
            Self::Headers => "headers",
        })
    }
}

/// Each text says what to do, and none what stands in the file.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    #[error("cannot read the {kind} file {path}: {source}", path = path.display())]
    Unreadable { kind: SecretKind, path: PathBuf, source: io::Error },
    #[error("the {kind} file {path} can be read by everybody; make it private by `chmod 600`", path = path.display())]
    Exposed { kind: SecretKind, path: PathBuf },
    #[error("the {0} is not UTF-8 text; choose one that is")]
    NotText(SecretKind),
    #[error("the {kind} file {path} is empty", path = path.display())]
    Empty { kind: SecretKind, path: PathBuf },
}

/// The content of a file, without the newline at its end. A file that everybody may read is refused, and so is an empty one.
pub fn read_secret(kind: SecretKind, path: &Path) -> Result<SecretText, SecretFileError> {
    read_secret_from(kind, open_private(kind, path)?, path)
}

/// The same from an open stream; `named` is what errors call it.
pub fn read_secret_from(kind: SecretKind, stream: impl Read, named: &Path) -> Result<SecretText, SecretFileError> {
    let text = read_text(kind, stream, named)?;
    if text.expose().is_empty() { Err(SecretFileError::Empty { kind, path: named.to_owned() }) } else { Ok(text) }
}

pub(super) fn open_private(kind: SecretKind, path: &Path) -> Result<File, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable { kind, path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // Of the file that was opened: its name may mean another one by now.
    let about = file.metadata().map_err(unreadable)?;
    if about.is_file() && about.permissions().mode() & 0o007 != 0 {
        return Err(SecretFileError::Exposed { kind, path: path.to_owned() });
    }
    Ok(file)
}

/// From an open stream; `named` is what errors call it.
pub(super) fn read_text(kind: SecretKind, stream: impl Read, named: &Path) -> Result<SecretText, SecretFileError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = stream.take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|source| SecretFileError::Unreadable { kind, path: named.to_owned(), source })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText(kind))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(SecretText::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Write;

    use super::*;

    #[test]
    fn another_services_secret_may_be_short_and_not_missing() {
        let read = |content: &[u8], mode| {
            let mut file = tempfile::NamedTempFile::new().expect("is made");
            file.write_all(content).expect("is written");
            file.as_file().set_permissions(Permissions::from_mode(mode)).expect("is set");
            read_secret(SecretKind::Password, file.path())
        };
        assert_eq!(read(b"short\n", 0o600).expect("is text").expose(), "short");
        assert!(matches!(read(b"\n", 0o600), Err(SecretFileError::Empty { .. })));
        assert!(matches!(read(b"short", 0o644), Err(SecretFileError::Exposed { .. })));
    }
}
