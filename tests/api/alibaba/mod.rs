//! Alibaba Cloud's RPC protocol over HTTP, and what is behind it.

mod nonces;
mod protocol;
mod signatures;

use crate::support::Answer;

/// What a call is refused with: status and code.
fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.code(), answer.body["Code"].as_str().unwrap_or_else(|| panic!("{}", answer.text)))
}

/// What a call gets that passes the door and names an action that nobody has.
const PASSED: (u16, &str) = (404, "InvalidAction.NotFound");
