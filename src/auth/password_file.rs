//! Passwords from files: never from arguments or variables, which other processes can read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Password;
use crate::domain::{Error, SecretText};

/// Longer than any password may be.
const MAX_BYTES: u64 = 8192;

/// Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PasswordFileError {
    #[error("cannot read the password file {path}: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the password file {path} can be read by everybody; make it private by `chmod 600`", path = path.display())]
    Exposed { path: PathBuf },
    #[error("the password is not UTF-8 text; choose one that is")]
    NotText,
    #[error("the password file {path} is empty", path = path.display())]
    Empty { path: PathBuf },
    #[error("{0}")]
    Unfit(Error),
}

impl Password {
    /// The content of a file, without the newline at its end. A file that everybody may read is refused.
    pub fn read_file(path: &Path) -> Result<Self, PasswordFileError> {
        Self::read(open_private(path)?, path)
    }

    /// From an open stream; `named` is what errors call it.
    pub fn read(stream: impl Read, named: &Path) -> Result<Self, PasswordFileError> {
        Self::parse(read_text(stream, named)?).map_err(PasswordFileError::Unfit)
    }
}

/// A password that another service asks for: whatever that service takes, but not nothing.
pub(super) fn read_secret(path: &Path) -> Result<SecretText, PasswordFileError> {
    let text = read_text(open_private(path)?, path)?;
    if text.expose().is_empty() { Err(PasswordFileError::Empty { path: path.to_owned() }) } else { Ok(text) }
}

fn open_private(path: &Path) -> Result<File, PasswordFileError> {
    let unreadable = |source| PasswordFileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // Of the file that was opened: its name may mean another one by now.
    let about = file.metadata().map_err(unreadable)?;
    if about.is_file() && about.permissions().mode() & 0o007 != 0 {
        return Err(PasswordFileError::Exposed { path: path.to_owned() });
    }
    Ok(file)
}

fn read_text(stream: impl Read, named: &Path) -> Result<SecretText, PasswordFileError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = stream.take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|source| PasswordFileError::Unreadable { path: named.to_owned(), source })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| PasswordFileError::NotText)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(SecretText::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Write;

    use super::*;

    fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("is made");
        file.write_all(content).expect("is written");
        file.as_file().set_permissions(Permissions::from_mode(mode)).expect("is set");
        file
    }

    #[test]
    fn the_newline_at_the_end_is_not_part_of_the_password() {
        for content in ["twelve chars", "twelve chars\n", "twelve chars\r\n"] {
            let read = Password::read_file(file(content.as_bytes(), 0o600).path()).expect("is a password");
            assert_eq!(read.expose(), "twelve chars");
        }
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused() {
        let read = |mode| Password::read_file(file(b"twelve chars", mode).path());
        assert!(matches!(read(0o644), Err(PasswordFileError::Exposed { .. })));
        assert!(read(0o440).is_ok());
    }

    #[test]
    fn another_services_password_may_be_short_and_not_missing() {
        let read = |content: &[u8]| read_secret(file(content, 0o600).path());
        assert_eq!(read(b"short\n").expect("is text").expose(), "short");
        assert!(matches!(read(b"\n"), Err(PasswordFileError::Empty { .. })));
        let exposed = read_secret(file(b"short", 0o644).path());
        assert!(matches!(exposed, Err(PasswordFileError::Exposed { .. })));
    }

    #[test]
    fn what_is_no_password_is_refused() {
        let read = |content: &[u8]| Password::read_file(file(content, 0o600).path());
        assert!(matches!(read(b""), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(read(b"two lines\nof text"), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(read(b"not \xff text at all"), Err(PasswordFileError::NotText)));
        assert!(matches!(read(&[b'a'; 5000]), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(Password::read_file(Path::new("/nowhere")), Err(PasswordFileError::Unreadable { .. })));
    }
}
