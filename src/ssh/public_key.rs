//! OpenSSH public key lines.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::blob::Blob;
use super::fingerprint;
use super::wire::Reason;
use crate::domain::{Error, Fingerprint, KeyAlgorithm, KeyKind, Result};

/// The longest public key or certificate that is taken, in bytes. An RSA key of 16384 bits needs 2.8 KB, but Nova takes
/// whatever comment its largest body has room for (recorded: 20,000 bytes).
pub(super) const LONGEST: usize = 112 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A public key that was understood; `text` is byte for byte what came in.
#[derive(Clone, Debug)]
pub struct PublicKey {
    pub kind: KeyKind,
    pub algorithm: KeyAlgorithm,
    pub text: String,
    pub fingerprint: Fingerprint,
    pub fingerprint_sha256: Fingerprint,
}

/// Takes `TYPE SP BASE64 [SP comment]` with at most one line end behind it; else `Error::PublicKeyUnusable`.
/// `min_rsa_bits` 0 means no minimum beyond the 512 bits that Nova takes.
///
/// Decides as Nova does (recorded), but for its holes: a second line, control characters, and two blanks before the
/// base64 are refused here.
pub fn parse_ssh(text: &str, min_rsa_bits: u32) -> Result<PublicKey> {
    let (bytes, blob) = read_line(text).map_err(unusable)?;
    if let KeyAlgorithm::Rsa { bits } = blob.algorithm
        && bits < min_rsa_bits
    {
        return Err(unusable(format!("it has {bits} bits; RSA keys need at least {min_rsa_bits}")));
    }
    Ok(PublicKey {
        kind: KeyKind::Ssh,
        algorithm: blob.algorithm,
        text: text.to_owned(),
        fingerprint: fingerprint::md5_pairs(&bytes)?,
        fingerprint_sha256: fingerprint::sha256(&bytes)?,
    })
}

/// The blob as it stands in the line, and what it says.
pub(super) fn read_line(text: &str) -> Result<(Vec<u8>, Blob), Reason> {
    check_text(text)?;
    if text.starts_with("-----BEGIN CERTIFICATE") {
        return Err("it is an X.509 certificate, not an OpenSSH public key");
    }
    if text.starts_with("----") {
        return Err("it is not in OpenSSH's one-line form");
    }
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains('\n') {
        return Err("it has more than one line");
    }
    if line.chars().any(char::is_control) {
        return Err("it contains control characters");
    }
    let (word, rest) = line.split_once(' ').ok_or("it has no key data")?;
    let base64 = rest.split_once(' ').map_or(rest, |(base64, _comment)| base64);
    let bytes = decode(base64).ok_or("its key data are not in base64")?;
    let blob = Blob::read(word.as_bytes(), &bytes)?;
    Ok((bytes, blob))
}

/// What stands behind the base64 of a line, without the line's end.
pub(super) fn comment(line: &str) -> &str {
    line.splitn(3, ' ').nth(2).unwrap_or_default().trim_end_matches(['\r', '\n'])
}

/// What holds for every text that is stored as a public key.
pub(super) fn check_text(text: &str) -> Result<(), Reason> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > LONGEST {
        return Err("it is longer than 112 KiB");
    }
    if text.contains('\0') {
        return Err("it contains a NUL character");
    }
    // Said before anything else is looked at, because it is the one mistake that gives something away.
    if text.contains("PRIVATE KEY-----") || text.starts_with("PuTTY-User-Key-File-") {
        return Err("it contains a private key; only the public half belongs here");
    }
    Ok(())
}

/// Standard base64 with at least the padding that is due. More of it is taken, because Nova takes it (recorded).
fn decode(base64: &str) -> Option<Vec<u8>> {
    let digits = base64.trim_end_matches('=');
    let due = digits.len().wrapping_neg() % 4;
    if base64.len() - digits.len() < due {
        return None;
    }
    BASE64.decode(digits).ok()
}

