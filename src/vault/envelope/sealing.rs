//! Private keys under data keys.

use std::mem;

use openssl::cipher::{Cipher, CipherRef};
use openssl::error::ErrorStack;
use openssl::memcmp;
use zeroize::Zeroizing;

use super::primitives::{decrypt, derive, encrypt, random};
use crate::domain::{Error, PrivateKeyPem, Result, SealedPrivateKey, Suite};
use crate::vault::binding::{Binding, Context};
use crate::vault::key::Key256;
use crate::vault::key_wrapper::{DataKey, WrappedKey};
use crate::vault::stored::{Broken, LONGEST_TEXT, NONCE, Parts, SALT};

// The purposes of what is done under a data key. Changing one makes all that is stored unreadable.
const PRIVATE_KEY: &str = "keypaird/1/private-key";
const ENCRYPTION_KEY: &str = "keypaird/1/encryption-key";
const KEY_COMMITMENT: &str = "keypaird/1/key-commitment";

/// Seals a private key under a data key that seals nothing else. `PrivateKeyUnusable` if it is longer than any is.
pub(in crate::vault) fn seal(
    suite: Suite,
    data_key: &DataKey,
    wrapped: WrappedKey,
    binding: &Binding<'_>,
    private_key: &PrivateKeyPem,
) -> Result<SealedPrivateKey> {
    if private_key.expose().len() > LONGEST_TEXT {
        return Err(Error::PrivateKeyUnusable { reason: format!("it has more than {LONGEST_TEXT} bytes") });
    }
    let (salt, nonce) = (random().map_err(Error::internal)?, random().map_err(Error::internal)?);
    seal_with(suite, data_key, wrapped, salt, nonce, binding, private_key).map_err(Error::internal)
}

/// Any nonce would do: its key is used once. The key comes from a data key and a salt that are drawn afresh for this one
/// encryption, and from the row's id, so that even a random generator that repeats itself (a virtual machine started
/// twice from one snapshot) gives two rows two keys. Were a key used twice with one nonce, whoever reads the database
/// would learn the XOR of two private keys and could forge ciphertexts under that key. So the nonce is random all the
/// same: it is the net below a later change that seals twice under one data key and salt. It is so for both suites.
pub(in crate::vault) fn seal_with(
    suite: Suite,
    data_key: &DataKey,
    wrapped: WrappedKey,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    binding: &Binding<'_>,
    private_key: &PrivateKeyPem,
) -> Result<SealedPrivateKey, ErrorStack> {
    let Derived { key, commitment } = derive_both(data_key, &salt, suite, binding)?;
    let context = Context::of_private_key(PRIVATE_KEY, suite, binding);
    let ciphertext = encrypt(cipher(suite), &key, &nonce, &context, private_key.expose().as_bytes())?;
    Ok(SealedPrivateKey {
        suite,
        kek: wrapped.kek,
        kek_alias: wrapped.alias,
        wrapped_data_key: wrapped.bytes,
        salt: salt.to_vec(),
        commitment: commitment.expose().to_vec(),
        nonce: nonce.to_vec(),
        ciphertext,
    })
}

/// Opens what [`seal`] made.
///
/// The commitment comes before the cipher: neither AES-GCM nor ChaCha20-Poly1305 commits to its key, so that a ciphertext
/// can be crafted which opens under two keys as two texts. Whoever writes rows, and can have two data keys of their own choice wrapped (at a
/// KMS, anyone who may encrypt there), would choose by the wrapping alone which text comes out, with every tag right.
/// Two data keys with one 256-bit commitment take 2¹²⁸ tries to find. The comparison takes the same time wherever the
/// bytes differ, so that nobody can feel their way to a commitment.
pub(in crate::vault) fn open(data_key: &DataKey, parts: &Parts<'_>, binding: &Binding<'_>) -> Result<PrivateKeyPem> {
    let Parts { suite, salt, commitment, nonce, ciphertext } = *parts;
    let derived = derive_both(data_key, salt, suite, binding).map_err(Error::internal)?;
    if !memcmp::eq(derived.commitment.expose(), commitment) {
        return Err(Broken::Commitment.into());
    }
    let context = Context::of_private_key(PRIVATE_KEY, suite, binding);
    let text = decrypt(cipher(suite), &derived.key, nonce, &context, ciphertext).map_err(Error::internal)?;
    let mut text = text.ok_or(Broken::Ciphertext)?;
    match String::from_utf8(mem::take(&mut *text)) {
        Ok(text) => Ok(PrivateKeyPem::new(text)),
        Err(not_text) => {
            drop(Zeroizing::new(not_text.into_bytes()));
            Err(Broken::NotText.into())
        }
    }
}

/// Whether a data key is the one that the row's private key is sealed under: [`open`] without opening. Of the data key
/// only the commitment is derived.
pub(in crate::vault) fn check_commitment(data_key: &DataKey, parts: &Parts<'_>, binding: &Binding<'_>) -> Result<()> {
    let context = Context::of_private_key(KEY_COMMITMENT, parts.suite, binding);
    let commitment = derive(data_key.key(), parts.salt, &context).map_err(Error::internal)?;
    if memcmp::eq(commitment.expose(), parts.commitment) { Ok(()) } else { Err(Broken::Commitment.into()) }
}

