//! Microversions: the versions of Nova's API that one URL answers in, which a request names in a header.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName};

pub const STANDARD: HeaderName = HeaderName::from_static("openstack-api-version");
pub const LEGACY: HeaderName = HeaderName::from_static("x-openstack-nova-api-version");

/// A version of the API, by what follows the `2.`. What changed in one has a name, here or in the dialect that knows it,
/// and is compared only where bodies, queries and statuses are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Microversion(u32);

/// A header that names no version, by what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not two numbers with a dot between.
    Malformed(String),
    /// It is too old or too new.
    Unsupported(String),
}

impl Microversion {
    /// The oldest, which a request without a header gets.
    pub const OLDEST: Self = Self::minor(1);
    /// Bodies have `type`; delete answers 204.
    pub const KEY_TYPE: Self = Self::minor(2);
    /// `user_id` in queries.
    pub const USER_ID: Self = Self::minor(10);
    /// `limit`, `marker` and `keypairs_links`.
    pub const PAGED_LIST: Self = Self::minor(35);
    pub const NEWEST: Self = Self::minor(104);

    pub const fn minor(minor: u32) -> Self {
        Self(minor)
    }

    /// The one before it; of the very first, itself.
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The version that headers ask for.
    ///
    /// The standard header wins over the older one; naming only other services counts as absent (recorded).
    pub fn asked(headers: &HeaderMap) -> Result<Self, Unusable> {
        let standard = joined(headers, &STANDARD).and_then(|value| compute_version(&value));
        match standard.or_else(|| joined(headers, &LEGACY)) {
            Some(raw) => Self::parse(&raw),
            None => Ok(Self::OLDEST),
        }
    }

    /// Reads `2.10` or `latest`.
    fn parse(raw: &str) -> Result<Self, Unusable> {
        if raw == "latest" {
            return Ok(Self::NEWEST);
        }
        let Some((major, minor)) =
            raw.split_once('.').filter(|(major, minor)| is_number(major, 1) && is_number(minor, 0))
        else {
            return Err(Unusable::Malformed(raw.to_owned()));
        };
        match minor.parse().map(Self) {
            Ok(version) if major == "2" && (Self::OLDEST..=Self::NEWEST).contains(&version) => Ok(version),
            _ => Err(Unusable::Unsupported(raw.to_owned())),
        }
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2.{}", self.0)
    }
}

/// Decimal digits without leading zeros, of at least `least`.
fn is_number(raw: &str, least: u8) -> bool {
    let first = raw.bytes().next();
    raw.bytes().all(|b| b.is_ascii_digit()) && first.is_some_and(|first| first > b'0' || (raw.len() == 1 && least == 0))
}

/// All values of a header as one list. Bytes beyond ASCII are read as Latin-1, as Python's web servers do.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<String> =
        headers.get_all(name).map(|value| value.as_bytes().iter().map(|&byte| char::from(byte)).collect()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// The last `compute VERSION` of a list such as `identity 3.1, compute 2.10`.
fn compute_version(list: &str) -> Option<String> {
    list.split(',').rev().find_map(|entry| {
        let (service, version) = entry.trim().split_once(char::is_whitespace)?;
        service.eq_ignore_ascii_case("compute").then(|| version.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_two_numbers_without_leading_zeros() {
        for (raw, minor) in [("2.1", 1), ("2.10", 10), ("2.104", 104), ("latest", 104)] {
            assert_eq!(Microversion::parse(raw).expect(raw), Microversion(minor));
        }
        for raw in ["", "2", "2.", ".1", "2.01", "02.1", "2.1.1", "2.1a", "LATEST", "-2.1", "2.+1", "2. 1"] {
            assert!(matches!(Microversion::parse(raw), Err(Unusable::Malformed(_))), "{raw}");
        }
        for raw in ["2.0", "2.105", "1.1", "3.0", "12.1", "2.99999999999999"] {
            assert!(matches!(Microversion::parse(raw), Err(Unusable::Unsupported(_))), "{raw}");
        }
    }

    #[test]
    fn the_last_compute_entry_of_a_list_counts() {
        for (list, found) in [
            ("compute 2.2,compute 2.10", Some("2.10")),
            ("identity 3.1, Compute  2.10 ", Some("2.10")),
            ("identity 3.1", None),
            ("compute", None),
            ("compute2.10", None),
            (",", None),
        ] {
            assert_eq!(compute_version(list).as_deref(), found, "{list}");
        }
    }
}
