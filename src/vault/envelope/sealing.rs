//! Every cipher call of the service, each with the reason for its nonce and what is lost if that reason is wrong.

use std::mem;

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::memcmp;
use openssl::pkey::Id;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rand::{rand_bytes, rand_priv_bytes};
use zeroize::Zeroizing;

use super::binding::{Binding, Context};
use super::key::Key256;
use super::key_wrapper::{DataKey, WrappedKey};
use super::stored::{self, Broken, LONGEST_TEXT, NONCE, Parts, SALT, TAG};
use crate::domain::{Error, KekId, PrivateKeyPem, Result, SealedPrivateKey, Suite};

// The purposes of what is done under a data key. Changing one makes all that is stored unreadable.
const PRIVATE_KEY: &str = "keypaird/1/private-key";
const ENCRYPTION_KEY: &str = "keypaird/1/encryption-key";
const KEY_COMMITMENT: &str = "keypaird/1/key-commitment";

/// The first byte of a data key that a local master key wrapped.
const WRAP_FORMAT: u8 = 1;

/// A fresh 256-bit key, from the generator that OpenSSL keeps apart for secrets: what salts and nonces show of the
/// public generator says nothing about it.
pub(super) fn random_key() -> Result<Key256, ErrorStack> {
    Key256::fill(|key| rand_priv_bytes(key))
}

fn random<const N: usize>() -> Result<[u8; N], ErrorStack> {
    let mut bytes = [0; N];
    rand_bytes(&mut bytes)?;
    Ok(bytes)
}

