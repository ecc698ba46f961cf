//! PKCS#12 files with an empty password (RFC 7292): how Nova hands out the private key of a certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::x509::X509Ref;
use zeroize::Zeroizing;

use super::der::{CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, Values, encode, is_one_sequence};
use super::pem::decode_base64;
use super::wire::Reason;

/// Rounds of PBKDF2, as recorded from Nova 34. With an empty password they protect nothing.
const ROUNDS: u32 = 2048;
/// A file may name any number up to 2³¹, and with it keep a processor busy for an hour; ten times ours is enough.
const MAX_ROUNDS: u64 = 20_480;

/// pkcs7-data, 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// pkcs8ShroudedKeyBag, 1.2.840.113549.1.12.10.1.2
const SHROUDED_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];
/// PBES2, 1.2.840.113549.1.5.13
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// PBKDF2, 1.2.840.113549.1.5.12
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];

/// The certificate and its key in base64 on one line: PBES2 with AES-256-CBC, HMAC-SHA256 over all (recorded).
pub(super) fn seal(key: &PKeyRef<Private>, certificate: &X509Ref) -> Result<String, ErrorStack> {
    let file = Pkcs12::builder()
        .pkey(key)
        .cert(certificate)
        .key_algorithm(Nid::AES_256_CBC)
        .cert_algorithm(Nid::AES_256_CBC)
        .key_iter(ROUNDS)
        .mac_iter(ROUNDS)
        .build2("")?;
    // An empty password protects nothing: these bytes are as secret as the key.
    let der = Zeroizing::new(file.to_der()?);
    Ok(STANDARD.encode(&*der))
}

/// The private key of such a file. Its certificate and its MAC are not looked at: the key is compared with the
/// certificate that came as the public key, and a MAC under an empty password says nothing.
pub(super) fn open(base64: &str) -> Result<PKey<Private>, Reason> {
    const UNREADABLE: Reason = "it is neither in PEM nor a base64 PKCS#12 with one private key";
    let file = decode_base64(base64).map_err(|_| UNREADABLE)?;
    if !is_one_sequence(&file) {
        return Err(UNREADABLE);
    }
    let shrouded = find_shrouded_key(&file).ok_or(UNREADABLE)?;
    if rounds(shrouded).is_none_or(|rounds| rounds > MAX_ROUNDS) {
        return Err("its PKCS#12 is not protected by PBES2 with at most 20480 rounds of PBKDF2");
    }
    let encrypted = encode(SEQUENCE, shrouded);
    PKey::private_key_from_pkcs8_passphrase(&encrypted, b"").map_err(|_| "its PKCS#12 has a password, or is damaged")
}

/// The content of the first EncryptedPrivateKeyInfo. Walking there, and not through OpenSSL's reader of whole files,
/// is what makes it possible to look at the rounds before they are run.
fn find_shrouded_key(file: &[u8]) -> Option<&[u8]> {
    let mut pfx = Values::new(file).enter(SEQUENCE)?;
    pfx.next(INTEGER)?;
    let mut parts = enter_data(pfx.enter(SEQUENCE)?)?.enter(SEQUENCE)?;
    while let Some(part) = parts.enter(SEQUENCE) {
        // Parts of other types are encrypted as a whole; in practice they hold the certificates.
        let Some(mut bags) = enter_data(part).and_then(|mut content| content.enter(SEQUENCE)) else { continue };
        while let Some(mut bag) = bags.enter(SEQUENCE) {
            if bag.next(OID)? == SHROUDED_KEY {
                return bag.enter(CONTEXT_0)?.next(SEQUENCE);
            }
        }
    }
    None
}

/// ContentInfo of type data: `OID, [0] { OCTET STRING }`.
fn enter_data(mut content_info: Values<'_>) -> Option<Values<'_>> {
    if content_info.next(OID)? != DATA {
        return None;
    }
    content_info.enter(CONTEXT_0)?.enter(OCTET_STRING)
}

/// The rounds that an EncryptedPrivateKeyInfo asks for; `None` unless it is by PBES2 with PBKDF2 (RFC 8018).
fn rounds(shrouded: &[u8]) -> Option<u64> {
    let mut algorithm = Values::new(shrouded).enter(SEQUENCE)?;
    if algorithm.next(OID)? != PBES2 {
        return None;
    }
    let mut derivation = algorithm.enter(SEQUENCE)?.enter(SEQUENCE)?;
    if derivation.next(OID)? != PBKDF2 {
        return None;
    }
    let mut parameters = derivation.enter(SEQUENCE)?;
    parameters.next(OCTET_STRING)?;
    let rounds = parameters.next(INTEGER)?;
    if rounds.len() > 8 {
        return None;
    }
    Some(rounds.iter().fold(0, |rounds, &octet| rounds << 8 | u64::from(octet)))
}
