//! 256 bits of key material in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A 256-bit key: wiped when dropped; it cannot be cloned, compared or printed.
///
/// It stands on the heap because moving an array leaves a copy on the stack that nothing wipes.
pub(super) struct Key256(Box<Zeroizing<[u8; 32]>>);

impl Key256 {
    /// A key that `write` puts into place; if it fails there is no key.
    pub(super) fn fill<E>(write: impl FnOnce(&mut [u8; 32]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Box::default());
        write(&mut key.0)?;
        Ok(key)
    }

    /// `None` unless there are exactly 32 bytes.
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Self(Box::default());
        if bytes.len() != key.0.len() {
            return None;
        }
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// The key itself. Every caller is an exit to be reviewed.
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key256(…)")
    }
}
