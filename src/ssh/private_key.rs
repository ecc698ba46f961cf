//! Private keys given to be kept.

use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

use super::blob::Blob;
use super::openssh_cipher::Cipher;
use super::wire::Reason;
use super::{PublicKey, der, openssh_private, pem, pkcs12, public_key, soundness, x509};
use crate::domain::{Error, KeyAlgorithm, KeyKind, PrivateKeyPem, Result};

/// The longest private key that is taken, in bytes: an RSA key of 16384 bits needs 12.6 KB.
const LONGEST: usize = 16 * 1024;

/// Whether the private key derives the public key: `PrivateKeyUnusable` if it cannot be read, is encrypted or DSA;
/// `PrivateKeyMismatch` if it is another's.
///
/// Takes PKCS#1, PKCS#8, SEC1 and OpenSSH's form, and a base64 PKCS#12 with an empty password. Reasons are fixed
/// texts: none quotes what was given. No passphrase is ever asked for: what is encrypted does not get to OpenSSL, but
/// for the PKCS#12, and that together with its password.
pub fn check_pair(private_key: &PrivateKeyPem, public_key: &PublicKey) -> Result<()> {
    derives(private_key, public_key.kind, &public_key.text)
}

/// As [`check_pair`], of a public key as it is stored: a line with or without a certificate, or an X.509 certificate.
/// That the stored text cannot be read is `PublicKeyUnusable`. For a kept key, each of these is a matter of integrity.
pub fn derives(private_key: &PrivateKeyPem, kind: KeyKind, public_key: &str) -> Result<()> {
    read_matching(private_key, kind, public_key).map(|_| ())
}

/// The private key and its public half, after the checks of [`derives`].
pub(super) fn read_matching(
    private_key: &PrivateKeyPem,
    kind: KeyKind,
    public_key: &str,
) -> Result<(PKey<Private>, Blob)> {
    let public = read_public(kind, public_key)?;
    if matches!(public.algorithm, KeyAlgorithm::SkEd25519 | KeyAlgorithm::SkEcdsaP256) {
        return Err(unusable("the private key of a security key never leaves it"));
    }
    let key = read(private_key.expose()).map_err(unusable)?;
    soundness::check(&key).map_err(unusable)?;
    let derived = Blob::of(&key).map_err(Error::internal)?;
    match derived {
        Some(derived) if derived.plain == public.plain => Ok((key, derived)),
        Some(_) | None => Err(Error::PrivateKeyMismatch),
    }
}

fn read_public(kind: KeyKind, text: &str) -> Result<Blob> {
    match kind {
        KeyKind::Ssh => {
            let (_, blob) = public_key::read_line(text).map_err(public_key::unusable)?;
            Ok(blob)
        }
        KeyKind::X509 => x509::key_of(text).map_err(public_key::unusable),
    }
}

fn unusable(reason: Reason) -> Error {
    Error::PrivateKeyUnusable { reason: reason.to_owned() }
}

/// Reads a private key in any of the forms that are taken.
fn read(text: &str) -> Result<PKey<Private>, Reason> {
    if text.len() > LONGEST {
        return Err("it is longer than 16 KiB");
    }
    let document = pem::Document::parse(text)?;
    // `openssl ecparam -genkey` writes the curve's name before the key that names it again.
    match document.blocks.as_slice() {
        [] => pkcs12::open(text),
        _ if document.has_other_text => Err("there is text around its PEM block"),
        [block] => read_block(block),
        [parameters, block] if parameters.label == "EC PARAMETERS" => read_block(block),
        _ => Err("it has more than one PEM block"),
    }
}

