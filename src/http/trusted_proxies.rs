//! `http.trusted_proxies`: whose word about other addresses is taken.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// Addresses and networks of the proxies in front; by default, none.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct TrustedProxies(Vec<IpNet>);

/// An entry that nobody can be told by.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxy {
    #[error("'{0}' is neither an address nor a network, such as 192.0.2.10, 192.0.2.0/24 or 2001:db8::/64")]
    Unreadable(String),
    /// Either the length is a slip, and the whole network would be trusted, or the address is.
    #[error("'{entry}' is one address of the network {network}; write the address alone, or the network")]
    WithinNetwork { entry: String, network: IpNet },
}

impl TrustedProxies {
    /// An IPv4 address counts as the same in its IPv6 form, as which it arrives on a socket for both.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl TryFrom<Vec<String>> for TrustedProxies {
    type Error = InvalidProxy;

    fn try_from(entries: Vec<String>) -> Result<Self, InvalidProxy> {
        entries.into_iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

fn parse(entry: String) -> Result<IpNet, InvalidProxy> {
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    match entry.parse::<IpNet>() {
        Ok(network) if network.addr() == network.network() => Ok(canonical(network)),
        Ok(network) => Err(InvalidProxy::WithinNetwork { entry, network: network.trunc() }),
        Err(_) => Err(InvalidProxy::Unreadable(entry)),
    }
}

/// `::ffff:192.0.2.0/120` as `192.0.2.0/24`: what is compared with it has become IPv4 as well.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(entries: &[&str]) -> Result<TrustedProxies, InvalidProxy> {
        entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>().try_into()
    }

    #[test]
    fn an_entry_stands_for_its_addresses_in_either_form() {
        let cases = [
            ("192.0.2.10", "192.0.2.10", true),
            ("192.0.2.10", "::ffff:192.0.2.10", true),
            ("::ffff:192.0.2.10", "192.0.2.10", true),
            ("192.0.2.10", "192.0.2.11", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("::ffff:192.0.2.0/120", "192.0.2.255", true),
            ("::ffff:192.0.2.0/120", "192.0.3.0", false),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "192.0.2.10", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::1", true),
            ("2001:db8::/64", "2001:db8::ffff:1", true),
            ("2001:db8::/64", "2001:db8:0:1::1", false),
        ];
        for (entry, address, expected) in cases {
            let proxies = trusted(&["203.0.113.1", entry]).expect(entry);
            assert_eq!(proxies.contains(address.parse().expect(address)), expected, "{entry} and {address}");
        }
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        assert!(!TrustedProxies::default().contains("127.0.0.1".parse().expect("is an address")));
    }

    #[test]
    fn an_entry_that_could_mean_two_things_or_none_is_named() {
        for entry in ["", "proxy.example", "192.0.2", "192.0.2.10/33", "192.0.2.10:80", "[2001:db8::1]", " 192.0.2.10"]
        {
            let refused = trusted(&["192.0.2.1", entry]).expect_err(entry);
            assert_eq!(refused, InvalidProxy::Unreadable(entry.to_owned()));
        }
        let refused = trusted(&["192.0.2.10/24"]).expect_err("is ambiguous").to_string();
        assert!(refused.starts_with("'192.0.2.10/24' is one address of the network 192.0.2.0/24;"), "{refused}");
    }
}
