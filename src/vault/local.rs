//! Key-encryption keys from the local master key file.

use async_trait::async_trait;

use super::binding::{Binding, Context};
use super::envelope;
use super::key_wrapper::{DataKey, KeyWrapper, WrappedKey};
use super::master_keys::MasterKeys;
use super::stored::Broken;
use crate::domain::{Error, Result};

/// The master keys as a provider: the primary one wraps, the one that the row names unwraps.
///
/// A wrapped key has 81 bytes: format (1) | salt (32) | encrypted data key (32) | tag (16).
pub(super) struct LocalKeys(MasterKeys);

impl LocalKeys {
    pub(super) const fn new(keys: MasterKeys) -> Self {
        Self(keys)
    }
}

#[async_trait]
impl KeyWrapper for LocalKeys {
    async fn generate(&self, binding: &Binding<'_>) -> Result<(DataKey, WrappedKey)> {
        let data_key = DataKey::new(envelope::random_key().map_err(Error::internal)?);
        let wrapped = self.wrap(&data_key, binding).await?;
        Ok((data_key, wrapped))
    }

    async fn wrap(&self, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey> {
        let primary = self.0.primary();
        let context = Context::of_data_key(primary.id(), binding);
        let bytes = envelope::wrap(primary.key(), &context, data_key).map_err(Error::internal)?;
        Ok(WrappedKey { kek: primary.id().clone(), bytes })
    }

    async fn unwrap(&self, wrapped: &WrappedKey, binding: &Binding<'_>) -> Result<DataKey> {
        let WrappedKey { kek, bytes } = wrapped;
        let master = self.0.find(kek).ok_or_else(|| Broken::UnknownMasterKey(kek.clone()))?;
        envelope::unwrap(master.key(), &Context::of_data_key(kek, binding), bytes)
    }
}
