//! The settings that may change while the service runs.

use prometheus::Registry;

use super::tls::Certificates;
use crate::http::RateLimits;
use crate::service::{Bounds, LiveBounds};
use crate::settings::Settings;

/// Those that requests or connections read anew each time. Clones share them. The log's level is the command's own.
#[derive(Clone)]
pub struct Live {
    /// Of all dialects but Alibaba's.
    pub(super) own: LiveBounds,
    pub(super) alibaba: LiveBounds,
    pub(super) rate_limits: RateLimits,
    certificates: Certificates,
}

impl Live {
    pub(super) fn new(
        settings: &Settings,
        certificates: Certificates,
        metrics: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let [own, alibaba] = bounds(settings).map(LiveBounds::new);
        let rate_limits = RateLimits::new(&settings.http.rate_limit, metrics)?;
        Ok(Self { own, alibaba, rate_limits, certificates })
    }

    /// Has the listeners' certificates read again, from where they were at the start; the log says what becomes of them.
    pub fn renew_certificates(&self) {
        self.certificates.renew();
    }

    /// Has these settings hold from here on, as far as they may change.
    pub fn set(&self, settings: &Settings) {
        let [own, alibaba] = bounds(settings);
        self.own.set(own);
        self.alibaba.set(alibaba);
        self.rate_limits.set(&settings.http.rate_limit);
    }
}

fn bounds(settings: &Settings) -> [Bounds; 2] {
    let min_rsa_bits = settings.keypair.min_rsa_bits;
    [settings.keypair.limit, settings.alibaba.key_pairs_per_region].map(|key_pairs| Bounds { key_pairs, min_rsa_bits })
}
