//! Keys in AWS KMS as key-encryption keys, asked for each key pair or for each project.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::alias::AliasTemplate;
use super::client::Client;
use super::failure::Failure;
use super::project_keys::{ProjectKey, ProjectKeys};
use super::settings::DataKeys;
use super::target::Target;
use super::{context, exchange, layout};
use crate::domain::{Error, KekProvider, Result};
use crate::vault::RowIds;
use crate::vault::binding::Binding;
use crate::vault::envelope;
use crate::vault::key_wrapper::{DataKey, Generated, KeyChoice, KeyWrapper, LaterWrapping, WrappedKey, Wrapping};

/// How a refusal names the key of a row, which the caller did not name.
const OF_THE_ROW: &str = "the KMS key that protects this private key";

/// Whichever way data keys are wrapped now, rows of either are unwrapped.
pub(super) struct AwsKeys {
    pub(super) client: Client,
    pub(super) template: AliasTemplate,
    pub(super) data_keys: DataKeys,
    pub(super) project_keys: ProjectKeys,
}

impl AwsKeys {
    async fn target(&self, choice: &KeyChoice, row: &RowIds<'_>, deadline: Instant) -> Result<Target> {
        Target::find(&self.client, &self.template, choice, row, deadline).await
    }

    async fn project_key(&self, target: &Target, row: &RowIds<'_>, deadline: Instant) -> Result<Arc<ProjectKey>> {
        let current = self.project_keys.current(&self.client, target, row, deadline).await;
        current.map_err(|failure| failure.about(&target.subject))
    }
}

#[async_trait]
impl KeyWrapper for AwsKeys {
    async fn generate(&self, choice: &KeyChoice, row: &RowIds<'_>) -> Result<Generated> {
        let deadline = self.client.deadline();
        let target = self.target(choice, row, deadline).await?;
        match self.data_keys {
            DataKeys::PerKeyPair => {
                let made = exchange::generate(&self.client, &target, context::of_key_pair(row), deadline).await;
                let (key, wrapped) = made.map_err(|failure| failure.about(&target.subject))?;
                let wrapped = of_key_pair(target, wrapped);
                Ok(Generated { data_key: DataKey::new(key), wrapping: Wrapping::Done(wrapped) })
            }
            DataKeys::PerProject => {
                let project_key = self.project_key(&target, row, deadline).await?;
                let data_key = DataKey::new(envelope::random_key().map_err(Error::internal)?);
                Ok(Generated { data_key, wrapping: Wrapping::Later(project_key) })
            }
        }
    }

    async fn wrap(&self, choice: &KeyChoice, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey> {
        let (deadline, row) = (self.client.deadline(), &binding.row);
        let target = self.target(choice, row, deadline).await?;
        match self.data_keys {
            DataKeys::PerKeyPair => {
                let context = context::of_key_pair(row);
                let wrapped = exchange::encrypt(&self.client, &target, data_key.key(), context, deadline).await;
                let wrapped = wrapped.map_err(|failure| failure.about(&target.subject))?;
                Ok(of_key_pair(target, wrapped))
            }
            DataKeys::PerProject => self.project_key(&target, row, deadline).await?.wrap(data_key, binding),
        }
    }

    async fn unwrap(&self, wrapped: &WrappedKey, binding: &Binding<'_>) -> Result<DataKey> {
        let WrappedKey { kek, alias: _, bytes } = wrapped;
        let (deadline, row) = (self.client.deadline(), &binding.row);
        let about = |failure: Failure| failure.about(OF_THE_ROW);
        match kek.provider {
            KekProvider::AwsKms => {
                exchange::check_stored(kek, bytes)?;
                let context = context::of_key_pair(row);
                let key = exchange::decrypt(&self.client, &kek.name, bytes, context, deadline).await.map_err(about)?;
                Ok(DataKey::new(key))
            }
            KekProvider::AwsKmsProject => {
                let (blob, wrapping) = layout::read(bytes)?;
                exchange::check_stored(kek, blob)?;
                let found = self.project_keys.unwrapped(&self.client, kek, blob, row, deadline).await;
                found.map_err(about)?.unwrap(&wrapping, binding)
            }
            KekProvider::Local => Err(Error::internal("a master key was to be unwrapped by the KMS")),
        }
    }
}

fn of_key_pair(target: Target, wrapped: exchange::Wrapped) -> WrappedKey {
    let kek = exchange::kek(KekProvider::AwsKms, wrapped.arn);
    WrappedKey { kek, alias: Some(target.alias), bytes: wrapped.blob }
}
