//! How signatures write paths, queries and lists of headers, so that sender and receiver write the same.

use std::collections::HashSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest name of a header that can be signed.
const LONGEST_NAME: usize = 128;

/// What the path means: decoded, then each segment escaped, and a slash at its end. An escaped slash becomes a real one.
pub(super) fn encode_path(path: &str) -> String {
    encode_segments(&percent_decode_str(path).collect::<Vec<_>>())
}

/// The same of the path as it was sent: an escape is escaped once more.
pub(super) fn encode_raw_path(path: &str) -> String {
    encode_segments(path.as_bytes())
}

fn encode_segments(path: &[u8]) -> String {
    let mut encoded = path.split(|byte| *byte == b'/').map(escape).collect::<Vec<_>>().join("/");
    if !encoded.ends_with('/') {
        encoded.push('/');
    }
    encoded
}

/// The pairs of the query, decoded, sorted and escaped; a name without a value has an empty one. A `+` is a plus.
pub(super) fn encode_query(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<_>>();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect();
    pairs.sort_unstable();
    encode_pairs(pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice())))
}

/// Pairs that are decoded and in order.
pub(super) fn encode_pairs<'p>(pairs: impl Iterator<Item = (&'p [u8], &'p [u8])>) -> String {
    pairs.map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// The names of the signed headers: each once, so that no request makes much of little.
pub(super) fn header_names(names: &str) -> Option<Vec<&str>> {
    let mut seen = HashSet::new();
    let all_fit = names.split(';').all(|name| (1..=LONGEST_NAME).contains(&name.len()) && seen.insert(name));
    all_fit.then(|| names.split(';').collect())
}

pub(super) fn escape(bytes: &[u8]) -> String {
    percent_encode(bytes, ESCAPED).to_string()
}
