//! Key-encryption keys from the local master key file.

use async_trait::async_trait;

use super::binding::{Binding, Context, RowIds};
use super::envelope;
use super::key_wrapper::{DataKey, Generated, KeyChoice, KeyWrapper, WrappedKey};
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
    async fn generate(&self, choice: &KeyChoice, _row: &RowIds<'_>) -> Result<Generated> {
        refuse_choice(choice)?;
        let data_key = DataKey::new(envelope::random_key().map_err(Error::internal)?);
        Ok(Generated { data_key, wrapped: None })
    }

    async fn wrap(&self, choice: &KeyChoice, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey> {
        refuse_choice(choice)?;
        let primary = self.0.primary();
        let context = Context::of_data_key(primary.id(), binding);
        let bytes = envelope::wrap(primary.key(), &context, data_key).map_err(Error::internal)?;
        Ok(WrappedKey { kek: primary.id().clone(), alias: None, bytes })
    }

    async fn unwrap(&self, wrapped: &WrappedKey, binding: &Binding<'_>) -> Result<DataKey> {
        let WrappedKey { kek, alias: _, bytes } = wrapped;
        let master = self.0.find(kek).ok_or_else(|| Broken::UnknownMasterKey(kek.clone()))?;
        envelope::unwrap(master.key(), &Context::of_data_key(kek, binding), bytes)
    }
}

/// Callers name no master key: the primary one wraps.
fn refuse_choice(choice: &KeyChoice) -> Result<()> {
    match choice {
        KeyChoice::Primary => Ok(()),
        KeyChoice::Tenants(_) | KeyChoice::Alias(_) => Err(Error::internal("a master key was to be chosen by a name")),
    }
}
