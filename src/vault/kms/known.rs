//! A project's key that the KMS need not be asked for, for known answers.

use std::sync::Arc;

use prometheus::Registry;

use super::failure::Untrue;
use super::project_keys::ProjectKey;
use super::{DataKeys, Kms, Provider, Settings, layout};
use crate::domain::{KekId, Result, Source};
use crate::vault::RowIds;
use crate::vault::binding::Binding;
use crate::vault::key::Key256;
use crate::vault::key_wrapper::{DataKey, LaterWrapping, WrappedKey};

/// A KMS that has unwrapped the key of the row's project, and would be asked for any other.
pub(in crate::vault) async fn kms(kek: KekId, key: Key256, blob: Vec<u8>, row: &RowIds<'_>) -> Kms {
    let settings = Settings {
        provider: Some(Provider::Aws),
        region: None,
        endpoint_url: None,
        alias_template: "alias/{project_id}/{kms_key_name}".to_owned(),
        shared_keys: false,
        data_keys: DataKeys::PerProject,
        project_key_cache_seconds: 60,
        project_key_cache_entries: 10,
        timeout_seconds: 1,
    };
    let kms = Kms::new(&settings, &Registry::new()).expect("is made").expect("is configured");
    kms.0.project_keys.remember(row, &Arc::new(ProjectKey::new(kek, key, blob))).await;
    kms
}

/// Wraps as that key does.
pub(in crate::vault) fn wrap(
    kek: KekId,
    key: Key256,
    blob: Vec<u8>,
    data_key: &DataKey,
    binding: &Binding<'_>,
) -> Result<WrappedKey> {
    ProjectKey::new(kek, key, blob).wrap(data_key, binding)
}

/// What the envelope wrapped, as it is stored.
pub(in crate::vault) fn stored(blob: &[u8], wrapping: &[u8]) -> Vec<u8> {
    layout::write(blob, wrapping)
}

/// The word of a vector's `expect` for what was refused here.
pub(in crate::vault) fn refusal(source: &Source) -> Option<&'static str> {
    match source.downcast_ref()? {
        Untrue::Length(_) => Some("length"),
        Untrue::Format => Some("wrap-format"),
        Untrue::KeyName(_) => Some("key name"),
        Untrue::Ciphertext(_) | Untrue::OtherKey | Untrue::KeyLength(_) | Untrue::Missing(_) => None,
    }
}
