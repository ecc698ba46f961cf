//! The key types of OpenSSH and their names.

use openssl::nid::Nid;

/// A type of public key, whether it stands alone or in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    Rsa,
    Dsa,
    Ed25519,
    Ecdsa(Curve),
    SkEd25519,
    SkEcdsaP256,
}

/// A curve of RFC 5656.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// What the blob holds beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Certificate,
}

impl KeyType {
    const ALL: [Self; 8] = [
        Self::Rsa,
        Self::Dsa,
        Self::Ed25519,
        Self::Ecdsa(Curve::P256),
        Self::Ecdsa(Curve::P384),
        Self::Ecdsa(Curve::P521),
        Self::SkEd25519,
        Self::SkEcdsaP256,
    ];

    /// The type's name in a public key (RFC 4253, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f).
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "ssh-rsa",
            Self::Dsa => "ssh-dss",
            Self::Ed25519 => "ssh-ed25519",
            Self::Ecdsa(Curve::P256) => "ecdsa-sha2-nistp256",
            Self::Ecdsa(Curve::P384) => "ecdsa-sha2-nistp384",
            Self::Ecdsa(Curve::P521) => "ecdsa-sha2-nistp521",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// The type's name in a certificate (OpenSSH's PROTOCOL.certkeys, PROTOCOL.u2f).
    const fn certificate_word(self) -> &'static str {
        match self {
            Self::Rsa => "ssh-rsa-cert-v01@openssh.com",
            Self::Dsa => "ssh-dss-cert-v01@openssh.com",
            Self::Ed25519 => "ssh-ed25519-cert-v01@openssh.com",
            Self::Ecdsa(Curve::P256) => "ecdsa-sha2-nistp256-cert-v01@openssh.com",
            Self::Ecdsa(Curve::P384) => "ecdsa-sha2-nistp384-cert-v01@openssh.com",
            Self::Ecdsa(Curve::P521) => "ecdsa-sha2-nistp521-cert-v01@openssh.com",
            Self::SkEd25519 => "sk-ssh-ed25519-cert-v01@openssh.com",
            Self::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        }
    }

    /// Letter case counts; names of signature algorithms such as `rsa-sha2-256` are no key types.
    pub(super) fn parse(word: &[u8]) -> Option<(Self, Form)> {
        Self::ALL.into_iter().find_map(|key_type| {
            if word == key_type.word().as_bytes() {
                Some((key_type, Form::Plain))
            } else if word == key_type.certificate_word().as_bytes() {
                Some((key_type, Form::Certificate))
            } else {
                None
            }
        })
    }
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The curve's name inside a blob.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::P256 => "nistp256",
            Self::P384 => "nistp384",
            Self::P521 => "nistp521",
        }
    }

    pub(super) const fn nid(self) -> Nid {
        match self {
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
        }
    }

    pub(super) fn from_nid(nid: Nid) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.nid() == nid)
    }
}
