//! Which part of a list is asked for.

use super::KeyPairName;

/// A page of names in byte order: at most `limit` of them, after `marker`.
#[derive(Clone, Debug)]
pub struct Page {
    pub limit: usize,
    pub marker: Option<Marker>,
}

/// Where a page begins: after a name, mostly the last one of the page before.
#[derive(Clone, Debug)]
pub enum Marker {
    /// A key pair that the caller sees; any other is [`super::Error::MarkerNotFound`].
    KeyPair(KeyPairName),
    /// A place between names: a list goes on where it was, whatever has become of the key pair there.
    Place(KeyPairName),
}

impl Marker {
    pub const fn name(&self) -> &KeyPairName {
        match self {
            Self::KeyPair(name) | Self::Place(name) => name,
        }
    }
}
