//! What comes out of the database, before it is believed: its lengths, and why a part was refused.

use crate::domain::{Error, KekId, SealedPrivateKey, Suite};

pub(super) const SALT: usize = 32;
pub(super) const COMMITMENT: usize = 32;
pub(super) const NONCE: usize = 12;
pub(super) const TAG: usize = 16;

/// A data key wrapped by a local master key: format, salt, encrypted data key, tag.
const WRAPPED_LOCALLY: usize = 1 + SALT + 32 + TAG;

/// The longest private key that is sealed or opened, in bytes. An RSA key of 16384 bits has 13 KB in PEM.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

/// Why a stored part was refused. For the log: the caller learns only that the integrity check failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the {part} has {found} bytes where {expected} are needed")]
    Length { part: &'static str, found: usize, expected: &'static str },
    #[error("the row names suite {}, which vault.open_suites does not allow to be opened", .0.as_str())]
    ForbiddenSuite(Suite),
    #[error("the row names master key '{}' version {}, which the master key file does not hold", .0.name, .0.version)]
    UnknownMasterKey(KekId),
    #[error("the wrapped data key has a format that this version does not know")]
    WrapFormat,
    #[error("the wrapped data key was not wrapped by this master key for this key pair")]
    Wrapping,
    #[error("the commitment is not that of this data key and this key pair")]
    Commitment,
    #[error("the ciphertext was not sealed under this data key for this key pair")]
    Ciphertext,
    #[error("the row names a key in the KMS, but not the alias that it was chosen by")]
    NoAlias,
    #[error("the opened private key is not text")]
    NotText,
}

impl From<Broken> for Error {
    fn from(cause: Broken) -> Self {
        Self::Integrity(Box::new(cause))
    }
}

/// The stored parts of a sealed private key that are needed beside its data key, with their lengths checked: before
/// anything is unwrapped, because that may be a call to somebody else.
pub(super) struct Parts<'a> {
    pub(super) suite: Suite,
    pub(super) salt: &'a [u8; SALT],
    pub(super) commitment: &'a [u8; COMMITMENT],
    pub(super) nonce: &'a [u8; NONCE],
    pub(super) ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn of(sealed: &'a SealedPrivateKey) -> Result<Self, Broken> {
        let SealedPrivateKey { suite, kek: _, kek_alias: _, wrapped_data_key: _, salt, commitment, nonce, ciphertext } =
            sealed;
        let length = |part, found: &[u8], expected| Broken::Length { part, found: found.len(), expected };
        if !(TAG..=LONGEST_TEXT + TAG).contains(&ciphertext.len()) {
            return Err(length("ciphertext", ciphertext, "16 to 1048592"));
        }
        Ok(Self {
            suite: *suite,
            salt: salt.as_slice().try_into().map_err(|_| length("salt", salt, "32"))?,
            commitment: commitment.as_slice().try_into().map_err(|_| length("commitment", commitment, "32"))?,
            nonce: nonce.as_slice().try_into().map_err(|_| length("nonce", nonce, "12"))?,
            ciphertext,
        })
    }
}

/// The parts of a data key that a local master key wrapped, one after another.
pub(super) fn wrapped_locally(wrapped: &[u8]) -> Result<&[u8; WRAPPED_LOCALLY], Broken> {
    wrapped.try_into().map_err(|_| Broken::Length { part: "wrapped data key", found: wrapped.len(), expected: "81" })
}
