//! The text of a token, and what is stored of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::rand::rand_bytes;
use openssl::sha::sha256;

use crate::domain::{Error, Result, SecretText, TokenHash};

/// Tells our tokens from everything else, for people and for scanners of leaked secrets.
const PREFIX: &str = "kpd_";
const RANDOM_BYTES: usize = 32;
/// 32 bytes in unpadded base64.
const ENCODED: usize = 43;

/// A new token: `kpd_` and 32 random bytes in unpadded base64url.
pub(super) fn generate() -> Result<SecretText> {
    let mut bytes = [0; RANDOM_BYTES];
    rand_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(SecretText::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

/// What is stored and looked up; `None` for a text that cannot be a token of ours, so that it costs no query.
///
/// A plain hash does: nobody guesses 256 random bits, and looking up a hash tells nothing about the token by its time.
pub(super) fn hash(token: &str) -> Option<TokenHash> {
    let encoded = token.strip_prefix(PREFIX)?;
    let fits = encoded.len() == ENCODED && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| TokenHash(sha256(token.as_bytes())))
}

/// 16 random bytes in unpadded base64url, 22 characters as Keystone's: names a token in logs without being one.
pub(super) fn audit_id() -> Result<String> {
    let mut bytes = [0; 16];
    rand_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_47_characters_and_never_the_same() {
        let [one, other] = [generate().expect("random"), generate().expect("random")];
        assert_eq!(one.expose().len(), 47);
        assert_ne!(one.expose(), other.expose());
        assert_ne!(hash(one.expose()), hash(other.expose()));
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        let token = generate().expect("random");
        for other in ["", "kpd_", "gAAAAABk", &token.expose()[1..], &format!("{}a", token.expose())] {
            assert!(hash(other).is_none(), "{other}");
        }
        assert!(hash(&format!("kpd_{}", "é".repeat(22))).is_none());
    }
}
