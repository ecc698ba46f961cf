//! What is stored of a private key that is kept.

use super::{Error, KmsKeyId, KmsKeyName};

/// How the private key is to be protected: by which kind of key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The service's own master keys (`encryption.type = default`).
    Default,
    /// A key of the tenant's in the KMS (`encryption.type = kms`), as the caller named it.
    Kms(KmsKey),
}

/// Which of its keys in the KMS a tenant means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KmsKey {
    Name(KmsKeyName),
    Id(KmsKeyId),
    /// Terraform may send both. They must be of one key.
    Both(KmsKeyName, KmsKeyId),
}

/// The cipher suite of a sealed private key, by its stored number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Data key → HKDF-SHA512 with a stored 32-byte salt → AES-256-GCM key and 32-byte key commitment.
    Aes256GcmHkdfSha512Commit,
    /// The same with ChaCha20-Poly1305: for machines without AES instructions, and so that there is one to move to.
    ChaCha20Poly1305HkdfSha512Commit,
}

/// Who wraps the data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KekProvider {
    /// A master key of the service's own file.
    Local,
    /// A key in AWS KMS, by its ARN.
    AwsKms,
    /// A project's key that a key in AWS KMS, named by its ARN, wrapped.
    AwsKmsProject,
}

/// A key-encryption key: provider, name and version. Each has a column of its own, so that rotation is a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KekId {
    pub provider: KekProvider,
    pub name: String,
    pub version: i32,
}

/// A private key under envelope encryption, part by part as the `sealed_private_keys` table holds it.
/// Nothing in it is secret without the key-encryption key.
#[derive(Clone, Debug)]
pub struct SealedPrivateKey {
    pub suite: Suite,
    pub kek: KekId,
    /// The KMS alias that stood for `kek` when the data key was wrapped; where it points to another key by now,
    /// wrapping again moves there. `None` for master keys.
    pub kek_alias: Option<String>,
    /// The 256-bit data key, wrapped by `kek`; its layout is the provider's.
    pub wrapped_data_key: Vec<u8>,
    /// 32 random bytes for HKDF.
    pub salt: Vec<u8>,
    /// 32 bytes that commit to the data key.
    pub commitment: Vec<u8>,
    /// 12 random bytes.
    pub nonce: Vec<u8>,
    /// The private key's text, encrypted, and the 16-byte tag.
    pub ciphertext: Vec<u8>,
}

impl KekId {
    /// The id by which the KMS knows the key, out of its ARN; `None` of a master key.
    pub fn kms_key_id(&self) -> Option<&str> {
        match self.provider {
            KekProvider::Local => None,
            KekProvider::AwsKms | KekProvider::AwsKmsProject => {
                Some(self.name.rsplit_once(":key/").map_or(self.name.as_str(), |(_, id)| id))
            }
        }
    }
}

impl Suite {
    /// The number in the `suite` column and in the binding.
    pub const fn number(self) -> i32 {
        match self {
            Self::Aes256GcmHkdfSha512Commit => 1,
            Self::ChaCha20Poly1305HkdfSha512Commit => 2,
        }
    }

    /// `None` for a number that this version does not know: the caller fails closed.
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Aes256GcmHkdfSha512Commit),
            2 => Some(Self::ChaCha20Poly1305HkdfSha512Commit),
            _ => None,
        }
    }

    /// The word in settings and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes256GcmHkdfSha512Commit => "aes-256-gcm",
            Self::ChaCha20Poly1305HkdfSha512Commit => "chacha20-poly1305",
        }
    }

    /// Reads the word back; anything else is [`Error::Invalid`].
    pub fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "aes-256-gcm" => Ok(Self::Aes256GcmHkdfSha512Commit),
            "chacha20-poly1305" => Ok(Self::ChaCha20Poly1305HkdfSha512Commit),
            _ => {
                let reason = format!("'{word}' is neither aes-256-gcm nor chacha20-poly1305");
                Err(Error::Invalid { field: "suite", reason })
            }
        }
    }
}

impl KekProvider {
    /// The word in the `kek_provider` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::AwsKms => "aws-kms",
            Self::AwsKmsProject => "aws-kms-project",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "local" => Some(Self::Local),
            "aws-kms" => Some(Self::AwsKms),
            "aws-kms-project" => Some(Self::AwsKmsProject),
            _ => None,
        }
    }
}