/// 16 bytes by which a data key is known again, whatever row it is used for. They are never stored.
pub(in crate::vault) fn mark(data_key: &DataKey) -> Result<[u8; 16], ErrorStack> {
    let mark = derive(data_key.key(), &[0; SALT], &Context::of_mark())?;
    let mut first = [0; 16];
    first.copy_from_slice(&mark.expose()[..16]);
    Ok(first)
}

/// What a data key is good for: the key of one ciphertext, and what proves it before it is used.
struct Derived {
    key: Key256,
    commitment: Key256,
}

fn derive_both(
    data_key: &DataKey,
    salt: &[u8; SALT],
    suite: Suite,
    binding: &Binding<'_>,
) -> Result<Derived, ErrorStack> {
    let derive = |purpose| derive(data_key.key(), salt, &Context::of_private_key(purpose, suite, binding));
    Ok(Derived { key: derive(ENCRYPTION_KEY)?, commitment: derive(KEY_COMMITMENT)? })
}

/// The cipher of a private key. Data keys are wrapped by AES-256-GCM, whatever the suite.
fn cipher(suite: Suite) -> &'static CipherRef {
    match suite {
        Suite::Aes256GcmHkdfSha512Commit => Cipher::aes_256_gcm(),
        Suite::ChaCha20Poly1305HkdfSha512Commit => Cipher::chacha20_poly1305(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{InstanceId, KekId, KekProvider, KeyKind, KeyPairId, Owner, Region, UserId};
    use crate::vault::RowIds;

    /// Seals with everything that is drawn at random held still, for a row that differs in its id alone.
    fn with_binding<T>(row: u128, act: impl FnOnce(&Binding<'_>) -> T) -> T {
        act(&Binding {
            row: RowIds {
                instance: InstanceId::from_uuid(Uuid::from_u128(1)),
                region: &Region::parse("RegionOne").expect("is a region"),
                owner: &Owner::User(UserId::parse("alice").expect("is a user id")),
                project: None,
                key_pair: KeyPairId::from_uuid(Uuid::from_u128(row)),
            },
            kind: KeyKind::Ssh,
            public_key: "ssh-ed25519 AAAA",
        })
    }

    fn data_key() -> DataKey {
        DataKey::new(Key256::from_slice(&[1; 32]).expect("32 bytes"))
    }

    fn kek() -> KekId {
        KekId { provider: KekProvider::Local, name: "default".to_owned(), version: 1 }
    }

    const SUITES: [Suite; 2] = [Suite::Aes256GcmHkdfSha512Commit, Suite::ChaCha20Poly1305HkdfSha512Commit];

    fn seal_row(suite: Suite, row: u128) -> SealedPrivateKey {
        let wrapped = WrappedKey { kek: kek(), alias: None, bytes: Vec::new() };
        let key = PrivateKeyPem::new("text".to_owned());
        with_binding(row, |binding| seal_with(suite, &data_key(), wrapped, [2; SALT], [3; NONCE], binding, &key))
            .expect("seals")
    }

    fn open_row(row: u128, sealed: &SealedPrivateKey) -> Result<PrivateKeyPem> {
        with_binding(row, |binding| open(&data_key(), &Parts::of(sealed)?, binding))
    }

    #[test]
    fn s12_a_random_generator_that_repeats_itself_still_gives_two_rows_two_keys() {
        for suite in SUITES {
            let (one, other) = (seal_row(suite, 1), seal_row(suite, 2));
            assert_ne!(one.commitment, other.commitment);
            assert_ne!(one.ciphertext[..4], other.ciphertext[..4], "the same key stream");
        }
    }

    #[test]
    fn s05_the_right_data_key_does_not_open_another_row() {
        let broken = |opened: Result<PrivateKeyPem>| opened.expect_err("is refused");
        for suite in SUITES {
            let (one, other) = (seal_row(suite, 1), seal_row(suite, 2));
            assert_eq!(open_row(1, &one).expect("opens").expose(), "text");
            assert!(matches!(broken(open_row(2, &one)), Error::Integrity(e) if e.to_string().contains("commitment")));
            let moved = SealedPrivateKey { commitment: other.commitment, ..one };
            assert!(matches!(broken(open_row(2, &moved)), Error::Integrity(e) if e.to_string().contains("ciphertext")));
        }
    }

    #[test]
    fn s10_another_suites_number_opens_nothing_with_the_right_data_key() {
        let [aes, chacha] = SUITES.map(|suite| seal_row(suite, 1));
        let broken = |sealed: &SealedPrivateKey| open_row(1, sealed).expect_err("is refused").with_cause();
        let renamed = SealedPrivateKey { suite: chacha.suite, ..aes };
        assert!(broken(&renamed).contains("commitment"));
        let renamed = SealedPrivateKey { commitment: chacha.commitment, ..renamed };
        assert!(broken(&renamed).contains("ciphertext"));
    }
}
