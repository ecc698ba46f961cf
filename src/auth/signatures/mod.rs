//! Requests that their sender signs with an access key's secret.

pub mod alibaba;
mod canonical;
pub mod form;
mod mac;
pub mod sdk_hmac;
#[cfg(test)]
mod tests;

use crate::domain::SecretText;

/// A request that is signed, in one of the schemes: all that is asked of it where access keys are kept.
pub trait Signed {
    /// Why a signature does not hold.
    type Refusal;

    /// What is sent with a temporary key beside the signature.
    fn security_token(&self) -> Option<&str>;

    /// Whether the signature is that of this secret.
    fn verify(&self, secret: &SecretText) -> Result<(), Self::Refusal>;
}

/// A request as it arrived, as far as a signature can cover it, without its body: what can be refused without the body is
/// refused before it is read.
pub struct Request<'a> {
    /// In capitals.
    pub method: &'a str,
    /// As sent, escapes and all, without the query.
    pub path: &'a str,
    /// As sent, without the `?`; empty for none.
    pub query: &'a str,
    /// Names in lower case, each as often as it was sent.
    pub headers: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Request<'a> {
    /// The one value of a header; `None` if there is none, or more than one: a signature covers one of them, and who
    /// reads the request later may take another.
    pub(super) fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.headers.iter().filter(|(header, _)| *header == name).map(|(_, value)| *value);
        values.next().filter(|_| values.next().is_none())
    }
}
