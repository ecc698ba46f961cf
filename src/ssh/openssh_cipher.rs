//! How the section of an OpenSSH private key file is encrypted (OpenSSH's PROTOCOL.key).
//!
//! The format has no authentication: whoever changes the file is noticed only by two equal check numbers and by the
//! public half. It protects a file that was taken, which is all that OpenSSH promises of it.

use bcrypt_pbkdf::bcrypt_pbkdf_with_memory;
use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::symm;
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use super::wire::{put_string, put_u32};
use crate::domain::{Error, Result};

/// ssh-keygen's default since OpenSSH 9.4; until then it was 16. Any OpenSSH reads any number of rounds.
const ROUNDS: u32 = 24;
/// ssh-keygen's length of a salt, in bytes.
const SALT: usize = 16;
/// A key of 32 bytes and the first counter block of 16.
const SECRET: usize = 32 + 16;
/// bcrypt_pbkdf works on whole pieces of 32 bytes.
const WORKING_MEMORY: usize = SECRET.next_multiple_of(32);

/// The encryption of one file.
pub(super) enum Cipher {
    None,
    /// AES-256-CTR under what bcrypt makes of a passphrase and the salt.
    Aes256Ctr {
        salt: [u8; SALT],
        /// The key, and behind it the first counter block.
        secret: Zeroizing<[u8; SECRET]>,
    },
}

impl Cipher {
    /// A cipher of a fresh salt. Takes 0.1 to 0.3 s of a processor, which is its purpose.
    pub(super) fn draw(passphrase: &Passphrase) -> Result<Self> {
        let mut salt = [0; SALT];
        rand_bytes(&mut salt).map_err(Error::internal)?;
        let mut secret = Zeroizing::new([0; SECRET]);
        let mut memory = Zeroizing::new([0; WORKING_MEMORY]);
        bcrypt_pbkdf_with_memory(passphrase.expose(), &salt, ROUNDS, &mut *secret, &mut *memory)
            .map_err(Error::internal)?;
        Ok(Self::Aes256Ctr { salt, secret })
    }

    /// The names of the cipher and of the key derivation in the file's head.
    pub(super) const fn words(&self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::None => (b"none", b"none"),
            Self::Aes256Ctr { .. } => (b"aes256-ctr", b"bcrypt"),
        }
    }

    /// The options of the key derivation in the file's head: `string salt | uint32 rounds`.
    pub(super) fn options(&self) -> Vec<u8> {
        let mut options = Vec::new();
        match self {
            Self::None => {}
            Self::Aes256Ctr { salt, secret: _ } => {
                put_string(&mut options, salt);
                put_u32(&mut options, ROUNDS);
            }
        }
        options
    }

    /// What the section's length is a multiple of, in bytes. `none` counts as a cipher of 8-byte blocks.
    pub(super) const fn block(&self) -> u8 {
        match self {
            Self::None => 8,
            Self::Aes256Ctr { .. } => 16,
        }
    }

    /// Encrypts a section, or decrypts it: in counter mode that is the same. Key and first counter are of a salt that is
    /// drawn for the file, so that they encrypt one section only; two would give away what differs between them.
    pub(super) fn apply(&self, section: &[u8]) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
        let applied = match self {
            Self::None => section.to_vec(),
            Self::Aes256Ctr { salt: _, secret } => {
                let (key, counter) = secret.split_at(32);
                symm::encrypt(symm::Cipher::aes_256_ctr(), key, Some(counter), section)?
            }
        };
        Ok(Zeroizing::new(applied))
    }
}
