//! What a secret makes of a text, compared in constant time; and how old a signature may be.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use time::OffsetDateTime;

use crate::domain::Timestamp;

/// How far the signed date may be from the time of receipt, either way.
const SKEW_SECONDS: i64 = 15 * 60;

/// The HMAC. Empty where there is no memory for it: that equals nothing.
pub(super) fn hmac(digest: MessageDigest, key: &[u8], text: &[u8]) -> Vec<u8> {
    let sign = || -> Result<Vec<u8>, ErrorStack> {
        let key = PKey::hmac(key)?;
        Signer::new(digest, &key)?.sign_oneshot_to_vec(text)
    };
    sign().unwrap_or_default()
}

/// Whether what was given is what was made; how much of it is, takes no other time.
pub(super) fn equals(given: &str, made: &str) -> bool {
    !made.is_empty() && given.len() == made.len() && memcmp::eq(given.as_bytes(), made.as_bytes())
}

/// The second of receipt.
pub(super) fn seconds(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(1_000_000)
}

pub(super) fn is_in_time(signed: OffsetDateTime, now: Timestamp) -> bool {
    (signed.unix_timestamp() - seconds(now)).abs() <= SKEW_SECONDS
}
