//! What the operator says about Alibaba's two products.

use serde::{Deserialize, Deserializer, de};

use super::format::Format;
use crate::ssh::PrivateKeyFormat;

/// `alibaba.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is answered to a request of the older signature that asks for no format.
    pub default_format: Format,
    /// The regions of ECS, each a name space of its own; none: the service's own region. That one is shared with the other
    /// dialects.
    pub regions: Vec<String>,
    /// The groups that key pairs may be put into.
    pub resource_groups: Vec<String>,
    /// How a private key goes out where the request does not say.
    #[serde(deserialize_with = "private_key_format")]
    pub private_key_format: PrivateKeyFormat,
    pub fingerprint_format: FingerprintFormat,
    /// How many key pairs a project may have in a region, where no quota was set.
    pub key_pairs_per_region: u32,
    pub tags_per_key_pair: usize,
}

/// How the 16 bytes of an MD5 fingerprint are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FingerprintFormat {
    /// 32 hex digits.
    Plain,
    /// 16 pairs of them.
    Colons,
}

fn private_key_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PrivateKeyFormat, D::Error> {
    let word = String::deserialize(deserializer)?;
    PrivateKeyFormat::parse(&word).ok_or_else(|| de::Error::custom("must be pkcs1, pkcs8 or openssh"))
}
