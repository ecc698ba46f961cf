//! Fingerprints of public keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use openssl::hash::{MessageDigest, hash};

use crate::domain::{Error, Fingerprint, Result};

/// MD5 as 16 colon-separated hex pairs: what Nova and KPS show of an OpenSSH key blob (recorded, seed).
pub(super) fn md5_pairs(bytes: &[u8]) -> Result<Fingerprint> {
    pairs(MessageDigest::md5(), bytes)
}

/// SHA-1 as 20 colon-separated hex pairs: what Nova shows of a certificate's DER (recorded).
pub(super) fn sha1_pairs(bytes: &[u8]) -> Result<Fingerprint> {
    pairs(MessageDigest::sha1(), bytes)
}

/// `SHA256:<base64 without padding>`, as OpenSSH writes it since 6.8.
pub(super) fn sha256(bytes: &[u8]) -> Result<Fingerprint> {
    let digest = hash(MessageDigest::sha256(), bytes).map_err(Error::internal)?;
    Ok(Fingerprint::from_written(format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))))
}

fn pairs(algorithm: MessageDigest, bytes: &[u8]) -> Result<Fingerprint> {
    let digest = hash(algorithm, bytes).map_err(Error::internal)?;
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Fingerprint::from_written(pairs.join(":")))
}
