//! What both products take as a key pair's name, show as its id, and write as its fingerprint.

use uuid::Uuid;

use super::settings::FingerprintFormat;
use crate::domain::{KeyPair, KeyPairId, KeyPairName};

/// The longest name, in characters (both documentations).
const LONGEST: usize = 128;
const SHORTEST: usize = 2;
/// What the id of every key pair begins with.
const ID_PREFIX: &str = "ssh-";

/// Which characters a name may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Letters {
    /// Of a key pair that is generated: those of ASCII, digits, `:`, `_` and `-`.
    Ascii,
    /// Of one that is imported into ECS: letters of any script, and dots.
    Any,
}

/// A name of 2 to 128 characters that begins with a letter; `None` for any other. That it begins with no address
/// (`http://…`) goes without saying: a name has no slash.
pub(super) fn name(raw: &str, letters: Letters) -> Option<KeyPairName> {
    let is_letter = |c: char| match letters {
        Letters::Ascii => c.is_ascii_alphabetic(),
        Letters::Any => c.is_alphabetic(),
    };
    let is_sign = |c: char| match letters {
        Letters::Ascii => matches!(c, ':' | '_' | '-'),
        Letters::Any => matches!(c, ':' | '_' | '-' | '.'),
    };
    let fits = raw.starts_with(is_letter) && raw.chars().all(|c| is_letter(c) || c.is_ascii_digit() || is_sign(c));
    let length = raw.chars().count();
    if fits && (SHORTEST..=LONGEST).contains(&length) { KeyPairName::parse(raw).ok() } else { None }
}

/// `ssh-` and 32 small letters and digits.
pub(super) fn key_pair_id(pair: &KeyPair) -> String {
    format!("{ID_PREFIX}{}", pair.id.as_uuid().simple())
}

/// Reads one back; `None` for what is none.
pub(super) fn read_key_pair_id(written: &str) -> Option<KeyPairId> {
    Uuid::try_parse(written.strip_prefix(ID_PREFIX)?).ok().map(KeyPairId::from_uuid)
}

/// The fingerprint of an SSH key pair, as the settings want it.
pub(super) fn fingerprint(pair: &KeyPair, format: FingerprintFormat) -> String {
    match format {
        FingerprintFormat::Plain => pair.fingerprint.as_str().replace(':', ""),
        FingerprintFormat::Colons => pair.fingerprint.to_string(),
    }
}

/// Either form as it is stored: small hex digits in pairs, with colons between.
pub(super) fn read_fingerprint(written: &str) -> String {
    let digits: Vec<char> = written.chars().filter(|c| *c != ':').flat_map(char::to_lowercase).collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_found_in_either_form() {
        for written in ["89F0ba62acb8aae1615efd8169866d6b", "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"] {
            assert_eq!(read_fingerprint(written), "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b");
        }
    }

    #[test]
    fn an_id_is_read_back_and_nothing_else_is() {
        assert!(read_key_pair_id("ssh-0190a6e1d0c87e3fb1f2aabbccddeeff").is_some());
        for other in ["", "ssh-", "0190a6e1d0c87e3fb1f2aabbccddeeff", "ssh-5lywanlkih1zo9yl8eg"] {
            assert!(read_key_pair_id(other).is_none(), "{other}");
        }
    }
}