fn read_block(block: &pem::Block<'_>) -> Result<PKey<Private>, Reason> {
    // The headers of RFC 1421, which OpenSSL writes into encrypted PKCS#1 and SEC1 only: `Proc-Type: 4,ENCRYPTED`.
    if block.body.contains("Proc-Type:") {
        return Err("it is encrypted");
    }
    match block.label {
        openssh_private::LABEL => openssh_private::decode(&block.decode()?, &Cipher::None),
        "RSA PRIVATE KEY" => read_der(block, |der| PKey::from_rsa(Rsa::private_key_from_der(der)?)),
        "EC PRIVATE KEY" => read_der(block, |der| PKey::from_ec_key(EcKey::private_key_from_der(der)?)),
        "PRIVATE KEY" => read_der(block, PKey::private_key_from_pkcs8),
        "ENCRYPTED PRIVATE KEY" => Err("it is encrypted"),
        "DSA PRIVATE KEY" => Err("DSA keys are not kept"),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Err("it is a public key or certificate"),
        _ => Err("its PEM label is not one of a private key"),
    }
}

fn read_der<F>(block: &pem::Block<'_>, parse: F) -> Result<PKey<Private>, Reason>
where
    F: FnOnce(&[u8]) -> Result<PKey<Private>, ErrorStack>,
{
    let der = block.decode()?;
    if !der::is_one_sequence(&der) {
        return Err("its DER is damaged, or something follows it");
    }
    parse(&der).map_err(|_| "its DER is not that of a private key")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::Value;

    use super::*;
    use crate::ssh::{parse_certificate, parse_ssh};

    fn public(text: &str) -> PublicKey {
        if text.starts_with("-----BEGIN") { parse_certificate(text).unwrap() } else { parse_ssh(text, 0).unwrap() }
    }

    fn private(text: &str) -> PrivateKeyPem {
        PrivateKeyPem::new(text.to_owned())
    }

    #[test]
    fn private_keys_of_every_form_are_matched_told_apart_and_refused() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/ssh_private_keys.json")).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 91);
        for case in cases {
            let text = |member: &str| case[member].as_str().unwrap_or_default();
            let answer = check_pair(&private(text("private_key")), &public(text("public_key")));
            let as_expected = match (&answer, text("outcome")) {
                (Ok(()), "matches") | (Err(Error::PrivateKeyMismatch), "mismatch") => true,
                (Err(Error::PrivateKeyUnusable { reason }), "unusable") => reason.contains(text("reason")),
                _ => false,
            };
            assert!(as_expected, "{}: {answer:?}", case["name"]);
        }
    }

    #[test]
    fn the_pairs_of_the_kps_documentation_match_and_have_its_fingerprints() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/kps_documentation.json")).unwrap();
        let generated = &file["generated"];
        let key = public(generated["public_key"].as_str().unwrap());
        assert_eq!(key.fingerprint.as_str(), generated["fingerprint"]);
        assert_eq!(key.fingerprint.as_str(), "49:ef:73:2b:9b:7f:2e:0c:58:d3:e3:42:8e:28:04:3b");
        check_pair(&private(generated["private_key"].as_str().unwrap()), &key).unwrap();
        for request in &file["requests"].as_array().unwrap()[2..] {
            let key_pair = &request["body"]["keypair"];
            let key = public(key_pair["public_key"].as_str().unwrap());
            assert_eq!(key.fingerprint.as_str(), request["fingerprint"], "{}", request["name"]);
            if let Some(pem) = key_pair["key_protection"]["private_key"].as_str() {
                check_pair(&private(pem), &key).unwrap();
            }
        }
    }

    #[test]
    fn a_text_over_16_kib_is_refused_unread() {
        let key = public("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHxVw4ISDfIShsHXae11VKkGG6FYEZvrww/30PxiG2ny");
        let answer = check_pair(&private(&"-".repeat(LONGEST + 1)), &key);
        assert!(matches!(answer, Err(Error::PrivateKeyUnusable { reason }) if reason == "it is longer than 16 KiB"));
    }

    #[test]
    fn checking_takes_a_fraction_of_what_proving_the_primes_would() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/kps_documentation.json")).unwrap();
        let generated = &file["generated"];
        let key = public(generated["public_key"].as_str().unwrap());
        let pem = private(generated["private_key"].as_str().unwrap());
        let best = (0..10)
            .map(|_| {
                let start = Instant::now();
                check_pair(&pem, &key).unwrap();
                start.elapsed()
            })
            .min();
        assert!(best < Some(Duration::from_millis(10)), "{best:?}");
    }
}
