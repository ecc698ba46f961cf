//! Which part of a list is asked for.

use super::KeyPairName;

/// A page of names in byte order: at most `limit` of them, after `marker`.
#[derive(Clone, Debug)]
pub struct Page {
    pub limit: usize,
    /// The last name of the page before; it must exist.
    pub marker: Option<KeyPairName>,
}
