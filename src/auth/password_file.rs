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
    #[error("{0}")]
    Unfit(Error),
}

impl Password {
    /// The content of a file, without the newline at its end. A file that everybody may read is refused.
    pub fn read_file(path: &Path) -> Result<Self, PasswordFileError> {
        let unreadable = |source| PasswordFileError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        // Of the file that was opened: its name may mean another one by now.
        let about = file.metadata().map_err(unreadable)?;
        if about.is_file() && about.permissions().mode() & 0o007 != 0 {
            return Err(PasswordFileError::Exposed { path: path.to_owned() });
        }
        Self::read(file, path)
    }

    /// From an open stream; `named` is what errors call it.
    pub fn read(stream: impl Read, named: &Path) -> Result<Self, PasswordFileError> {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = stream.take(MAX_BYTES).read_to_end(&mut bytes);
        read.map_err(|source| PasswordFileError::Unreadable { path: named.to_owned(), source })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| PasswordFileError::NotText)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Self::parse(SecretText::new(text.to_owned())).map_err(PasswordFileError::Unfit)
    }
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
    fn what_is_no_password_is_refused() {
        let read = |content: &[u8]| Password::read_file(file(content, 0o600).path());
        assert!(matches!(read(b""), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(read(b"two lines\nof text"), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(read(b"not \xff text at all"), Err(PasswordFileError::NotText)));
        assert!(matches!(read(&[b'a'; 5000]), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(Password::read_file(Path::new("/nowhere")), Err(PasswordFileError::Unreadable { .. })));
    }
}
