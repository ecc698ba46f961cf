//! The header that tells a caller when to try again.

use std::time::Duration;

use actix_web::http::header::{HeaderName, RETRY_AFTER};

/// `Retry-After` in whole seconds, rounded up: 0 would ask for a storm.
pub fn header(after: Duration) -> (HeaderName, String) {
    (RETRY_AFTER, after.as_millis().div_ceil(1000).max(1).to_string())
}
