//! X.509 certificates as key pairs (Nova's `type: x509`).

use openssl::asn1::{Asn1Integer, Asn1Object, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKeyRef, Private};
use openssl::x509::extension::{ExtendedKeyUsage, SubjectAlternativeName, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

use super::blob::Blob;
use super::wire::Reason;
use super::{Algorithm, FreshKey, Generated, PublicKey, der, fingerprint, pem, pkcs12, public_key};
use crate::domain::{Error, KeyKind, PrivateKeyPem, Result, Timestamp, UserId};

/// Of the recorded certificates.
const DAYS_VALID: i64 = 3650;
/// X.509 version 3 is written as 2.
const VERSION_3: i32 = 2;
/// Microsoft's user principal name, by which Windows maps a certificate to an account.
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";
/// RFC 5280, appendix A: ub-common-name.
const LONGEST_COMMON_NAME: usize = 64;

/// The first PEM certificate in the text decides; a private key beside it is refused.
///
/// As Nova does (recorded), takes text around it, line breaks anywhere and the label `X509 CERTIFICATE`. Unlike Nova,
/// takes only certificates of RSA, ECDSA (P-256, P-384, P-521) and Ed25519 keys.
pub fn parse_certificate(text: &str) -> Result<PublicKey> {
    let der = find(text).map_err(public_key::unusable)?;
    let key = key_in(&der).map_err(public_key::unusable)?;
    describe(text.to_owned(), key, &der)
}

/// The public key of the certificate in the text.
pub(super) fn key_of(text: &str) -> Result<Blob, Reason> {
    key_in(&find(text)?)
}

/// The DER of the first certificate in the text.
fn find(text: &str) -> Result<Vec<u8>, Reason> {
    public_key::check_text(text)?;
    let document = pem::Document::parse(text)?;
    if document.blocks.is_empty() {
        return Err("it is not in PEM");
    }
    let is_certificate = |block: &&pem::Block<'_>| matches!(block.label, "CERTIFICATE" | "X509 CERTIFICATE");
    let block = document.blocks.iter().find(is_certificate).ok_or("it has no PEM block of a certificate")?;
    Ok(std::mem::take(&mut *block.decode()?))
}

fn key_in(der: &[u8]) -> Result<Blob, Reason> {
    const NOT_A_CERTIFICATE: Reason = "its DER is not that of an X.509 certificate";
    if !der::is_one_sequence(der) {
        return Err(NOT_A_CERTIFICATE);
    }
    let certificate = X509::from_der(der).map_err(|_| NOT_A_CERTIFICATE)?;
    let key = certificate.public_key().map_err(|_| "the key in the certificate cannot be read")?;
    match Blob::of(&key) {
        Ok(Some(blob)) => Ok(blob),
        Ok(None) | Err(_) => Err("the key in the certificate is not RSA, ECDSA (P-256, P-384, P-521) or Ed25519"),
    }
}

fn describe(text: String, key: Blob, der: &[u8]) -> Result<PublicKey> {
    Ok(PublicKey {
        kind: KeyKind::X509,
        algorithm: key.algorithm,
        text,
        fingerprint: fingerprint::sha1_pairs(der)?,
        fingerprint_sha256: fingerprint::sha256(der)?,
    })
}

/// The key of the recorded certificates.
pub const CERTIFICATE_ALGORITHM: Algorithm = Algorithm::Rsa2048;

/// Nova's x509 key pair: a self-signed certificate for `user` with `key`, which is a [`CERTIFICATE_ALGORITHM`], and a base64
/// PKCS#12 with an empty password.
///
/// A user id of more than 64 characters does not fit into a common name and is `Error::Invalid`: cut short, two users'
/// certificates could bear the same name.
pub fn certify(key: &FreshKey, user: &UserId) -> Result<Generated> {
    if user.as_str().chars().count() > LONGEST_COMMON_NAME {
        let reason = format!("has more than the {LONGEST_COMMON_NAME} characters that a certificate's name may have");
        return Err(Error::Invalid { field: "user_id", reason });
    }
    let key = key.key();
    let certificate = self_signed(user.as_str(), key).map_err(Error::internal)?;
    let pkcs12 = pkcs12::seal(key, &certificate).map_err(Error::internal)?;
    let text = certificate.to_pem().map_err(Error::internal)?;
    let text = String::from_utf8(text).map_err(Error::internal)?;
    let public_key = parse_certificate(&text)?;
    Ok(Generated { public_key, private_key: PrivateKeyPem::new(pkcs12) })
}

/// The certificate with the attributes of the recorded ones, in their order.
fn self_signed(user: &str, key: &PKeyRef<Private>) -> Result<X509, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, user)?;
    let name = name.build();
    let mut builder = X509Builder::new()?;
    builder.set_version(VERSION_3)?;
    builder.set_serial_number(&*serial()?)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    let now = Timestamp::now().as_micros() / 1_000_000;
    builder.set_not_before(&*Asn1Time::from_unix(now)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(now + DAYS_VALID * 24 * 60 * 60)?)?;
    builder.set_pubkey(key)?;
    builder.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
    let principal = der::encode(der::UTF8_STRING, format!("{user}@localhost").as_bytes());
    let alternative = SubjectAlternativeName::new()
        .other_name2(Asn1Object::from_str(UPN)?, &principal)
        .build(&builder.x509v3_context(None, None))?;
    builder.append_extension(alternative)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// 159 random bits: as many as 20 octets hold without a sign (RFC 5280, section 4.1.2.2).
