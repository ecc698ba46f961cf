//! Seals private keys before they are stored and opens them again.

mod access_keys;
mod binding;
mod envelope;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jobs;
mod key;
mod key_wrapper;
pub mod kms;
mod local;
mod master_key_edit;
mod master_key_error;
mod master_key_file;
mod master_key_text;
mod master_keys;
mod self_check;
mod signing;
mod stored;
mod suites;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

pub use access_keys::AccessKeyBinding;
pub use binding::{Binding, RowIds};
pub use jobs::RewrapTarget;
use key_wrapper::{DataKey, Generated, KeyChoice, KeyWrapper, WrappedKey, Wrapping};
use kms::{Kms, KmsHealth};
pub use local::{LocalKeys, MasterKeySource};
pub use master_key_edit::MasterKeyFile;
pub use master_key_error::MasterKeyError;
pub use master_key_text::TextFault;
pub use master_keys::MasterKeys;
pub use self_check::{SelfCheckError, self_check};
pub use signing::{Signed, is_signed};
use stored::Parts;
pub use suites::Suites;

use crate::domain::{Error, KekId, KekProvider, PrivateKeyPem, Protection, Result, SealedPrivateKey, Source, Suite};

/// `vault.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The local master keys; without it `master.key` in the data directory, where the database is there too.
    pub master_key_file: Option<PathBuf>,
    /// The suite that seals.
    #[serde(deserialize_with = "suites::one")]
    pub suite: Suite,
    /// The suites that may be opened.
    #[serde(deserialize_with = "suites::several")]
    pub open_suites: Vec<Suite>,
    pub kms: kms::Settings,
    /// How many kept private keys a minute are opened to be checked; 0: none.
    pub verify_rows_per_minute: u32,
}

/// Envelope encryption: each private key under a data key of its own, each data key wrapped by a key-encryption key.
/// Clones share it.
#[derive(Clone)]
pub struct Vault {
    local: Arc<LocalKeys>,
    kms: Option<Kms>,
    suites: Suites,
}

impl Vault {
    /// With `MasterKeys`, they stay as they are; `LocalKeys::following` has them follow their file.
    pub fn new(master_keys: impl Into<LocalKeys>) -> Self {
        Self { local: Arc::new(master_keys.into()), kms: None, suites: Suites::default() }
    }

    /// Reads the master keys again from where they come from. If that fails, which the error says a remedy for, those in
    /// use stay in use.
    pub async fn reload_master_keys(&self) -> Result<(), Source> {
        self.local.reload().await
    }

    /// The id and check value of each master key in use.
    pub fn master_key_check_values(&self) -> Vec<(KekId, Vec<u8>)> {
        self.local.keys().check_values()
    }

    /// What seals.
    pub fn suite(&self) -> Suite {
        self.suites.seals()
    }

    /// The same vault with other suites in use.
    pub fn with_suites(self, suites: Suites) -> Self {
        Self { suites, ..self }
    }

    /// The same with a KMS, if there is one.
    pub fn with_kms(self, kms: Option<Kms>) -> Self {
        Self { kms, ..self }
    }

    /// Whether the KMS can be used.
    pub fn kms_health(&self) -> KmsHealth {
        self.kms.as_ref().map_or(KmsHealth::None, Kms::health)
    }

    /// A fresh data key that `protection` will wrap, drawn before there is a private key to seal: what is refused is
    /// refused before the work of making one, and a KMS is asked once.
    ///
    /// `ProtectionUnavailable` if there is no such key-encryption key or it may not be used, `Unavailable` if the KMS
    /// cannot be reached.
    pub async fn fresh_data_key(&self, protection: &Protection, row: &RowIds<'_>) -> Result<FreshDataKey> {
        let (provider, choice) = match protection {
            Protection::Default => (Provider::Local, KeyChoice::Primary),
            Protection::Kms(key) => (Provider::Kms, KeyChoice::Tenants(key.clone())),
        };
        self.generate(provider, choice, row).await
    }

    /// Seals a private key, so that it opens with this binding only.
    pub async fn seal(
        &self,
        fresh: FreshDataKey,
        binding: &Binding<'_>,
        key: &PrivateKeyPem,
    ) -> Result<SealedPrivateKey> {
        self.seal_by(self.suites.seals(), fresh, binding, key).await
    }

    async fn generate(&self, provider: Provider, choice: KeyChoice, row: &RowIds<'_>) -> Result<FreshDataKey> {
        let Generated { data_key, wrapping } = self.wrapper(provider)?.generate(&choice, row).await?;
        Ok(FreshDataKey { provider, choice, data_key, wrapping })
    }

    async fn seal_by(
        &self,
        suite: Suite,
        fresh: FreshDataKey,
        binding: &Binding<'_>,
        key: &PrivateKeyPem,
    ) -> Result<SealedPrivateKey> {
        let FreshDataKey { provider, choice, data_key, wrapping } = fresh;
        let wrapped = match wrapping {
            Wrapping::Done(wrapped) => wrapped,
            Wrapping::Later(key) => key.wrap(&data_key, binding)?,
            Wrapping::AsChosen => self.wrapper(provider)?.wrap(&choice, &data_key, binding).await?,
        };
        envelope::seal(suite, &data_key, wrapped, binding, key)
    }

    /// Opens a sealed private key. That it derives the public key is the caller's to check.
    ///
    /// `Integrity` where commitment, binding or a stored part is wrong, or the suite is out of use.
    pub async fn open(&self, sealed: &SealedPrivateKey, binding: &Binding<'_>) -> Result<PrivateKeyPem> {
        let (data_key, parts) = self.unwrap_to_open(sealed, binding).await?;
        envelope::open(&data_key, &parts, binding)
    }

    async fn unwrap_to_open<'s>(
        &self,
        sealed: &'s SealedPrivateKey,
        binding: &Binding<'_>,
    ) -> Result<(DataKey, Parts<'s>)> {
        let parts = Parts::of(sealed)?;
        self.suites.refuse_closed(parts.suite)?;
        Ok((self.unwrap(sealed, binding).await?, parts))
    }

    async fn unwrap(&self, sealed: &SealedPrivateKey, binding: &Binding<'_>) -> Result<DataKey> {
        let wrapped = WrappedKey {
            kek: sealed.kek.clone(),
            alias: sealed.kek_alias.clone(),
            bytes: sealed.wrapped_data_key.clone(),
        };
        self.wrapper(Provider::of(wrapped.kek.provider))?.unwrap(&wrapped, binding).await
    }

    fn wrapper(&self, provider: Provider) -> Result<&dyn KeyWrapper> {
        match provider {
            Provider::Local => Ok(self.local.as_ref()),
            Provider::Kms => self.kms.as_ref().map(Kms::wrapper).ok_or_else(|| Error::ProtectionUnavailable {
                reason: "this service has no KMS configured; use encryption type 'default'".to_owned(),
            }),
        }
    }
}

/// A data key that seals the one private key that it was drawn for.
#[derive(Debug)]
pub struct FreshDataKey {
    provider: Provider,
    choice: KeyChoice,
    data_key: DataKey,
    wrapping: Wrapping,
}

/// Who wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Local,
    Kms,
}

impl Provider {
    const fn of(kek: KekProvider) -> Self {
        match kek {
            KekProvider::Local => Self::Local,
            KekProvider::AwsKms | KekProvider::AwsKmsProject => Self::Kms,
        }
    }
}
