//! The bounds that the settings put on key pairs: read for each request, so that they can change while the service runs.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// What holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many key pairs an owner may have in a region, where no quota was set.
    pub key_pairs: u32,
    /// The shortest RSA key that is imported, in bits; 0 takes any.
    pub min_rsa_bits: u32,
}

/// Where it stands. Clones share it.
#[derive(Clone)]
pub struct LiveBounds(Arc<ArcSwap<Bounds>>);

impl LiveBounds {
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(bounds)))
    }

    pub fn now(&self) -> Bounds {
        **self.0.load()
    }

    /// What holds for requests that come from now on. Nothing that is stored changes: who has more than a new limit keeps
    /// it, and makes no more.
    pub fn set(&self, bounds: Bounds) {
        self.0.store(Arc::new(bounds));
    }
}
