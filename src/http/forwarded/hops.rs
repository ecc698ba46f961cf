//! What proxies wrote about a request on its way, and how much of it is to be believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::HeaderMap;

use super::{Scheme, host};
use crate::http::TrustedProxies;

/// What one proxy says of the request that it was sent; each is there only if it can be used.
#[derive(Default)]
struct Hop {
    /// Who sent it.
    sender: Option<IpAddr>,
    scheme: Option<Scheme>,
    host: Option<String>,
    port: Option<u16>,
    prefix: Option<String>,
}

/// What the trusted proxies wrote, from the one that connects to us outwards.
///
/// Each proxy adds to the right of what it was sent, and a client may send anything. The last entry is the peer's own.
/// The one before it is as good only if the sender that the peer names is a trusted proxy too, and so on: the walk ends
/// with the entry of the outermost of them, the one that the client reached.
pub(super) struct Hops(Vec<Hop>);

impl Hops {
    /// Of `Forwarded` (RFC 7239): one element a proxy.
    pub(super) fn of_forwarded(headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        // A line that cannot be read says nothing, and ends the walk as an unknown sender does.
        let hops = |line: String| elements(&line).unwrap_or_else(|| vec![Hop::default()]);
        let hops: Vec<Hop> = lines(headers, "Forwarded").flat_map(hops).collect();
        Self::believed(hops.into_iter().rev(), trusted)
    }

    /// Of `X-Forwarded-…`: one entry of each list a proxy, so that what stands at the same place from the right belongs
    /// together. Most proxies replace these headers except for the addresses, which leaves shorter lists: what is not
    /// there the next proxy inwards has said.
    pub(super) fn of_x_forwarded(headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let [senders, schemes, hosts, ports, prefixes] =
            ["For", "Proto", "Host", "Port", "Prefix"].map(|name| entries(headers, &format!("X-Forwarded-{name}")));
        let hop = |place: usize| Hop {
            sender: senders.get(place).and_then(|raw| address(raw)),
            scheme: schemes.get(place).and_then(|raw| Scheme::parse(raw)),
            host: hosts.get(place).and_then(|raw| host(raw)),
            port: ports.get(place).and_then(|raw| raw.parse().ok()),
            prefix: prefixes.get(place).and_then(|raw| clean_path(raw)),
        };
        Self::believed((0..).map(hop), trusted)
    }

    /// `hops` from the nearest one outwards.
    fn believed(hops: impl Iterator<Item = Hop>, trusted: &TrustedProxies) -> Self {
        let mut believed = Vec::new();
        for hop in hops {
            let is_outermost = !hop.sender.is_some_and(|sender| trusted.contains(sender));
            believed.push(hop);
            if is_outermost {
                break;
            }
        }
        Self(believed)
    }

    /// Who sent the request to the outermost trusted proxy.
    pub(super) fn client(&self, trusted: &TrustedProxies) -> Option<IpAddr> {
        self.0.last().and_then(|hop| hop.sender).filter(|sender| !trusted.contains(*sender))
    }

    pub(super) fn scheme(&self) -> Option<Scheme> {
        self.outermost(|hop| hop.scheme)
    }

    pub(super) fn host(&self) -> Option<String> {
        self.outermost(|hop| hop.host.clone())
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.outermost(|hop| hop.port)
    }

    pub(super) fn prefix(&self) -> Option<String> {
        self.outermost(|hop| hop.prefix.clone())
    }

    /// What the outermost trusted proxy says that says it. The client spoke with that one: those further in were sent
    /// the request by another proxy, mostly over plain HTTP and by an internal name that no client can follow.
    fn outermost<T>(&self, said: impl Fn(&Hop) -> Option<T>) -> Option<T> {
        self.0.iter().rev().find_map(said)
    }
}

/// The lines of a header, in order. A byte that is no text spoils its own entry alone.
fn lines<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = String> + 'a {
    headers.get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The entries of a list, the last one first.
fn entries(headers: &HeaderMap, name: &str) -> Vec<String> {
    let all = lines(headers, name).collect::<Vec<_>>().join(",");
    all.rsplit(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// The elements of one line of `Forwarded`; none if it does not keep to the grammar.
fn elements(line: &str) -> Option<Vec<Hop>> {
    let elements = split_outside_quotes(line, ',').into_iter();
    elements.filter(|element| !element.trim().is_empty()).map(element).collect()
}

/// `for=192.0.2.60;proto=https;host="keys.example:8443"`
fn element(text: &str) -> Option<Hop> {
    let mut hop = Hop::default();
    for pair in split_outside_quotes(text, ';') {
        if pair.trim().is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(value.trim())?;
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.sender = address(&value),
            "proto" => hop.scheme = Scheme::parse(&value),
            "host" => hop.host = host(&value),
            // `by`, and whatever else proxies agree on among themselves.
            _ => {}
        }
    }
    Some(hop)
}

/// The parts between separators that do not stand inside quotes. A quote that is not closed reaches to the end, and is
/// refused with its value.
fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A value as it is meant: a word, or what stands between its quotes.
fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return (!value.contains('"')).then(|| value.to_owned());
    };
    let mut text = String::new();
    let mut characters = inner.strip_suffix('"')?.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.push(characters.next()?),
            '"' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

/// An address with or without brackets and port. `unknown` and made-up names (`_gateway`) are none.
fn address(raw: &str) -> Option<IpAddr> {
    let bracketed = || raw.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    let with_port = || raw.parse::<SocketAddr>().ok().map(|address| address.ip());
    raw.parse().ok().or_else(bracketed).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// A path that begins with a slash and means what it says: no empty segment, no `.` or `..`, nothing to decode. A final
/// slash is taken off.
fn clean_path(raw: &str) -> Option<String> {
    let path = raw.strip_suffix('/').unwrap_or(raw);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(fits);
    path.strip_prefix('/')?.split('/').all(is_segment).then(|| path.to_owned())
}
