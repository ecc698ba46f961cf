//! Parameters that both products read alike. `None`: the value is none of those that can be; each says so in its own words.

use super::call::Call;
use crate::ssh::PrivateKeyFormat;

/// Ours: `pkcs1`, `pkcs8` or `openssh`.
pub(super) const PRIVATE_KEY_FORMAT: &str = "private_key_format";

/// How a private key is to go out.
pub(super) fn private_key_format(call: &Call, usual: PrivateKeyFormat) -> Option<PrivateKeyFormat> {
    call.parameters.get(PRIVATE_KEY_FORMAT).map_or(Some(usual), PrivateKeyFormat::parse)
}

/// A whole number from 1 on.
pub(super) fn number(call: &Call, name: &str, usual: usize, largest: usize) -> Option<usize> {
    let Some(raw) = call.parameters.get(name) else { return Some(usual) };
    let is_digits = raw.bytes().all(|byte| byte.is_ascii_digit());
    raw.parse().ok().filter(|number| is_digits && (1..=largest).contains(number))
}
