//! Alibaba Cloud's two signatures: in the parameters (version 1.0), and in the headers (`ACS3-HMAC-SHA256`).

mod acs3;
mod rpc;
#[cfg(test)]
mod tests;

use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use self::acs3::Acs3;
use self::rpc::Rpc;
use super::form::Pairs;
use super::mac::is_in_time;
use super::{Request, Signed};
use crate::domain::{SecretText, Timestamp};

/// What the `Authorization` of a request begins with that is signed in its headers, by whatever algorithm.
pub const ACS3: &str = "ACS3-";

const DATE_FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// How much of what was to be signed a refusal shows, in characters.
const LONGEST_SHOWN: usize = 4096;

/// A request as it arrived: its head, and what else a signature covers.
pub struct Sent<'r> {
    pub head: Request<'r>,
    /// The query alone.
    pub query: &'r Pairs,
    /// Query and form; of a name in both, the form's.
    pub parameters: &'r Pairs,
    pub body: &'r [u8],
}

/// Why a signature does not hold. The texts go to the log, and repeat nothing of the request but names of its parts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `what` is the parameter's name in the older signature; `name` where it was looked for.
    #[error("{name} is mandatory for this action.")]
    Missing { what: &'static str, name: &'static str },
    #[error("The specified parameter SignatureMethod is not supported.")]
    UnknownMethod,
    #[error("The specified parameter SignatureVersion is not supported.")]
    UnknownVersion,
    #[error("The request signature does not conform to Aliyun standards: {0}")]
    Malformed(String),
    #[error("Specified signature is not matched with our calculation. server string to sign is:")]
    RpcMismatch,
    #[error("Specified signature does not match our calculation.")]
    Acs3Mismatch,
    #[error("Specified time stamp or date value is not well formatted.")]
    TimeMalformed,
    #[error("Specified time stamp or date value is expired.")]
    Expired,
}

/// What a request says of its signature: all of it is there, and nothing of it proved.
pub enum Signature<'r> {
    Rpc(Rpc<'r>),
    Acs3(Acs3<'r>),
}

/// What of a text that was to be signed is shown.
type Show = fn(&str) -> &str;

impl<'r> Signature<'r> {
    /// `Authorization` tells which of the two it is. Clients of the older one send `x-acs-…` headers too.
    pub fn of(sent: &'r Sent<'r>) -> Result<Self, Refusal> {
        if is_acs3(&sent.head) { Acs3::of(sent).map(Self::Acs3) } else { Rpc::of(sent).map(Self::Rpc) }
    }

    pub fn access_key(&self) -> &'r str {
        match self {
            Self::Rpc(rpc) => rpc.access_key,
            Self::Acs3(acs3) => acs3.access_key,
        }
    }

    pub fn action(&self) -> &'r str {
        match self {
            Self::Rpc(rpc) => rpc.action,
            Self::Acs3(acs3) => acs3.action,
        }
    }

    pub fn version(&self) -> &'r str {
        match self {
            Self::Rpc(rpc) => rpc.version,
            Self::Acs3(acs3) => acs3.version,
        }
    }

    pub fn nonce(&self) -> &'r str {
        match self {
            Self::Rpc(rpc) => rpc.nonce,
            Self::Acs3(acs3) => acs3.nonce,
        }
    }

    /// Whether it was made by now. Of what holds alone: the date is signed, too.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let date = match self {
            Self::Rpc(rpc) => rpc.timestamp,
            Self::Acs3(acs3) => acs3.date,
        };
        let date = PrimitiveDateTime::parse(date, DATE_FORMAT).map_err(|_| Refusal::TimeMalformed)?;
        if is_in_time(date.assume_utc(), now) { Ok(()) } else { Err(Refusal::Expired) }
    }

    /// What should have been signed, for the caller alone to compare with; what `show` hides stays hidden.
    pub fn explained(&self, show: Show) -> String {
        match self {
            Self::Rpc(rpc) => cut(&rpc.string_to_sign(show)),
            Self::Acs3(acs3) => acs3.explained(show),
        }
    }
}

impl Signed for Signature<'_> {
    type Refusal = Refusal;

    fn security_token(&self) -> Option<&str> {
        match self {
            Self::Rpc(rpc) => rpc.security_token,
            Self::Acs3(acs3) => acs3.security_token,
        }
    }

    fn verify(&self, secret: &SecretText) -> Result<(), Refusal> {
        match self {
            Self::Rpc(rpc) => rpc.verify(secret),
            Self::Acs3(acs3) => acs3.verify(secret),
        }
    }
}

/// Whether a request says that it is signed in its headers.
pub fn is_acs3(head: &Request<'_>) -> bool {
    head.headers.iter().any(|(name, value)| *name == "authorization" && value.starts_with(ACS3.as_bytes()))
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_SHOWN).collect()
}