pub(super) fn unusable(reason: impl Into<String>) -> Error {
    Error::PublicKeyUnusable { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors(text: &str) -> Vec<Value> {
        let file: Value = serde_json::from_str(text).unwrap();
        file["cases"].as_array().unwrap().clone()
    }

    #[test]
    fn keys_are_taken_and_refused_as_a_real_nova_was_seen_to() {
        let cases = vectors(include_str!("../../tests/vectors/ssh_public_keys.json"));
        assert_eq!(cases.len(), 75);
        for case in &cases {
            let (name, text) = (&case["name"], case["public_key"].as_str().unwrap());
            let parsed = parse_ssh(text, 0);
            assert_eq!(parsed.is_ok(), case["accepted"].as_bool().unwrap(), "{name}: {parsed:?}");
            if let Ok(key) = parsed {
                assert_eq!(key.fingerprint.as_str(), case["nova"].as_str().unwrap(), "{name}");
                assert_eq!((key.kind, key.text.as_str()), (KeyKind::Ssh, text), "{name}");
            }
        }
    }

    #[test]
    fn the_algorithm_is_that_of_the_key_and_of_a_certificate_that_of_its_key() {
        let cases = vectors(include_str!("../../tests/vectors/ssh_public_keys.json"));
        for (name, algorithm) in [
            ("rsa-512", "rsa-512"),
            ("rsa1024", "rsa-1024"),
            ("rsa8192", "rsa-8192"),
            ("dsa", "dsa"),
            ("ed25519", "ed25519"),
            ("ecdsa256", "ecdsa-p256"),
            ("ecdsa384", "ecdsa-p384"),
            ("ecdsa521", "ecdsa-p521"),
            ("sk-ed25519", "sk-ed25519"),
            ("sk-ecdsa", "sk-ecdsa-p256"),
            ("rsa-cert", "rsa-2048"),
            ("ed25519-cert", "ed25519"),
        ] {
            let case = cases.iter().find(|case| case["name"] == name).unwrap();
            let key = parse_ssh(case["public_key"].as_str().unwrap(), 0).unwrap();
            assert_eq!(key.algorithm.to_string(), algorithm, "{name}");
        }
    }

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHxVw4ISDfIShsHXae11VKkGG6FYEZvrww/30PxiG2ny";

    fn refusal(text: &str, min_rsa_bits: u32) -> String {
        match parse_ssh(text, min_rsa_bits) {
            Err(Error::PublicKeyUnusable { reason }) => reason,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn both_fingerprints_are_those_that_ssh_keygen_prints() {
        let key = parse_ssh(ED25519, 0).unwrap();
        assert_eq!(key.fingerprint.as_str(), "b4:1b:60:86:4d:24:3d:fd:d7:6e:21:d1:06:5c:79:3a");
        assert_eq!(key.fingerprint_sha256.as_str(), "SHA256:tjVT5IIPW7V9bO2S5Xk72TW6K4VOB3UCJiokkWZn2HM");
    }

    #[test]
    fn one_line_end_is_taken_and_two_are_not() {
        for end in ["", "\n", "\r\n", " \n", " comment\r\n"] {
            assert!(parse_ssh(&format!("{ED25519}{end}"), 0).is_ok(), "{end:?}");
        }
        for end in ["\n\n", "\r\n\r\n", "\r", " a\rb\n", "\n\r\n", " a\u{85}b", "\n "] {
            assert!(parse_ssh(&format!("{ED25519}{end}"), 0).is_err(), "{end:?}");
        }
    }

    #[test]
    fn refusals_say_what_is_wrong_and_quote_nothing() {
        let long = format!("{ED25519} {}", "c".repeat(LONGEST));
        for (text, reason) in [
            ("", "it is empty"),
            ("ssh-ed25519", "it has no key data"),
            (long.as_str(), "it is longer than 112 KiB"),
            (&format!("{ED25519} a\0b"), "it contains a NUL character"),
            (&format!("{ED25519}\n{ED25519}\n"), "it has more than one line"),
            (&format!("{ED25519} a\x1bb"), "it contains control characters"),
            (&ED25519.replacen(' ', "  ", 1), "the key data end early"),
            (&format!("no-pty {ED25519}"), "its key data are not in base64"),
            (&ED25519.replacen("ssh-", "SSH-", 1), "it does not begin with a known key type"),
            ("ssh-ed25519 c2VjcmV0", "the key data end early"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5A", "its key data are not in base64"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AA=", "its key data are not in base64"),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", "it contains a private key; only the public half belongs here"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n",
                "it contains a private key; only the public half belongs here",
            ),
        ] {
            assert_eq!(refusal(text, 0), reason, "{text:?}");
        }
    }

    #[test]
    fn rsa_keys_under_the_minimum_are_refused_and_others_do_not_mind() {
        let cases = vectors(include_str!("../../tests/vectors/ssh_public_keys.json"));
        let of = |name: &str| cases.iter().find(|case| case["name"] == name).unwrap()["public_key"].as_str().unwrap();
        assert_eq!(refusal(of("rsa1024"), 2048), "it has 1024 bits; RSA keys need at least 2048");
        assert!(parse_ssh(of("rsa1024"), 1024).is_ok());
        assert!(parse_ssh(of("rsa-cert"), 3072).is_err());
        assert!(parse_ssh(of("ed25519"), 4096).is_ok());
    }

    #[test]
    fn every_change_of_one_byte_or_cut_of_a_blob_is_refused_or_is_another_key() {
        let cases = vectors(include_str!("../../tests/vectors/ssh_public_keys.json"));
        for name in ["sk-ecdsa", "ed25519-cert"] {
            let text = cases.iter().find(|case| case["name"] == name).unwrap()["public_key"].as_str().unwrap();
            let word = text.split(' ').next().unwrap();
            let (bytes, _) = read_line(text).unwrap();
            for position in 0..bytes.len() {
                assert!(Blob::read(word.as_bytes(), &bytes[..position]).is_err(), "{name} cut at {position}");
                let mut changed = bytes.clone();
                changed[position] ^= 0x80;
                // Must not panic; much of a certificate is free text, so some of these are taken.
                let _ = Blob::read(word.as_bytes(), &changed);
            }
        }
    }
}
