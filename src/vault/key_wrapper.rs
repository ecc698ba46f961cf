//! Who wraps data keys: one trait, a file for each provider.

use async_trait::async_trait;

use super::binding::Binding;
use super::key::Key256;
use crate::domain::{KekId, Result};

/// The secret that one private key is sealed under. It leaves memory only wrapped.
#[derive(Debug)]
pub(super) struct DataKey(Key256);

impl DataKey {
    pub(super) const fn new(key: Key256) -> Self {
        Self(key)
    }

    pub(super) const fn key(&self) -> &Key256 {
        &self.0
    }
}

/// A data key as it is stored: encrypted by the key-encryption key that `kek` names.
#[derive(Clone, Debug)]
pub(super) struct WrappedKey {
    pub(super) kek: KekId,
    /// The provider's own layout.
    pub(super) bytes: Vec<u8>,
}

/// A provider of key-encryption keys, constructed ready for use. It has a current key, and may know older ones.
///
/// Errors: `Unavailable` if the provider cannot be reached, `Integrity` if a wrapped key is not what was wrapped for
/// this binding, `Internal` for the rest.
#[async_trait]
pub(super) trait KeyWrapper: Send + Sync {
    /// A fresh data key, and the same wrapped by the current key (a KMS: GenerateDataKey).
    async fn generate(&self, binding: &Binding<'_>) -> Result<(DataKey, WrappedKey)>;

    /// Wraps a data key by the current key (a KMS: Encrypt). The same data key may be wrapped again, by another key.
    async fn wrap(&self, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey>;

    /// Unwraps by the key that `wrapped.kek` names and no other (a KMS: Decrypt, with that key's id as the one expected
    /// and the binding's ids as encryption context).
    async fn unwrap(&self, wrapped: &WrappedKey, binding: &Binding<'_>) -> Result<DataKey>;
}