fn serial() -> Result<Asn1Integer, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(159, MsbOption::MAYBE_ZERO, false)?;
    serial.to_asn1_integer()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::ssh::check_pair;

    #[test]
    fn certificates_are_taken_and_refused_as_a_real_nova_was_seen_to() {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/ssh_certificates.json")).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 20);
        for case in cases {
            let (name, text) = (&case["name"], case["public_key"].as_str().unwrap());
            let parsed = parse_certificate(text);
            assert_eq!(parsed.is_ok(), case["accepted"].as_bool().unwrap(), "{name}: {parsed:?}");
            if let Ok(key) = parsed {
                assert_eq!(key.fingerprint.as_str(), case["nova"].as_str().unwrap(), "{name}");
                assert_eq!((key.kind, key.text.as_str()), (KeyKind::X509, text), "{name}");
            }
        }
    }

    fn generate_certificate(user: &UserId) -> Result<Generated> {
        certify(&FreshKey::generate(CERTIFICATE_ALGORITHM)?, user)
    }

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    fn recorded() -> Value {
        let text = include_str!("../../tests/vectors/ssh_generated_certificate.json");
        serde_json::from_str::<Value>(text).unwrap()["keypair"].clone()
    }

    /// The printed certificate without the lines that are another's in each: numbers, dates, key, hashes.
    fn shape(pem: &str) -> Vec<String> {
        let text = X509::from_pem(pem.as_bytes()).unwrap().to_text().unwrap();
        let text = String::from_utf8(text).unwrap();
        let is_hex = |line: &str| line.chars().all(|c| c == ':' || c == ' ' || c.is_ascii_hexdigit());
        let is_own = |line: &str| line.contains("GMT") || is_hex(line);
        text.lines().filter(|line| !is_own(line)).map(str::to_owned).collect()
    }

    #[test]
    fn a_generated_certificate_has_the_attributes_of_a_recorded_one() {
        let recorded = recorded();
        let made = generate_certificate(&user(recorded["user_id"].as_str().unwrap())).unwrap();
        let (made, nova) = (made.public_key.text, recorded["public_key"].as_str().unwrap());
        assert_eq!(shape(&made), shape(nova));
        assert!(shape(&made).iter().any(|line| line.contains("UPN:")), "{:?}", shape(&made));
        for pem in [made.as_str(), nova] {
            let certificate = X509::from_pem(pem.as_bytes()).unwrap();
            let span = certificate.not_before().diff(certificate.not_after()).unwrap();
            assert_eq!((span.days, span.secs), (3650, 0));
            assert_eq!(certificate.version(), VERSION_3);
            assert!(certificate.verify(&certificate.public_key().unwrap()).unwrap());
            assert_eq!(certificate.subject_key_id().unwrap().len(), 20);
        }
    }

    #[test]
    fn the_recorded_fingerprint_is_computed_again() {
        let recorded = recorded();
        let key = parse_certificate(recorded["public_key"].as_str().unwrap()).unwrap();
        assert_eq!(key.fingerprint.as_str(), recorded["fingerprint"]);
        assert_eq!(key.algorithm.to_string(), "rsa-2048");
    }

    #[test]
    fn a_generated_certificate_and_its_pkcs12_belong_together_and_to_no_other() {
        let (one, two) = (generate_certificate(&user("u1")).unwrap(), generate_certificate(&user("u1")).unwrap());
        check_pair(&one.private_key, &one.public_key).unwrap();
        assert!(matches!(check_pair(&one.private_key, &two.public_key), Err(Error::PrivateKeyMismatch)));
        assert!(!one.private_key.expose().contains('\n'));
    }

    #[test]
    fn a_user_id_that_does_not_fit_into_a_name_is_refused() {
        assert!(generate_certificate(&user(&"é".repeat(64))).is_ok());
        let answer = generate_certificate(&user(&"é".repeat(65)));
        assert!(matches!(answer, Err(Error::Invalid { field: "user_id", .. })));
    }

    #[test]
    fn bytes_behind_the_der_are_refused() {
        let nova = recorded()["public_key"].as_str().unwrap().to_owned();
        let der = [find(&nova).unwrap(), vec![0]].concat();
        let pem = String::from_utf8(pem::encode("CERTIFICATE", &der, 64)).unwrap();
        assert!(parse_certificate(&pem).is_err());
    }
}
