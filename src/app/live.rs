//! The settings that may change while the service runs.

use crate::service::{Bounds, LiveBounds};
use crate::settings::Settings;

/// Those that requests read anew each time. Clones share them. The log's level is the command's own.
#[derive(Clone)]
pub struct Live {
    /// Of all dialects but Alibaba's.
    pub(super) own: LiveBounds,
    pub(super) alibaba: LiveBounds,
}

impl Live {
    pub(super) fn new(settings: &Settings) -> Self {
        let [own, alibaba] = bounds(settings).map(LiveBounds::new);
        Self { own, alibaba }
    }

    /// Has these settings hold from here on, as far as they may change.
    pub fn set(&self, settings: &Settings) {
        let [own, alibaba] = bounds(settings);
        self.own.set(own);
        self.alibaba.set(alibaba);
    }
}

fn bounds(settings: &Settings) -> [Bounds; 2] {
    let min_rsa_bits = settings.keypair.min_rsa_bits;
    [settings.keypair.limit, settings.alibaba.key_pairs_per_region].map(|key_pairs| Bounds { key_pairs, min_rsa_bits })
}
