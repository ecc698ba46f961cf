//! How a tenant may name a key of its own in the KMS.

use std::fmt;

use super::Error;

/// The name of the key that Huawei's KMS makes for KPS by itself: the only one with a slash in it.
const KPS_OWN_KEY: &str = "kps/default";
/// The longest name, in characters.
const LONGEST_NAME: usize = 64;
/// The longest id: AWS takes no longer ones.
const LONGEST_ID: usize = 2048;

/// A key's name (`kms_key_name`), which the service makes into an alias below the tenant's prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KmsKeyName(String);

impl KmsKeyName {
    /// Takes 1 to 64 letters, digits, `_` and `-`, and `kps/default`: nothing that could lead out of the tenant's own
    /// prefix. Anything else is [`Error::Invalid`].
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let fits = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if raw != KPS_OWN_KEY && (raw.is_empty() || raw.len() > LONGEST_NAME || !fits) {
            let reason = format!("must name a KMS key: 1 to 64 letters, digits, '_' or '-', or '{KPS_OWN_KEY}'");
            return Err(Error::Invalid { field: "kms_key_name", reason });
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key's id (`kms_key_id`): the id alone, or an ARN that ends in it. Whether it is one of the tenant's own keys, the
/// KMS is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KmsKeyId(String);

impl KmsKeyId {
    /// Takes 1 to 2048 letters, digits, `_`, `-`, `:` and `/`, but no alias: that would be a name. Anything else is
    /// [`Error::Invalid`].
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let fits = raw.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '/'));
        let is_alias = raw.starts_with("alias/") || raw.contains(":alias/");
        if raw.is_empty() || raw.len() > LONGEST_ID || !fits || is_alias {
            let reason = "must be the id or the ARN of a KMS key; an alias is given as kms_key_name".to_owned();
            return Err(Error::Invalid { field: "kms_key_id", reason });
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KmsKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KmsKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
