//! The settings of the KMS, and what each may be.

use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use super::alias::AliasTemplate;

/// The longest that a project's key stays in memory, in seconds: so long a disabled key may still be used.
const LONGEST_CACHE: u64 = 3600;
/// The most project keys in memory: some hundred bytes each.
const MOST_ENTRIES: u64 = 100_000;
/// The longest time of one operation, in seconds.
const LONGEST_TIME: u64 = 60;

/// `vault.kms.*`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Without one there is no KMS.
    pub provider: Option<Provider>,
    /// Without one the SDK's own: environment, profile, instance.
    pub region: Option<String>,
    /// Without one the region's own.
    pub endpoint_url: Option<String>,
    /// Which alias a project's key of a name has.
    pub alias_template: String,
    /// Allows a template that gives all projects the same keys.
    pub shared_keys: bool,
    pub data_keys: DataKeys,
    /// How long a project's key stays in memory.
    pub project_key_cache_seconds: u64,
    /// How many projects' keys stay in memory.
    pub project_key_cache_entries: u64,
    /// How long one operation may take, retries included.
    pub timeout_seconds: u64,
}

/// Whose KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    Aws,
}

/// How often the KMS is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKeys {
    /// For each key pair that is made or opened.
    PerKeyPair,
    /// For a key of each project, which wraps data keys here until its time is up.
    PerProject,
}

impl Settings {
    /// Checks each setting: its name, and why it cannot be used.
    pub fn validate(&self) -> [(&'static str, Result<(), String>); 6] {
        let template = AliasTemplate::parse(&self.alias_template, self.shared_keys);
        [
            ("vault.kms.region", self.region.as_deref().map_or(Ok(()), region)),
            ("vault.kms.endpoint_url", self.endpoint_url.as_deref().map_or(Ok(()), endpoint)),
            ("vault.kms.alias_template", template.map(drop)),
            ("vault.kms.project_key_cache_seconds", within(self.project_key_cache_seconds, LONGEST_CACHE)),
            ("vault.kms.project_key_cache_entries", within(self.project_key_cache_entries, MOST_ENTRIES)),
            ("vault.kms.timeout_seconds", within(self.timeout_seconds, LONGEST_TIME)),
        ]
    }

    pub(super) fn time(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    pub(super) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.project_key_cache_seconds)
    }
}

fn within(number: u64, most: u64) -> Result<(), String> {
    if (1..=most).contains(&number) { Ok(()) } else { Err(format!("it must be 1 to {most}")) }
}

fn region(written: &str) -> Result<(), String> {
    let fits = written.len() <= 64 && written.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    fits.then_some(()).ok_or_else(|| "it must be a region of AWS, such as eu-central-1".to_owned())
}

/// A data key crosses the network in the answer that brings it.
fn endpoint(written: &str) -> Result<(), String> {
    let url = Url::parse(written).map_err(|error| format!("it is not a URL: {error}"))?;
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        return Err("data keys would cross the network in the clear; it must begin with https:// (http:// only for \
                    this machine's own addresses)"
            .to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("it must have no user, password, '?' or '#'".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keys_cross_no_network_in_the_clear() {
        let fits =
            ["https://kms.example.org", "https://vpce-1.kms.eu-central-1.vpce.amazonaws.com/", "http://127.0.0.1:1"];
        fits.into_iter().chain(["http://[::1]:5000", "http://localhost:4566"]).for_each(|url| {
            assert_eq!(endpoint(url), Ok(()), "{url}");
        });
        for url in
            ["http://kms.example.org", "http://10.0.0.1", "ftp://127.0.0.1", "kms", "https://u:p@kms", "https://a/?b"]
        {
            assert!(endpoint(url).is_err(), "{url}");
        }
    }
}
