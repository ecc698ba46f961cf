//! Every cipher call of the service, each with the reason for its nonce and what is lost if that reason is wrong.

mod primitives;
mod sealing;
mod wrapping;

pub(super) use self::primitives::random_key;
pub(super) use self::sealing::{check_commitment, mark, open, seal, seal_with};
#[cfg(test)]
pub(super) use self::wrapping::wrap_with;
pub(super) use self::wrapping::{check_value, signing_seed, unwrap, wrap};
