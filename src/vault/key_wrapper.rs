//! Who wraps data keys: one trait, a file for each provider.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::binding::{Binding, RowIds};
use super::key::Key256;
use crate::domain::{KekId, KmsKey, Result};

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
    /// The alias that stood for `kek`; `None` for master keys.
    pub(super) alias: Option<String>,
    /// The provider's own layout.
    pub(super) bytes: Vec<u8>,
}

/// Which of a provider's keys is to wrap.
#[derive(Clone, Debug)]
pub(super) enum KeyChoice {
    /// The one that wraps whatever is not asked to go under another: the primary master key.
    Primary,
    /// A key of the project in the row's ids, as its caller named it.
    Tenants(KmsKey),
    /// Whichever key this alias stands for by now.
    Alias(String),
}

/// A data key that was just made.
pub(super) struct Generated {
    pub(super) data_key: DataKey,
    pub(super) wrapping: Wrapping,
}

/// How a data key that was just made gets wrapped.
#[derive(Debug)]
pub(super) enum Wrapping {
    /// It is, by a provider that makes and wraps a key in one call.
    Done(WrappedKey),
    /// By a key at hand, as soon as it is known what to bind it to.
    Later(Arc<dyn LaterWrapping>),
    /// By the provider, as it was chosen.
    AsChosen,
}

/// A key that wraps without asking anybody.
pub(super) trait LaterWrapping: fmt::Debug + Send + Sync {
    fn wrap(&self, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey>;
}

/// A provider of key-encryption keys, constructed ready for use.
///
/// Errors: `ProtectionUnavailable` if there is no such key or it may not be used, `Unavailable` if the provider cannot be
/// reached, `Integrity` if a wrapped key is not what was wrapped for this row, `Internal` for the rest.
#[async_trait]
pub(super) trait KeyWrapper: Send + Sync {
    /// A fresh data key for a private key that may not be there yet: what is refused is refused before it is made.
    async fn generate(&self, choice: &KeyChoice, row: &RowIds<'_>) -> Result<Generated>;

    /// Wraps a data key (a KMS: Encrypt). The same data key may be wrapped again, by another key.
    async fn wrap(&self, choice: &KeyChoice, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey>;

    /// Unwraps by the key that `wrapped.kek` names and no other (a KMS: Decrypt, with that key's id as the one expected
    /// and the row's ids as encryption context).
    async fn unwrap(&self, wrapped: &WrappedKey, binding: &Binding<'_>) -> Result<DataKey>;
}
