//! HKDF, the ciphers and random bytes, as OpenSSL has them. None of them chooses a nonce.

use openssl::cipher::CipherRef;
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::Id;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rand::{rand_bytes, rand_priv_bytes};
use zeroize::Zeroizing;

use crate::vault::binding::Context;
use crate::vault::key::Key256;
use crate::vault::stored::{NONCE, TAG};

/// A fresh 256-bit key, from the generator that OpenSSL keeps apart for secrets: what salts and nonces show of the
/// public generator says nothing about it.
pub(in crate::vault) fn random_key() -> Result<Key256, ErrorStack> {
    Key256::fill(|key| rand_priv_bytes(key))
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], ErrorStack> {
    let mut bytes = [0; N];
    rand_bytes(&mut bytes)?;
    Ok(bytes)
}

/// HKDF-SHA512 (RFC 5869), extract and expand, 32 bytes.
///
/// By way of `PkeyCtx`, which wipes its copies of the key. `openssl::kdf::hkdf` hands the key over in an `OSSL_PARAM`
/// block, which OpenSSL frees without wiping it.
pub(super) fn derive(key: &Key256, salt: &[u8], info: &Context) -> Result<Key256, ErrorStack> {
    let mut hkdf = PkeyCtx::new_id(Id::HKDF)?;
    hkdf.derive_init()?;
    hkdf.set_hkdf_md(Md::sha512())?;
    hkdf.set_hkdf_key(key.expose())?;
    hkdf.set_hkdf_salt(salt)?;
    hkdf.add_hkdf_info(info.as_bytes())?;
    Key256::fill(|derived| hkdf.derive(Some(derived)).map(|_| ()))
}

/// The encrypted text, as long as the text, then the 16-byte tag. The caller answers for `key` and `nonce` being used
/// once.
pub(super) fn encrypt(
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
pub(super) fn decrypt(
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
    use openssl::cipher::Cipher;

    use super::*;
    use crate::domain::{KekId, KekProvider};

    fn context(name: &str) -> Context {
        Context::of_check_value(&KekId { provider: KekProvider::Local, name: name.to_owned(), version: 1 })
    }

    #[test]
    fn s05_the_context_is_authenticated_apart_from_the_key() {
        let [one, other] = ["one", "other"].map(context);
        let key = random_key().expect("draws a key");
        for cipher in [Cipher::aes_256_gcm(), Cipher::chacha20_poly1305()] {
            let ciphertext = encrypt(cipher, &key, &[0; NONCE], &one, b"text").expect("encrypts");
            assert!(decrypt(cipher, &key, &[0; NONCE], &one, &ciphertext).expect("decrypts").is_some());
            assert!(decrypt(cipher, &key, &[0; NONCE], &other, &ciphertext).expect("decrypts").is_none());
        }
    }
}
