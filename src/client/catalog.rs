//! A token's catalog: where the cloud's services are.

use std::collections::BTreeSet;

use reqwest::Url;
use serde::Deserialize;

use super::cloud::Interface;
use super::error::{Error, Result};

#[derive(Deserialize)]
pub(super) struct Service {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    interface: String,
    region: Option<String>,
    /// The same; newer Keystones send both.
    region_id: Option<String>,
    url: String,
}

/// Key pairs are Nova's: of the service type `compute`.
const COMPUTE: &str = "compute";

/// Where the cloud's key pairs are.
pub(super) fn compute(catalog: &[Service], region: Option<&str>, interface: Interface) -> Result<Url> {
    let endpoints = || catalog.iter().filter(|service| service.kind == COMPUTE).flat_map(|service| &service.endpoints);
    let fits = |endpoint: &&Endpoint| {
        let in_region = region.is_none_or(|region| endpoint.region() == Some(region));
        in_region && endpoint.interface == interface.as_str()
    };
    let found = endpoints().find(fits).and_then(|endpoint| Url::parse(&endpoint.url).ok());
    found.filter(|url| !url.cannot_be_a_base()).ok_or_else(|| {
        let known: BTreeSet<String> = endpoints().map(Endpoint::described).collect();
        let known = if known.is_empty() { "none at all".to_owned() } else { Vec::from_iter(known).join(", ") };
        Error::NoEndpoint { region: region.map(str::to_owned), interface, known }
    })
}

impl Endpoint {
    fn region(&self) -> Option<&str> {
        self.region.as_deref().or(self.region_id.as_deref())
    }

    fn described(&self) -> String {
        format!("{} ({})", self.region().unwrap_or("no region"), self.interface)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOG: &str = r#"[
        {"type": "identity", "endpoints": [{"interface": "public", "region": "R1", "url": "http://identity/v3"}]},
        {"type": "compute", "endpoints": [
            {"interface": "admin", "region": "R1", "url": "http://r1-admin/v2.1"},
            {"interface": "public", "region": "R1", "url": "http://r1/v2.1"},
            {"interface": "public", "region": "R2", "url": "http://r2/v2.1/"}]}]"#;

    #[test]
    fn region_and_interface_choose_the_endpoint() {
        let catalog: Vec<Service> = serde_json::from_str(CATALOG).expect("is one");
        let found = |region, interface| compute(&catalog, region, interface).map(String::from);
        assert_eq!(found(None, Interface::Public).expect("is there"), "http://r1/v2.1");
        assert_eq!(found(Some("R2"), Interface::Public).expect("is there"), "http://r2/v2.1/");
        assert_eq!(found(Some("R1"), Interface::Admin).expect("is there"), "http://r1-admin/v2.1");
        let told = found(Some("R3"), Interface::Internal).expect_err("is not there").to_string();
        let known = "R1 (admin), R1 (public), R2 (public)";
        assert_eq!(
            told,
            format!("the cloud has no compute service in the region 'R3' for the interface 'internal'; it has {known}")
        );
    }
}
