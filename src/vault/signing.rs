//! The signatures of the ledger's checkpoints: Ed25519, by a key that is derived from a master key. Whoever has the
//! database alone can sign nothing; replicas that share the master keys sign alike.

use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};
use openssl::sign::{Signer, Verifier};

use super::Vault;
use super::envelope;
use super::key::Key256;
use crate::domain::{Error, KekId, RecordHash, Result};

/// A checkpoint's signature, and by which key.
pub struct Signed {
    /// The master key that the signing key is derived from.
    pub key: KekId,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// 64 bytes.
    pub signature: Vec<u8>,
}

impl Vault {
    /// Signs a checkpoint's hash by the key of the primary master key.
    pub fn sign_checkpoint(&self, hash: &RecordHash) -> Result<Signed> {
        let keys = self.local.keys();
        let (kek, master) = (keys.primary().id(), keys.primary().key());
        sign(master, kek, hash).map_err(Error::internal)
    }

    /// The public key by which the checkpoints are signed that name this master key; `None` where the file does not have
    /// it any more.
    pub fn checkpoint_public_key(&self, kek: &KekId) -> Result<Option<Vec<u8>>> {
        let keys = self.local.keys();
        let Some(master) = keys.find(kek) else { return Ok(None) };
        let key = signing_key(master.key(), kek).and_then(|key| key.raw_public_key()).map_err(Error::internal)?;
        Ok(Some(key))
    }
}

/// Whether `signature` is that key's over the hash. Anything malformed is not.
pub fn is_signed(public_key: &[u8], hash: &RecordHash, signature: &[u8]) -> bool {
    let verified = || -> Result<bool, ErrorStack> {
        let key = PKey::public_key_from_raw_bytes(public_key, Id::ED25519)?;
        Verifier::new_without_digest(&key)?.verify_oneshot(signature, hash)
    };
    verified().unwrap_or(false)
}

fn sign(master: &Key256, kek: &KekId, hash: &RecordHash) -> Result<Signed, ErrorStack> {
    let key = signing_key(master, kek)?;
    let signature = Signer::new_without_digest(&key)?.sign_oneshot_to_vec(hash)?;
    Ok(Signed { key: kek.clone(), public_key: key.raw_public_key()?, signature })
}

fn signing_key(master: &Key256, kek: &KekId) -> Result<PKey<Private>, ErrorStack> {
    PKey::private_key_from_raw_bytes(envelope::signing_seed(master, kek)?.expose(), Id::ED25519)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::MasterKeys;

    #[test]
    fn a_signature_holds_for_its_hash_and_its_key_alone() {
        let vault = || {
            let directory = tempfile::tempdir().expect("makes a directory");
            Vault::new(MasterKeys::create(&directory.path().join("master.key")).expect("makes master keys"))
        };
        let (vault, other) = (vault(), vault());
        let Signed { key, public_key, signature } = vault.sign_checkpoint(&[7; 32]).expect("signs");
        assert!(is_signed(&public_key, &[7; 32], &signature));
        assert!(!is_signed(&public_key, &[8; 32], &signature));
        assert!(!is_signed(&public_key, &[7; 32], &signature[1..]));
        assert!(!is_signed(&[], &[7; 32], &signature));
        assert_eq!(vault.checkpoint_public_key(&key).expect("derives"), Some(public_key.clone()));
        assert_ne!(other.checkpoint_public_key(&key).expect("derives"), Some(public_key));
        let gone = KekId { version: 9, ..key };
        assert_eq!(vault.checkpoint_public_key(&gone).expect("looks"), None);
    }
}
