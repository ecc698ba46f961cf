//! What is stored of a private key that is kept.

/// How the private key is to be protected: by which kind of key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The service's own master keys (`encryption.type = default`).
    Default,
    /// A key of the tenant's in the KMS (`encryption.type = kms`), by the name that the caller gave.
    Kms { key_name: String },
}

/// The cipher suite of a sealed private key, by its stored number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Data key → HKDF-SHA512 with a stored 32-byte salt → AES-256-GCM key and 32-byte key commitment.
    Aes256GcmHkdfSha512Commit,
}

/// Who wraps the data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KekProvider {
    Local,
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

impl Suite {
    /// The number in the `suite` column and in the binding.
    pub const fn number(self) -> i32 {
        match self {
            Self::Aes256GcmHkdfSha512Commit => 1,
        }
    }

    /// `None` for a number that this version does not know: the caller fails closed.
    pub const fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Aes256GcmHkdfSha512Commit),
            _ => None,
        }
    }
}

impl KekProvider {
    /// The word in the `kek_provider` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "local" => Some(Self::Local),
            _ => None,
        }
    }
}
