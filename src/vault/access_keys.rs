//! The secrets of access keys: 32 random bytes each, wrapped as data keys are, and written in base64.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::binding::Context;
use super::key_wrapper::DataKey;
use super::{Vault, envelope};
use crate::domain::{AccessKeyIds, Error, InstanceId, KekId, Result, SecretText, WrappedSecret};

/// What the secret of an access key is bound to: the installation, the key's id, its user and its project.
pub struct AccessKeyBinding<'a> {
    pub instance: InstanceId,
    pub ids: &'a AccessKeyIds,
}

impl AccessKeyBinding<'_> {
    fn context(&self, kek: &KekId) -> Context {
        Context::of_access_key(kek, self)
    }
}

impl Vault {
    /// A random secret, and how it is stored: wrapped by the primary master key, for this access key alone.
    pub fn new_access_key_secret(&self, binding: &AccessKeyBinding<'_>) -> Result<(SecretText, WrappedSecret)> {
        let secret = DataKey::new(envelope::random_key().map_err(Error::internal)?);
        Ok((text(&secret), self.wrap_secret(&secret, binding)?))
    }

    /// Unwraps a secret. `Integrity` where it is not what was wrapped for this access key.
    pub async fn access_key_secret(
        &self,
        wrapped: &WrappedSecret,
        binding: &AccessKeyBinding<'_>,
    ) -> Result<SecretText> {
        Ok(text(&self.unwrap_secret(wrapped, binding).await?))
    }

    /// The same secret, wrapped by the primary master key.
    pub async fn rewrap_access_key_secret(
        &self,
        wrapped: &WrappedSecret,
        binding: &AccessKeyBinding<'_>,
    ) -> Result<WrappedSecret> {
        let secret = self.unwrap_secret(wrapped, binding).await?;
        self.wrap_secret(&secret, binding)
    }

    fn wrap_secret(&self, secret: &DataKey, binding: &AccessKeyBinding<'_>) -> Result<WrappedSecret> {
        let wrapped = self.local.wrap_in(secret, |kek| binding.context(kek))?;
        Ok(WrappedSecret { kek: wrapped.kek, bytes: wrapped.bytes })
    }

    async fn unwrap_secret(&self, wrapped: &WrappedSecret, binding: &AccessKeyBinding<'_>) -> Result<DataKey> {
        self.local.unwrap_in(&wrapped.kek, &wrapped.bytes, &binding.context(&wrapped.kek)).await
    }
}

/// 43 characters, which go into a header or an environment variable as they are.
fn text(secret: &DataKey) -> SecretText {
    let mut text = Zeroizing::new(String::with_capacity(64));
    URL_SAFE_NO_PAD.encode_string(secret.key().expose(), &mut text);
    SecretText::new(std::mem::take(&mut *text))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AccessKeyId, ProjectId, UserId};
    use crate::vault::MasterKeys;

    fn vault() -> Vault {
        let directory = tempfile::tempdir().expect("makes a directory");
        Vault::new(MasterKeys::create(&directory.path().join("master.key")).expect("makes master keys"))
    }

    fn ids(id: &str, user: &str, project: &str) -> AccessKeyIds {
        AccessKeyIds {
            id: AccessKeyId::parse(id).expect("is an id"),
            user: UserId::parse(user).expect("is a user id"),
            project: ProjectId::parse(project).expect("is a project id"),
        }
    }

    fn instance(number: u128) -> InstanceId {
        InstanceId::from_uuid(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn a_secret_opens_for_its_own_access_key_user_project_and_installation_only() {
        let (vault, own) = (vault(), ids("AK1", "ann", "demo"));
        let binding = AccessKeyBinding { instance: instance(1), ids: &own };
        let (secret, wrapped) = vault.new_access_key_secret(&binding).expect("makes a secret");
        assert_eq!(secret.expose().len(), 43);
        let opened = vault.access_key_secret(&wrapped, &binding).await.expect("opens");
        assert_eq!(opened.expose(), secret.expose());
        let others = [ids("AK2", "ann", "demo"), ids("AK1", "bea", "demo"), ids("AK1", "ann", "other")];
        let foreign = others.iter().map(|ids| AccessKeyBinding { instance: instance(1), ids });
        for binding in foreign.chain([AccessKeyBinding { instance: instance(2), ids: &own }]) {
            assert!(matches!(vault.access_key_secret(&wrapped, &binding).await, Err(Error::Integrity(_))));
        }
        let again = vault.rewrap_access_key_secret(&wrapped, &binding).await.expect("wraps again");
        assert_ne!(again.bytes, wrapped.bytes);
        assert_eq!(vault.access_key_secret(&again, &binding).await.expect("opens").expose(), secret.expose());
    }

    #[test]
    fn no_two_secrets_are_the_same() {
        let (vault, own) = (vault(), ids("AK1", "ann", "demo"));
        let binding = AccessKeyBinding { instance: instance(1), ids: &own };
        let [one, other] = [(); 2].map(|()| vault.new_access_key_secret(&binding).expect("makes a secret").0);
        assert_ne!(one.expose(), other.expose());
    }
}
