//! The file formats in which private keys are written.

use openssl::pkey::{Id, PKeyRef, Private};

use super::openssh_cipher::Cipher;
use super::openssh_private;
use crate::domain::{Error, PrivateKeyPem, Result};

/// The file format of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrivateKeyFormat {
    /// `BEGIN RSA PRIVATE KEY`; RSA only.
    Pkcs1,
    /// `BEGIN PRIVATE KEY`. ssh-keygen does not read Ed25519 in it.
    Pkcs8,
    /// `BEGIN OPENSSH PRIVATE KEY`.
    OpenSsh,
}

impl PrivateKeyFormat {
    /// `pkcs1`, `pkcs8`, `openssh`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "pkcs1" => Some(Self::Pkcs1),
            "pkcs8" => Some(Self::Pkcs8),
            "openssh" => Some(Self::OpenSsh),
            _ => None,
        }
    }

    /// The word that [`Self::parse`] reads.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pkcs1 => "pkcs1",
            Self::Pkcs8 => "pkcs8",
            Self::OpenSsh => "openssh",
        }
    }

    /// Refuses, as `Error::Invalid { field: "private_key_format" }`, a format that has no room for the key.
    pub(super) fn check(self, key: &PKeyRef<Private>) -> Result<()> {
        if self == Self::Pkcs1 && key.id() != Id::RSA {
            let reason = "pkcs1 is a format of RSA keys only".to_owned();
            return Err(Error::Invalid { field: "private_key_format", reason });
        }
        Ok(())
    }

    /// Writes `key`, whose public blob is `blob`, unencrypted. Only OpenSSH's form has room for the comment.
    pub(super) fn write(self, key: &PKeyRef<Private>, blob: &[u8], comment: &str) -> Result<PrivateKeyPem> {
        self.check(key)?;
        let pem = match self {
            Self::Pkcs1 => key.rsa().and_then(|rsa| rsa.private_key_to_pem()),
            Self::Pkcs8 => key.private_key_to_pem_pkcs8(),
            Self::OpenSsh => openssh_private::encode(key, blob, comment, &Cipher::None),
        };
        into_text(pem.map_err(Error::internal)?)
    }
}

/// The buffer becomes the text without a copy. The error is not carried on: it would hold the key.
pub(super) fn into_text(pem: Vec<u8>) -> Result<PrivateKeyPem> {
    let text = String::from_utf8(pem).map_err(|_| Error::internal("a PEM is not text"))?;
    Ok(PrivateKeyPem::new(text))
}
