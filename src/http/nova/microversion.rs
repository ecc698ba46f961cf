//! Microversions: the versions of Nova's API that one URL answers in, which a request names in a header.

use std::fmt;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};

use super::error::Error;
use crate::http::request_id;

const STANDARD: HeaderName = HeaderName::from_static("openstack-api-version");
const LEGACY: HeaderName = HeaderName::from_static("x-openstack-nova-api-version");

/// A version of the API, by what follows the `2.`. What changed in one has a name here, and is compared only where
/// bodies, queries and statuses are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Microversion(u32);

impl Microversion {
    /// The API below `/v2`, older than every microversion: it never changes, and no header is read or written.
    pub(super) const FROZEN: Self = Self(0);
    /// The oldest, which a request without a header gets.
    pub(super) const OLDEST: Self = Self(1);
    /// Bodies have `type`; create answers 201 and delete 204.
    pub(super) const KEY_TYPE: Self = Self(2);
    /// `user_id` in a create body and in queries.
    pub(super) const USER_ID: Self = Self(10);
    /// `limit`, `marker` and `keypairs_links`.
    pub(super) const PAGED_LIST: Self = Self(35);
    /// Quota sets and limits without the network's.
    pub(super) const NO_NETWORK_QUOTAS: Self = Self(36);
    /// Limits without `maxImageMeta`.
    pub(super) const NO_IMAGE_METADATA: Self = Self(39);
    /// Quota classes with server groups and without the network's.
    pub(super) const CLASSES_AS_QUOTAS: Self = Self(50);
    /// Quota sets, quota classes and limits without injected files.
    pub(super) const NO_INJECTED_FILES: Self = Self(57);
    /// Unknown query parameters are refused.
    pub(super) const STRICT_QUERY: Self = Self(75);
    /// `public_key` is required, a private key is never returned, and names may have `@` and `.`.
    pub(super) const IMPORT_ONLY: Self = Self(92);
    /// They are refused of `extensions`, too.
    pub(super) const STRICT_EXTENSIONS_QUERY: Self = Self(102);
    pub(super) const NEWEST: Self = Self(104);

    /// The version that a request is answered in. From here on its answer names it, where the path has versions.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Error> {
        if request.path().starts_with("/v2/") {
            return Ok(Self::FROZEN);
        }
        let asked = asked(request.headers());
        let named = match &asked {
            Ok(version) => Some(version.to_string()),
            Err(Error::UnsupportedVersion(version)) => Some(version.clone()),
            Err(_) => None,
        };
        if let Some(version) = named {
            request.extensions_mut().insert(Answered(version));
        }
        asked
    }

    /// Reads `2.10` or `latest`.
    fn parse(raw: &str) -> Result<Self, Error> {
        if raw == "latest" {
            return Ok(Self::NEWEST);
        }
        let Some((major, minor)) =
            raw.split_once('.').filter(|(major, minor)| is_number(major, 1) && is_number(minor, 0))
        else {
            return Err(Error::MalformedVersion(raw.to_owned()));
        };
        match minor.parse().map(Self) {
            Ok(version) if major == "2" && (Self::OLDEST..=Self::NEWEST).contains(&version) => Ok(version),
            _ => Err(Error::UnsupportedVersion(raw.to_owned())),
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

/// The standard header wins over the older one; naming only other services counts as absent (recorded).
fn asked(headers: &HeaderMap) -> Result<Microversion, Error> {
    let standard = joined(headers, &STANDARD).and_then(|value| compute_version(&value));
    match standard.or_else(|| joined(headers, &LEGACY)) {
        Some(raw) => Microversion::parse(&raw),
        None => Ok(Microversion::OLDEST),
    }
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

/// The version that the answer names; for one that is not supported, the one that was asked for.
#[derive(Clone)]
struct Answered(String);

/// Puts on an answer what every answer of Nova has: the request's id twice, and the version, if one was found, in both
/// headers, with a `Vary` for each.
pub(super) async fn name_version<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let request = response.request().clone();
    let answered = request.extensions().get::<Answered>().cloned();
    let headers = response.headers_mut();
    request_id::write(&request, headers, &["x-openstack-request-id", "x-compute-request-id"]);
    if let Some(Answered(version)) = answered
        && let Ok(standard) = HeaderValue::try_from(format!("compute {version}"))
        && let Ok(legacy) = HeaderValue::try_from(version)
    {
        headers.insert(STANDARD, standard);
        headers.insert(LEGACY, legacy);
        headers.append(header::VARY, HeaderValue::from_static("OpenStack-API-Version"));
        headers.append(header::VARY, HeaderValue::from_static("X-OpenStack-Nova-API-Version"));
    }
    Ok(response)
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
            assert!(matches!(Microversion::parse(raw), Err(Error::MalformedVersion(_))), "{raw}");
        }
        for raw in ["2.0", "2.105", "1.1", "3.0", "12.1", "2.99999999999999"] {
            assert!(matches!(Microversion::parse(raw), Err(Error::UnsupportedVersion(_))), "{raw}");
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
