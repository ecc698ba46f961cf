//! Private keys that the service keeps: KPS's, which a keypaird has and a Nova has not.

use serde::{Deserialize, Serialize};

use super::error::Result;
use super::key_pairs::{One, private_key};
use super::session::Session;
use crate::domain::{KeyPairName, KmsKeyName, PrivateKeyPem, SecretText};
use crate::ssh::PrivateKeyFormat;

/// Under what the service keeps a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// The service's own master keys.
    Default,
    /// A KMS key of the project.
    Kms(KmsKeyName),
}

impl Keeping {
    /// `default`, `kms:NAME`.
    pub fn parse(word: &str) -> std::result::Result<Self, String> {
        match word.strip_prefix("kms:").map(KmsKeyName::parse) {
            Some(name) => name.map(Self::Kms).map_err(|error| error.to_string()),
            None if word == "default" => Ok(Self::Default),
            None => Err("it is 'default' or 'kms:NAME'".to_owned()),
        }
    }

    pub(super) fn encryption(&self) -> Encryption<'_> {
        match self {
            Self::Default => Encryption { kind: "default", kms_key_name: None },
            Self::Kms(name) => Encryption { kind: "kms", kms_key_name: Some(name.as_str()) },
        }
    }
}

/// The same as KPS has it.
#[derive(Serialize)]
pub(super) struct Encryption<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_name: Option<&'a str>,
}

/// In what form a kept private key is to come.
#[derive(Debug, Default)]
pub struct Export {
    pub format: Option<PrivateKeyFormat>,
    /// OpenSSH's form, encrypted under it.
    pub passphrase: Option<SecretText>,
}

#[derive(Serialize)]
struct Wish<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<&'a str>,
}

#[derive(Deserialize)]
struct Exported {
    #[serde(default, deserialize_with = "private_key")]
    private_key: Option<PrivateKeyPem>,
}

impl Session {
    pub async fn private_key_export(&self, name: &KeyPairName, export: &Export) -> Result<PrivateKeyPem> {
        let url = self.kps(&["private-key", "export"])?;
        let wish = Wish {
            name: name.as_str(),
            private_key_format: export.format.map(PrivateKeyFormat::as_str),
            passphrase: export.passphrase.as_ref().map(SecretText::expose),
        };
        let body = One { keypair: wish };
        let answer = self.send(|http| http.post(url.clone()).json(&body)).await?;
        let One { keypair: Exported { private_key } } = answer.json()?;
        private_key.ok_or_else(|| answer.lacks("private key"))
    }
}
