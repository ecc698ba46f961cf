//! OpenSSH certificates (OpenSSH's PROTOCOL.certkeys): a public key with what an authority says of it.

use super::blob::{Blob, read_key};
use super::key_type::{Form, KeyType};
use super::wire::{Reader, Reason};

/// Reads what follows the type's name: a nonce, the key, what is certified, the authority's key and its signature.
///
/// Each part must have its form, as Nova demands. The signature is not verified: that is for whoever trusts the
/// authority, and the certificate is kept here only to be handed out again.
pub(super) fn read(reader: &mut Reader<'_>, key_type: KeyType) -> Result<Blob, Reason> {
    let _nonce = reader.string()?;
    let key = read_key(reader, key_type)?;
    let _serial = reader.u64()?;
    if !matches!(reader.u32()?, 1 | 2) {
        return Err("the certificate is neither a user's nor a host's");
    }
    let _key_id = reader.string()?;
    check_principals(reader.string()?)?;
    let (_valid_after, _valid_before) = (reader.u64()?, reader.u64()?);
    check_options(reader.string()?)?;
    check_options(reader.string()?)?;
    let _reserved = reader.string()?;
    check_signature(reader.string()?, reader.string()?)?;
    Ok(key)
}

fn check_principals(bytes: &[u8]) -> Result<(), Reason> {
    let mut names = Reader::new(bytes);
    while !names.is_at_end() {
        names.string()?;
    }
    Ok(())
}

/// Pairs of a name and a value in a string of its own, or empty; names ascend and none comes twice.
fn check_options(bytes: &[u8]) -> Result<(), Reason> {
    let mut options = Reader::new(bytes);
    let mut last: Option<&[u8]> = None;
    while !options.is_at_end() {
        let name = options.string()?;
        if last.is_some_and(|last| last >= name) {
            return Err("the certificate's options are not in order");
        }
        last = Some(name);
        let value = options.string()?;
        if !value.is_empty() {
            let mut inner = Reader::new(value);
            inner.string()?;
            inner.end()?;
        }
    }
    Ok(())
}

/// The authority's key is a plain one, and the signature is of an algorithm that belongs to it.
fn check_signature(authority: &[u8], signature: &[u8]) -> Result<(), Reason> {
    let word = Reader::new(authority).string()?;
    let Some((key_type, Form::Plain)) = KeyType::parse(word) else {
        return Err("the certificate's authority has a key of an unknown type");
    };
    Blob::read(word, authority)?;
    let mut signature = Reader::new(signature);
    let algorithm = signature.string()?;
    let belongs = match key_type {
        KeyType::Rsa => matches!(algorithm, b"rsa-sha2-512" | b"rsa-sha2-256" | b"ssh-rsa"),
        KeyType::Dsa | KeyType::Ed25519 | KeyType::Ecdsa(_) | KeyType::SkEd25519 | KeyType::SkEcdsaP256 => {
            algorithm == word
        }
    };
    if !belongs {
        return Err("the certificate's signature is not of its authority's type");
    }
    signature.string()?;
    // Signatures by security keys are followed by the token's flags and counter (PROTOCOL.u2f).
    if matches!(key_type, KeyType::SkEd25519 | KeyType::SkEcdsaP256) {
        return Ok(());
    }
    signature.end()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::wire::{put_string, put_u32};
    use super::*;
    use crate::ssh::parse_ssh;

    #[test]
    fn certificates_of_every_key_type_are_taken_with_the_fingerprint_of_the_whole() {
        let text = include_str!("../../tests/vectors/ssh_keygen_certificates.json");
        let file: Value = serde_json::from_str(text).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 8);
        for case in cases {
            let key = parse_ssh(case["public_key"].as_str().unwrap(), 0).unwrap();
            assert_eq!(key.algorithm.to_string(), case["algorithm"], "{}", case["name"]);
            assert_eq!(key.fingerprint.as_str(), case["fingerprint"], "{}", case["name"]);
        }
    }

    fn strings(fields: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        fields.iter().for_each(|field| put_string(&mut out, field));
        out
    }

    /// What follows the type in an Ed25519 certificate by an Ed25519 authority.
    fn read_with(kind: u32, options: &[&[u8]], algorithm: &[u8]) -> Result<Blob, Reason> {
        let mut bytes = strings(&[b"nonce", &[1; 32]]);
        bytes.extend([0; 8]);
        put_u32(&mut bytes, kind);
        bytes.extend(strings(&[b"id", &strings(&[b"root"])]));
        bytes.extend([0; 16]);
        bytes.extend(strings(&[&strings(options), b"", b""]));
        bytes.extend(strings(&[&strings(&[b"ssh-ed25519", &[2; 32]]), &strings(&[algorithm, &[3; 64]])]));
        let mut reader = Reader::new(&bytes);
        let key = read(&mut reader, KeyType::Ed25519)?;
        reader.end().map(|()| key)
    }

    #[test]
    fn what_is_certified_must_have_its_form() {
        let inner = strings(&[b"value"]);
        let (own, order): (&[u8], _) = (b"ssh-ed25519", Err("the certificate's options are not in order"));
        assert!(read_with(1, &[], own).is_ok());
        assert!(read_with(2, &[b"a", b"", b"b", &inner], own).is_ok());
        assert_eq!(read_with(3, &[], own), Err("the certificate is neither a user's nor a host's"));
        assert_eq!(read_with(1, &[b"b", b"", b"a", b""], own), order);
        assert_eq!(read_with(1, &[b"a", b"", b"a", b""], own), order);
        assert_eq!(read_with(1, &[b"a", b"value"], own), Err("the key data end early"));
        assert_eq!(read_with(1, &[b"a"], own), Err("the key data end early"));
        assert_eq!(read_with(1, &[], b"ssh-rsa"), Err("the certificate's signature is not of its authority's type"));
    }
}
