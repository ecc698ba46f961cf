//! A password that may be set for a user.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{Error, Result, SecretText};

/// The fewest characters of a password that is chosen by a person.
const SHORTEST: usize = 12;
/// The most bytes; Keystone's `max_password_length`.
const LONGEST: usize = 4096;
/// 192 bits: 32 characters in base64.
const RANDOM_BYTES: usize = 24;

/// A password that keeps the rule: 12 characters or more, at most 4,096 bytes, no control characters.
#[derive(Debug)]
pub struct Password(SecretText);

impl Password {
    /// Takes a chosen password; one that breaks the rule is [`Error::Invalid`], which does not repeat it.
    pub fn parse(chosen: SecretText) -> Result<Self> {
        let text = chosen.expose();
        if text.chars().count() < SHORTEST || text.len() > LONGEST || text.chars().any(char::is_control) {
            let reason =
                format!("must have {SHORTEST} characters or more, at most {LONGEST} bytes, and no control characters");
            return Err(Error::Invalid { field: "password", reason });
        }
        Ok(Self(chosen))
    }

    /// A random one of 192 bits, in letters, digits, `-` and `_`.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; RANDOM_BYTES];
        openssl::rand::rand_bytes(&mut bytes).map_err(Error::internal)?;
        Ok(Self(SecretText::new(URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The text itself. Every caller is an exit to be reviewed.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Password> {
        Password::parse(SecretText::new(text.to_owned()))
    }

    #[test]
    fn eleven_characters_are_too_few() {
        assert!(parse("elevenchars").is_err());
        assert!(parse("twelve chars").is_ok());
        assert!(parse("zwölf→zeichén").is_ok());
    }

    #[test]
    fn control_characters_are_refused() {
        assert!(parse("a password\nof two lines").is_err());
    }

    #[test]
    fn a_refusal_does_not_repeat_the_password() {
        let refused = parse("geheim").expect_err("is too short");
        assert!(!refused.to_string().contains("geheim"));
    }

    #[test]
    fn random_passwords_keep_the_rule_and_differ() {
        let [one, other] = [Password::generate().expect("random"), Password::generate().expect("random")];
        assert!(parse(one.expose()).is_ok());
        assert_ne!(one.expose(), other.expose());
    }
}
