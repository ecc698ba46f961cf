//! The key pairs behind the two products.

use std::collections::BTreeMap;

use super::settings::Settings;
use crate::domain::{Region, Result};
use crate::service::{KeyPairs, LiveBounds};

/// ECS's key pairs of each region, and ENS's, which knows none.
pub struct Products {
    pub(super) settings: Settings,
    pub(super) ecs: BTreeMap<String, KeyPairs>,
    pub(super) ens: KeyPairs,
}

impl Products {
    /// `own`: the key pairs of the service's own region, which the other dialects have too. A region that cannot be one is
    /// [`crate::domain::Error::Invalid`]. `bounds` hold in each region, with `key_pairs_per_region` for the limit.
    pub fn new(settings: &Settings, bounds: &LiveBounds, own: &KeyPairs) -> Result<Self> {
        let of = |region: Region| own.elsewhere(region, bounds.clone());
        let mut ecs = BTreeMap::new();
        for region in &settings.regions {
            ecs.insert(region.clone(), of(Region::parse(region)?));
        }
        if ecs.is_empty() {
            ecs.insert(own.region().to_string(), of(own.region().clone()));
        }
        Ok(Self { settings: settings.clone(), ecs, ens: of(own.region().clone()) })
    }
}
