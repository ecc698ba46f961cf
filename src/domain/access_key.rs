//! Access keys: what requests are signed with.

use std::fmt;

use super::{Error, KekId, ProjectId, SecretText, Timestamp, TokenHash, UserId};

/// The id of an access key, which its requests name. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// The longest that is looked for, in characters.
    const LONGEST: usize = 128;

    /// Takes 1 to 128 letters and digits, which all vendors' clients send as they are; anything else is
    /// [`Error::Invalid`].
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let fits = (1..=Self::LONGEST).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !fits {
            let reason = format!("must have 1 to {} letters and digits", Self::LONGEST);
            return Err(Error::Invalid { field: "access key", reason });
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who an access key is, and whose: what its secret is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyIds {
    pub id: AccessKeyId,
    pub user: UserId,
    pub project: ProjectId,
}

/// An access key as it is stored.
#[derive(Clone, Debug)]
pub struct AccessKey {
    pub ids: AccessKeyIds,
    pub enabled: bool,
    pub secret: WrappedSecret,
    pub temporary: Option<Temporary>,
    pub created_at: Timestamp,
}

/// What makes an access key a temporary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temporary {
    /// Of the security token that each of its requests must bring.
    pub security_token: TokenHash,
    pub expires_at: Timestamp,
}

/// The secret of an access key as it is stored: wrapped by a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedSecret {
    pub kek: KekId,
    pub bytes: Vec<u8>,
}

/// An access key that was just made, with what is shown this once.
#[derive(Debug)]
pub struct NewAccessKey {
    pub key: AccessKey,
    pub secret: SecretText,
    /// Of a temporary one.
    pub security_token: Option<SecretText>,
}
