//! Seals private keys before they are stored and opens them again.

mod binding;
mod envelope;
mod key;
mod key_wrapper;
mod local;
mod master_key_error;
mod master_key_file;
mod master_key_text;
mod master_keys;
mod stored;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

pub use binding::Binding;
use key_wrapper::{KeyWrapper, WrappedKey};
use local::LocalKeys;
pub use master_key_error::MasterKeyError;
pub use master_key_text::TextFault;
pub use master_keys::MasterKeys;
use stored::Parts;

use crate::domain::{Error, KekProvider, PrivateKeyPem, Protection, Result, SealedPrivateKey};

/// `vault.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The local master keys; without it `master.key` in the data directory, where the database is there too.
    pub master_key_file: Option<PathBuf>,
}

/// Envelope encryption: each private key under a data key of its own, each data key wrapped by a key-encryption key.
/// Clones share it.
#[derive(Clone)]
pub struct Vault {
    local: Arc<dyn KeyWrapper>,
}

impl Vault {
    pub fn new(master_keys: MasterKeys) -> Self {
        Self { local: Arc::new(LocalKeys::new(master_keys)) }
    }

    /// Whether there is a key-encryption key to protect with; asked before the work of making a key.
    ///
    /// `ProtectionUnavailable` for `Protection::Kms` while no KMS is configured; its reason says to use `default`.
    pub fn check(&self, protection: &Protection) -> Result<()> {
        self.wrapper_for(protection).map(drop)
    }

    /// Seals a private key, so that it opens with this binding only. Refuses what [`Self::check`] refuses.
    pub async fn seal(
        &self,
        protection: &Protection,
        binding: &Binding<'_>,
        key: &PrivateKeyPem,
    ) -> Result<SealedPrivateKey> {
        let (data_key, wrapped) = self.wrapper_for(protection)?.generate(binding).await?;
        envelope::seal(&data_key, wrapped, binding, key)
    }

    /// Opens a sealed private key. That it derives the public key is the caller's to check.
    ///
    /// `Integrity` where commitment, binding or a stored part is wrong.
    pub async fn open(&self, sealed: &SealedPrivateKey, binding: &Binding<'_>) -> Result<PrivateKeyPem> {
        let parts = Parts::of(sealed)?;
        let wrapped = WrappedKey { kek: sealed.kek.clone(), bytes: sealed.wrapped_data_key.clone() };
        let data_key = self.wrapper_of(wrapped.kek.provider).unwrap(&wrapped, binding).await?;
        envelope::open(&data_key, &parts, binding)
    }

    fn wrapper_for(&self, protection: &Protection) -> Result<&dyn KeyWrapper> {
        match protection {
            Protection::Default => Ok(self.local.as_ref()),
            Protection::Kms { key_name: _ } => Err(Error::ProtectionUnavailable {
                reason: "this service has no KMS configured; use encryption type 'default'".to_owned(),
            }),
        }
    }

    fn wrapper_of(&self, provider: KekProvider) -> &dyn KeyWrapper {
        match provider {
            KekProvider::Local => self.local.as_ref(),
        }
    }
}
