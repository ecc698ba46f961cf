//! The passphrase under which a private key leaves.

use crate::domain::{Error, Result, SecretText};

/// What fits into the buffer in which OpenSSH keeps a passphrase that is typed, in bytes (its readpass.c).
const LONGEST: usize = 1023;

/// A passphrase that whoever gets the file can type. Wiped when dropped, not printed.
#[derive(Debug)]
pub struct Passphrase(SecretText);

impl Passphrase {
    /// Takes 1 to 1023 bytes without NUL and line breaks: OpenSSH drops what is typed beyond them, so that another
    /// passphrase would lock the key for ever. Anything else is `Error::Invalid { field: "passphrase" }`.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > LONGEST || text.contains(['\0', '\n', '\r']) {
            let reason = format!("must have 1 to {LONGEST} bytes, and neither NUL nor line breaks");
            return Err(Error::Invalid { field: "passphrase", reason });
        }
        Ok(Self(SecretText::new(text.to_owned())))
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssh_cannot_be_given_at_its_prompt_is_refused() {
        for text in ["x", " ", "pass\tphrase", "пароль", &"x".repeat(1023), &"é".repeat(511)] {
            assert_eq!(Passphrase::parse(text).unwrap().expose(), text.as_bytes());
        }
        for text in ["", "a\0b", "a\nb", "a\r", &"x".repeat(1024), &"é".repeat(512)] {
            let refused = Passphrase::parse(text).map(|_| ());
            assert!(matches!(refused, Err(Error::Invalid { field: "passphrase", .. })), "{text:?}");
        }
    }

    #[test]
    fn it_is_not_printed() {
        assert_eq!(format!("{:?}", Passphrase::parse("hunter2").unwrap()), "Passphrase(SecretText(…))");
    }
}