/// Seals a private key under a data key that seals nothing else. `PrivateKeyUnusable` if it is longer than any is.
pub(super) fn seal(
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
pub(super) fn seal_with(
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
pub(super) fn open(data_key: &DataKey, parts: &Parts<'_>, binding: &Binding<'_>) -> Result<PrivateKeyPem> {
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
pub(super) fn check_commitment(data_key: &DataKey, parts: &Parts<'_>, binding: &Binding<'_>) -> Result<()> {
    let context = Context::of_private_key(KEY_COMMITMENT, parts.suite, binding);
    let commitment = derive(data_key.key(), parts.salt, &context).map_err(Error::internal)?;
    if memcmp::eq(commitment.expose(), parts.commitment) { Ok(()) } else { Err(Broken::Commitment.into()) }
}

/// 16 bytes by which a data key is known again, whatever row it is used for. They are never stored.
pub(super) fn mark(data_key: &DataKey) -> Result<[u8; 16], ErrorStack> {
    let mark = derive(data_key.key(), &[0; SALT], &Context::of_mark())?;
    let mut first = [0; 16];
    first.copy_from_slice(&mark.expose()[..16]);
    Ok(first)
}

/// Wraps a data key by a local master key: format (1) | salt (32) | encrypted data key (32) | tag (16).
///
/// The nonce is all zeros because its key is used once: it is derived from the master key, a salt of 256 random bits, and
/// the row. Under the master key itself a random 96-bit nonce would be good for 2³² wrappings at most (NIST SP 800-38D),
/// and nobody counts them across replicas; 256-bit salts can be drawn without counting. Were a salt drawn twice for one
/// row, whoever reads the database would learn the XOR of that row's two data keys, and could forge wrappings of it.
pub(super) fn wrap(master: &Key256, context: &Context, data_key: &DataKey) -> Result<Vec<u8>, ErrorStack> {
    wrap_with(master, random()?, context, data_key)
}

pub(super) fn wrap_with(
    master: &Key256,
    salt: [u8; SALT],
    context: &Context,
    data_key: &DataKey,
) -> Result<Vec<u8>, ErrorStack> {
    let key = derive(master, &salt, context)?;
    let encrypted = encrypt(Cipher::aes_256_gcm(), &key, &[0; NONCE], context, data_key.key().expose())?;
    Ok([&[WRAP_FORMAT], salt.as_slice(), &encrypted].concat())
}

/// Unwraps what [`wrap`] made. That the data key is the right one is shown again by the commitment, in [`open`].
pub(super) fn unwrap(master: &Key256, context: &Context, wrapped: &[u8]) -> Result<DataKey> {
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
pub(super) fn check_value(master: &Key256, kek: &KekId) -> Result<Vec<u8>, ErrorStack> {
    Ok(derive(master, &[0; SALT], &Context::of_check_value(kek))?.expose().to_vec())
}

/// The seed of the Ed25519 key that signs the ledger's checkpoints. With a purpose of its own, it tells nothing about the
/// master key or any key that wraps.
pub(super) fn signing_seed(master: &Key256, kek: &KekId) -> Result<Key256, ErrorStack> {
    derive(master, &[0; SALT], &Context::of_signing_key(kek))
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

/// HKDF-SHA512 (RFC 5869), extract and expand, 32 bytes.
///
/// By way of `PkeyCtx`, which wipes its copies of the key. `openssl::kdf::hkdf` hands the key over in an `OSSL_PARAM`
/// block, which OpenSSL frees without wiping it.
fn derive(key: &Key256, salt: &[u8], info: &Context) -> Result<Key256, ErrorStack> {
    let mut hkdf = PkeyCtx::new_id(Id::HKDF)?;
    hkdf.derive_init()?;
    hkdf.set_hkdf_md(Md::sha512())?;
    hkdf.set_hkdf_key(key.expose())?;
    hkdf.set_hkdf_salt(salt)?;
    hkdf.add_hkdf_info(info.as_bytes())?;
    Key256::fill(|derived| hkdf.derive(Some(derived)).map(|_| ()))
}

/// The cipher of a private key. Data keys are wrapped by AES-256-GCM, whatever the suite.
fn cipher(suite: Suite) -> &'static CipherRef {
    match suite {
        Suite::Aes256GcmHkdfSha512Commit => Cipher::aes_256_gcm(),
        Suite::ChaCha20Poly1305HkdfSha512Commit => Cipher::chacha20_poly1305(),
    }
}

/// The encrypted text, as long as the text, then the 16-byte tag. The caller answers for `key` and `nonce` being used
/// once.
fn encrypt(
    cipher: &CipherRef,
    key: &Key256,
    nonce: &[u8; NONCE],
    context: &Context,
    text: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let mut ciphertext = vec![0; text.len() + TAG];
    let (body, tag) = ciphertext.split_at_mut(text.len());
    let mut aead = CipherCtx::new()?;
    aead.encrypt_init(Some(cipher), Some(key.expose()), Some(nonce))?;
    aead.cipher_update(context.as_bytes(), None)?;
    aead.cipher_update(text, Some(body))?;
    aead.cipher_final(&mut [])?;
    aead.tag(tag)?;
    Ok(ciphertext)
}

/// What [`encrypt`] encrypted; `None` if cipher, key, nonce, context, text or tag is another, or if there is no tag.
/// Nothing of the text is let out before the tag is checked.
fn decrypt(
    cipher: &CipherRef,
    key: &Key256,
    nonce: &[u8; NONCE],
    context: &Context,
    ciphertext: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorStack> {
    let Some((body, tag)) = ciphertext.split_last_chunk::<TAG>() else { return Ok(None) };
    let mut text = Zeroizing::new(vec![0; body.len()]);
    let mut aead = CipherCtx::new()?;
    aead.decrypt_init(Some(cipher), Some(key.expose()), Some(nonce))?;
    aead.cipher_update(context.as_bytes(), None)?;
    aead.cipher_update(body, Some(&mut text))?;
    aead.set_tag(tag)?;
    // The one call that fails for what was stored; the others fail for want of memory.
    Ok(aead.cipher_final(&mut []).is_ok().then_some(text))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::binding::RowIds;
    use super::*;
    use crate::domain::{InstanceId, KekProvider, KeyKind, KeyPairId, Owner, Region, UserId};

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
        let wrap = |row| {
            let context = with_binding(row, |binding| Context::of_data_key(&kek(), binding));
            wrap_with(data_key().key(), [2; SALT], &context, &data_key()).expect("wraps")
        };
        assert_ne!(wrap(1)[33..], wrap(2)[33..], "the same key stream");
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

    #[test]
    fn s05_the_context_is_authenticated_apart_from_the_key() {
        let [one, other] = [1, 2].map(|row| with_binding(row, |binding| Context::of_data_key(&kek(), binding)));
        let key = random_key().expect("draws a key");
        for cipher in SUITES.map(cipher) {
            let ciphertext = encrypt(cipher, &key, &[0; NONCE], &one, b"text").expect("encrypts");
            assert!(decrypt(cipher, &key, &[0; NONCE], &one, &ciphertext).expect("decrypts").is_some());
            assert!(decrypt(cipher, &key, &[0; NONCE], &other, &ciphertext).expect("decrypts").is_none());
        }
    }

    #[test]
    fn check_values_differ_by_key_and_by_name() {
        let check = |key: u8, name: &str| {
            let key = Key256::from_slice(&[key; 32]).expect("32 bytes");
            check_value(&key, &KekId { name: name.to_owned(), ..kek() }).expect("derives")
        };
        assert_eq!(check(1, "default"), check(1, "default"));
        assert_ne!(check(1, "default"), check(2, "default"));
        assert_ne!(check(1, "default"), check(1, "other"));
    }
}
