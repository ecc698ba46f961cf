//! What the operator's jobs need: data keys moved to other key-encryption keys, private keys sealed anew or opened to be
//! looked at.

use super::binding::Binding;
use super::envelope;
use super::key_wrapper::{DataKey, KeyChoice};
use super::stored::{Broken, Parts};
use super::{Provider, Vault};
use crate::domain::{Error, KekId, KekProvider, KmsKey, KmsKeyName, PrivateKeyPem, Result, SealedPrivateKey, Suite};

/// Where data keys are to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewrapTarget {
    /// To what the row's own provider wraps by now: the primary master key, or the key that the row's alias stands for.
    SameProvider,
    /// To the primary master key.
    Default,
    /// To the key of that name in the KMS, of each row's own project.
    Kms(KmsKeyName),
}

impl RewrapTarget {
    fn choice(&self, sealed: &SealedPrivateKey) -> Result<(Provider, KeyChoice)> {
        match (self, sealed.kek.provider) {
            (Self::SameProvider, KekProvider::Local) | (Self::Default, _) => Ok((Provider::Local, KeyChoice::Primary)),
            (Self::SameProvider, KekProvider::AwsKms | KekProvider::AwsKmsProject) => {
                let alias = sealed.kek_alias.clone().ok_or(Broken::NoAlias)?;
                Ok((Provider::Kms, KeyChoice::Alias(alias)))
            }
            (Self::Kms(name), _) => Ok((Provider::Kms, KeyChoice::Tenants(KmsKey::Name(name.clone())))),
        }
    }
}

impl Vault {
    /// The key-encryption key that wraps what is not asked to go under another.
    pub fn primary_master_key(&self) -> KekId {
        self.local.primary()
    }

    /// The same private key with its data key wrapped by the target's key. It stays sealed: its encryption key is not even
    /// derived. The data key is checked against the row's
    /// commitment first: a provider that unwraps to something else must not have it written down as if it were right.
    ///
    /// Errors as [`Self::open`].
    pub async fn rewrap(
        &self,
        sealed: &SealedPrivateKey,
        binding: &Binding<'_>,
        target: &RewrapTarget,
    ) -> Result<SealedPrivateKey> {
        let parts = Parts::of(sealed)?;
        let (provider, choice) = target.choice(sealed)?;
        let data_key = self.unwrap(sealed, binding).await?;
        envelope::check_commitment(&data_key, &parts, binding)?;
        let wrapped = self.wrapper(provider)?.wrap(&choice, &data_key, binding).await?;
        Ok(SealedPrivateKey {
            kek: wrapped.kek,
            kek_alias: wrapped.alias,
            wrapped_data_key: wrapped.bytes,
            ..sealed.clone()
        })
    }

    /// The key-encryption key that [`Self::rewrap`] would move the row to, and its alias. A KMS tells which key an alias stands for when
    /// it wraps: what is wrapped here is thrown away.
    pub async fn rewrap_to(
        &self,
        sealed: &SealedPrivateKey,
        binding: &Binding<'_>,
        target: &RewrapTarget,
    ) -> Result<(KekId, Option<String>)> {
        let (provider, choice) = target.choice(sealed)?;
        let throwaway = DataKey::new(envelope::random_key().map_err(Error::internal)?);
        let wrapped = self.wrapper(provider)?.wrap(&choice, &throwaway, binding).await?;
        Ok((wrapped.kek, wrapped.alias))
    }

    /// Seals a private key that was opened anew, with a fresh data key under the key-encryption key of its row.
    pub async fn reseal(
        &self,
        opened: &SealedPrivateKey,
        binding: &Binding<'_>,
        private_key: &PrivateKeyPem,
        suite: Suite,
    ) -> Result<SealedPrivateKey> {
        let (provider, choice) = RewrapTarget::SameProvider.choice(opened)?;
        let fresh = self.generate(provider, choice, &binding.row).await?;
        self.seal_by(suite, fresh, binding, private_key).await
    }

    /// Opens a private key as [`Self::open`] does, with a mark by which its data key is known again: 16 bytes derived for
    /// this alone, to be kept in memory only.
    pub async fn open_for_check(
        &self,
        sealed: &SealedPrivateKey,
        binding: &Binding<'_>,
    ) -> Result<(PrivateKeyPem, [u8; 16])> {
        let (data_key, parts) = self.unwrap_to_open(sealed, binding).await?;
        let private_key = envelope::open(&data_key, &parts, binding)?;
        Ok((private_key, envelope::mark(&data_key).map_err(Error::internal)?))
    }
}
