//! The service's own users' passwords from files.

use std::io::Read;
use std::path::Path;

use super::Password;
use super::secret_file::{SecretFileError, SecretKind, open_private, read_text};
use crate::domain::Error;

/// Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PasswordFileError {
    #[error(transparent)]
    File(#[from] SecretFileError),
    #[error("{0}")]
    Unfit(Error),
}

impl Password {
    /// The content of a file, without the newline at its end. A file that everybody may read is refused.
    pub fn read_file(path: &Path) -> Result<Self, PasswordFileError> {
        Self::read(open_private(SecretKind::Password, path)?, path)
    }

    /// From an open stream; `named` is what errors call it.
    pub fn read(stream: impl Read, named: &Path) -> Result<Self, PasswordFileError> {
        Self::parse(read_text(SecretKind::Password, stream, named)?).map_err(PasswordFileError::Unfit)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

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
        assert!(matches!(read(0o644), Err(PasswordFileError::File(SecretFileError::Exposed { .. }))));
        assert!(read(0o440).is_ok());
    }

    #[test]
    fn what_is_no_password_is_refused() {
        let read = |content: &[u8]| Password::read_file(file(content, 0o600).path());
        assert!(matches!(read(b""), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(read(b"two lines\nof text"), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(read(b"not \xff text at all"), Err(PasswordFileError::File(SecretFileError::NotText(_)))));
        assert!(matches!(read(&[b'a'; 5000]), Err(PasswordFileError::Unfit(_))));
        assert!(matches!(
            Password::read_file(Path::new("/nowhere")),
            Err(PasswordFileError::File(SecretFileError::Unreadable { .. }))
        ));
    }
}
