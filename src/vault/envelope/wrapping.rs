//! Data keys under key-encryption keys, and what else comes from a master key.

use openssl::cipher::Cipher;
use openssl::error::ErrorStack;

use super::primitives::{decrypt, derive, encrypt, random};
use crate::domain::{Error, KekId, Result};
use crate::vault::binding::Context;
use crate::vault::key::Key256;
use crate::vault::key_wrapper::DataKey;
use crate::vault::stored::{self, Broken, NONCE, SALT};

/// The first byte of a data key that a local master key wrapped.
const WRAP_FORMAT: u8 = 1;

/// Wraps a data key by a local master key: format (1) | salt (32) | encrypted data key (32) | tag (16).
///
/// The nonce is all zeros because its key is used once: it is derived from the master key, a salt of 256 random bits, and
/// the row. Under the master key itself a random 96-bit nonce would be good for 2³² wrappings at most (NIST SP 800-38D),
/// and nobody counts them across replicas; 256-bit salts can be drawn without counting. Were a salt drawn twice for one
/// row, whoever reads the database would learn the XOR of that row's two data keys, and could forge wrappings of it.
pub(in crate::vault) fn wrap(master: &Key256, context: &Context, data_key: &DataKey) -> Result<Vec<u8>, ErrorStack> {
    wrap_with(master, random()?, context, data_key)
}

pub(in crate::vault) fn wrap_with(
    master: &Key256,
    salt: [u8; SALT],
    context: &Context,
    data_key: &DataKey,
) -> Result<Vec<u8>, ErrorStack> {
    let key = derive(master, &salt, context)?;
    let encrypted = encrypt(Cipher::aes_256_gcm(), &key, &[0; NONCE], context, data_key.key().expose())?;
    Ok([&[WRAP_FORMAT], salt.as_slice(), &encrypted].concat())
}

/// Unwraps what [`wrap`] made. That the data key is the right one is shown again by the commitment, in [`super::open`].
pub(in crate::vault) fn unwrap(master: &Key256, context: &Context, wrapped: &[u8]) -> Result<DataKey> {
    let [format, rest @ ..] = stored::wrapped_locally(wrapped)?;
    if *format != WRAP_FORMAT {
        return Err(Broken::WrapFormat.into());
    }
    let (salt, encrypted) = rest.split_at(SALT);
    let key = derive(master, salt, context).map_err(Error::internal)?;
    let data_key = decrypt(Cipher::aes_256_gcm(), &key, &[0; NONCE], context, encrypted).map_err(Error::internal)?;
    let data_key = data_key.and_then(|bytes| Key256::from_slice(&bytes)).ok_or(Broken::Wrapping)?;
    Ok(DataKey::new(data_key))
}

/// 32 bytes by which a master key is known again. They come from HKDF with a purpose of their own, so that they tell
/// nothing about the key, nor about any key that is derived from it. The salt is RFC 5869's for none: zeros.
pub(in crate::vault) fn check_value(master: &Key256, kek: &KekId) -> Result<Vec<u8>, ErrorStack> {
    Ok(derive(master, &[0; SALT], &Context::of_check_value(kek))?.expose().to_vec())
}

/// The seed of the Ed25519 key that signs the ledger's checkpoints. With a purpose of its own, it tells nothing about the
/// master key or any key that wraps.
pub(in crate::vault) fn signing_seed(master: &Key256, kek: &KekId) -> Result<Key256, ErrorStack> {
    derive(master, &[0; SALT], &Context::of_signing_key(kek))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{InstanceId, KekProvider, KeyKind, KeyPairId, Owner, ProjectId, Region};
    use crate::vault::{Binding, RowIds};

    fn key(number: u8) -> Key256 {
        Key256::from_slice(&[number; 32]).expect("32 bytes")
    }

    fn kek(name: &str) -> KekId {
        KekId { provider: KekProvider::Local, name: name.to_owned(), version: 1 }
    }

    fn demo() -> ProjectId {
        ProjectId::parse("demo").expect("is a project id")
    }

    #[test]
    fn s12_a_random_generator_that_repeats_itself_still_wraps_two_rows_under_two_keys() {
        let (region, owner) = (Region::parse("RegionOne").expect("is a region"), Owner::Project(demo()));
        let wrap = |row| {
            let instance = InstanceId::from_uuid(Uuid::from_u128(1));
            let key_pair = KeyPairId::from_uuid(Uuid::from_u128(row));
            let row = RowIds { instance, region: &region, owner: &owner, project: None, key_pair };
            let binding = Binding { row, kind: KeyKind::Ssh, public_key: "ssh-ed25519 AAAA" };
            let context = Context::of_data_key(&kek("default"), &binding);
            wrap_with(&key(1), [2; SALT], &context, &DataKey::new(key(1))).expect("wraps")
        };
        assert_ne!(wrap(1)[33..], wrap(2)[33..], "the same key stream");
    }

    #[test]
    fn check_values_differ_by_key_and_by_name() {
        let check = |number, name| check_value(&key(number), &kek(name)).expect("derives");
        assert_eq!(check(1, "default"), check(1, "default"));
        assert_ne!(check(1, "default"), check(2, "default"));
        assert_ne!(check(1, "default"), check(1, "other"));
    }
}
