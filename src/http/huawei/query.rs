//! Query parameters.

use actix_web::HttpRequest;

use crate::domain::{KeyPairName, Result};
use crate::http::members::invalid;

/// The longest page, and the one that is given where no limit is asked for: what Huawei's documentation of 2026 says.
pub(super) const LONGEST_PAGE: usize = 1000;

/// The parameter of that name, decoded; of several the last. An empty one is none.
pub(super) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    values.last().filter(|value| !value.is_empty())
}

/// `limit`: a whole number from 1 on; what is more than the longest page is that.
pub(super) fn limit(request: &HttpRequest) -> Result<usize> {
    let Some(raw) = parameter(request, "limit") else { return Ok(LONGEST_PAGE) };
    let is_number = raw.bytes().all(|byte| byte.is_ascii_digit()) && raw.bytes().any(|byte| byte != b'0');
    if !is_number {
        return Err(invalid("limit", "must be a whole number, 1 or more"));
    }
    // One of more digits than fit is larger than that, too.
    Ok(raw.parse().unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE))
}

/// `marker`: the last name of the page before.
pub(super) fn marker(request: &HttpRequest) -> Result<Option<KeyPairName>> {
    let marker = parameter(request, "marker").map(|raw| KeyPairName::parse(&raw)).transpose();
    marker.map_err(|_| invalid("marker", "must be the name of a key pair"))
}
