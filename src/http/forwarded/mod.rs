//! Who sent a request, and by which address they reached the service: what the connection tells, and what the proxies say
//! that `http.trusted_proxies` names. Nothing else reads `Forwarded` and `X-Forwarded-…`.

mod hops;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use self::hops::Hops;
use super::TrustedProxies;

/// How a request came here.
#[derive(Debug, PartialEq, Eq)]
pub struct Reached {
    /// The client's address; that of the connection where no trusted proxy tells another.
    pub client: Option<IpAddr>,
    pub scheme: Scheme,
    /// The host and, where it is not the scheme's own, the port; none where the request has no usable one.
    pub host: Option<String>,
    /// What a proxy took off the path: empty, or `/` and what follows, without a final slash.
    pub prefix: String,
}

/// What an address begins with; as data of the app, what its listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Reached {
    /// Of anybody but a trusted proxy no header is believed, except for the Host that every client sends.
    pub fn of(request: &HttpRequest, trusted: &TrustedProxies) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let scheme = request.app_data::<Scheme>().copied().unwrap_or(Scheme::Http);
        let direct = Self { client: peer, scheme, host: own_host(request), prefix: String::new() };
        if peer.is_some_and(|peer| trusted.contains(peer)) { direct.told(request.headers(), trusted) } else { direct }
    }

    /// With what the proxies say; `self` is what holds where they say nothing.
    fn told(self, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let standard = Hops::of_forwarded(headers, trusted);
        let common = Hops::of_x_forwarded(headers, trusted);
        let scheme = standard.scheme().or(common.scheme()).unwrap_or(self.scheme);
        let named = common.host().or(self.host).map(|host| with_port(host, common.port(), scheme));
        let client = agreed(standard.client(trusted), common.client(trusted));
        Self {
            client: client.or(self.client),
            scheme,
            host: standard.host().or(named),
            prefix: common.prefix().unwrap_or(self.prefix),
        }
    }
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(raw: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(raw))
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The address that both headers mean, or the one that is there. If they differ, the proxy wrote only one and passed the
/// other on as the client made it up; nobody can tell which, and a choice would let the client pick its address.
fn agreed(standard: Option<IpAddr>, common: Option<IpAddr>) -> Option<IpAddr> {
    match (standard, common) {
        (Some(one), Some(other)) if one != other => None,
        (standard, common) => standard.or(common),
    }
}

/// The request's own host: of its Host header or, as in HTTP/1.0 and requests to a proxy, of its target.
fn own_host(request: &HttpRequest) -> Option<String> {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    named.or_else(|| request.uri().authority().map(|authority| authority.as_str())).and_then(host)
}

/// A host, if it is made of what hosts are made of: it ends up inside quotes in a header.
fn host(raw: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    (!raw.is_empty() && raw.bytes().all(fits)).then(|| raw.to_owned())
}

/// The host with the port that the proxy listens on, unless the host has one or the scheme implies it.
fn with_port(host: String, port: Option<u16>, scheme: Scheme) -> String {
    let has_port = host.contains(':') && !host.ends_with(']');
    match port.filter(|port| !has_port && *port != scheme.default_port()) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}
