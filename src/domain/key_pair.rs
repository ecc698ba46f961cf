//! A key pair and its parts.

use std::fmt;

use super::{KeyPairId, KeyPairName, Owner, ProjectId, Region, ResourceGroupId, Timestamp, UserId};

/// A key pair as it is stored and read; its private key, where one is kept, is elsewhere.
#[derive(Clone, Debug)]
pub struct KeyPair {
    pub id: KeyPairId,
    pub region: Region,
    pub owner: Owner,
    /// The project in which it was made; part of the binding of a kept private key.
    pub project: Option<ProjectId>,
    /// The user it was made for; shown as `user_id`.
    pub user: UserId,
    pub name: KeyPairName,
    pub kind: KeyKind,
    pub algorithm: KeyAlgorithm,
    /// Byte for byte as it was given or generated: clients compare it.
    pub public_key: String,
    /// What Nova and KPS show: MD5 of the key blob, or SHA-1 of a certificate's DER.
    pub fingerprint: Fingerprint,
    /// SHA-256 of the same bytes, as `SHA256:<unpadded base64>`.
    pub fingerprint_sha256: Fingerprint,
    pub description: String,
    /// `None`: the default one.
    pub resource_group: Option<ResourceGroupId>,
    /// Whether a sealed private key is kept (`is_key_protection`).
    pub has_private_key: bool,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
}

/// What lists show of a key pair.
#[derive(Clone, Debug)]
pub struct ListedKeyPair {
    pub owner: Owner,
    pub name: KeyPairName,
    pub kind: KeyKind,
    pub public_key: String,
    pub fingerprint: Fingerprint,
    pub has_private_key: bool,
}

/// What the public half is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// An OpenSSH public key line.
    Ssh,
    /// An X.509 certificate in PEM.
    X509,
}

impl KeyKind {
    /// The word in the `kind` column and in Nova's and KPS's `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::X509 => "x509",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "ssh" => Some(Self::Ssh),
            "x509" => Some(Self::X509),
            _ => None,
        }
    }
}

/// The public key's algorithm; of an OpenSSH certificate, that of the certified key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    Rsa { bits: u32 },
    Dsa,
    Ed25519,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    SkEd25519,
    SkEcdsaP256,
}

impl fmt::Display for KeyAlgorithm {
    /// `rsa-2048`, `ecdsa-p256`, `sk-ed25519`, …: the form in the `algorithm` column and in settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "rsa-{bits}"),
            Self::Dsa => f.write_str("dsa"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::EcdsaP256 => f.write_str("ecdsa-p256"),
            Self::EcdsaP384 => f.write_str("ecdsa-p384"),
            Self::EcdsaP521 => f.write_str("ecdsa-p521"),
            Self::SkEd25519 => f.write_str("sk-ed25519"),
            Self::SkEcdsaP256 => f.write_str("sk-ecdsa-p256"),
        }
    }
}

impl KeyAlgorithm {
    /// Reads the written form back.
    pub fn parse(written: &str) -> Option<Self> {
        match written {
            "dsa" => Some(Self::Dsa),
            "ed25519" => Some(Self::Ed25519),
            "ecdsa-p256" => Some(Self::EcdsaP256),
            "ecdsa-p384" => Some(Self::EcdsaP384),
            "ecdsa-p521" => Some(Self::EcdsaP521),
            "sk-ed25519" => Some(Self::SkEd25519),
            "sk-ecdsa-p256" => Some(Self::SkEcdsaP256),
            _ => written.strip_prefix("rsa-")?.parse().ok().map(|bits| Self::Rsa { bits }),
        }
    }
}

/// A fingerprint in the form in which it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Takes what this service computed or stored; there is no other way to come by one.
    pub fn from_written(written: String) -> Self {
        Self(written)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
