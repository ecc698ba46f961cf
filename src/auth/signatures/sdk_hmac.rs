//! Huawei's `SDK-HMAC-SHA256`: the signature that all of its SDKs make.
//!
//! ```text
//! Authorization: SDK-HMAC-SHA256 Access=<access key>, SignedHeaders=<a;b;c>, Signature=<64 hex digits>
//! X-Sdk-Date: 20260102T030405Z
//!
//! canonical request = method \n path/ \n query \n (name:value \n)… \n signed headers \n hex SHA-256 of the body
//! string to sign    = SDK-HMAC-SHA256 \n date \n hex SHA-256 of the canonical request
//! signature         = hex HMAC-SHA256 (secret, string to sign)
//! ```
//!
//! The signed headers are taken as given: golangsdk leaves out Host. There is no nonce: within the 15 minutes a request
//! can be sent again.

use openssl::hash::MessageDigest;
use openssl::sha::sha256;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::canonical::{encode_path, encode_query, encode_raw_path, header_names};
use super::mac::{equals, hmac, is_in_time, seconds};
use super::{Request, Signed};
use crate::domain::{SecretText, Timestamp, hex};

/// What such an `Authorization` header begins with.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";
const DATE: &str = "x-sdk-date";
const BODY_HASH: &str = "x-sdk-content-sha256";
const DATE_FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// The headers whose values a refusal shows: those that SDKs set themselves, none of which is a secret.
const SHOWN: [&str; 9] = [
    "accept",
    "content-type",
    "host",
    "openstack-api-version",
    "user-agent",
    "x-domain-id",
    "x-project-id",
    "x-sdk-content-sha256",
    DATE,
];

/// How much of a canonical request a refusal shows, in bytes.
const LONGEST_SHOWN: usize = 4096;

/// What an `Authorization` header of this kind says.
#[derive(Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    pub access_key: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Why a signature does not hold. The texts are the gateway's, as far as it has one for the case: users search for them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "Authorization must be '{ALGORITHM} Access=<access key>, SignedHeaders=<names;in;lower;case>, Signature=<64 hex digits>'"
    )]
    Malformed,
    #[error("'{DATE}' must be among the SignedHeaders")]
    DateNotSigned,
    #[error("'{DATE}' must be sent once, as in 20260102T030405Z")]
    DateMalformed,
    #[error("calc aksk signature fail:signature expired, signature time:{signed},server time:{now}")]
    Expired { signed: String, now: String },
    #[error("'{0}' is among the SignedHeaders and must be sent, once")]
    HeaderMissing(String),
    #[error("'{BODY_HASH}' must be the SHA-256 of the body; UNSIGNED-PAYLOAD is not taken")]
    BodyHash,
    /// `canonical` is what should have been signed, with `|` for each line's end: for the caller alone, to compare with.
    #[error("verify aksk signature fail")]
    Signature { canonical: String },
}

impl Refusal {
    /// What the caller is told; the text itself is for the log, and repeats nothing of the request but names.
    pub fn told(&self) -> String {
        match self {
            Self::Signature { canonical } => format!("{self}, canonicalRequest:{canonical}"),
            Self::Malformed
            | Self::DateNotSigned
            | Self::DateMalformed
            | Self::Expired { .. }
            | Self::HeaderMissing(_)
            | Self::BodyHash => self.to_string(),
        }
    }
}

impl<'a> Authorization<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let (algorithm, parameters) = text.split_once(' ').ok_or(Refusal::Malformed)?;
        let [mut access_key, mut signed_headers, mut signature] = [None; 3];
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=').ok_or(Refusal::Malformed)?;
            let place = match name {
                "Access" => &mut access_key,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(Refusal::Malformed),
            };
            if value.is_empty() || place.replace(value).is_some() {
                return Err(Refusal::Malformed);
            }
        }
        match (algorithm, access_key, signed_headers, signature) {
            (ALGORITHM, Some(access_key), Some(names), Some(signature)) => {
                Ok(Self { access_key, signed_headers: header_names(names).ok_or(Refusal::Malformed)?, signature })
            }
            _ => Err(Refusal::Malformed),
        }
    }

    /// All that can be said without the secret and the body: date and headers.
    pub fn check(&self, request: &Request<'_>, now: Timestamp) -> Result<(), Refusal> {
        if !self.signed_headers.contains(&DATE) {
            return Err(Refusal::DateNotSigned);
        }
        check_date(date(request)?, now)?;
        if let Some(missing) = self.signed_headers.iter().find(|name| request.header(name).is_none()) {
            return Err(Refusal::HeaderMissing((*missing).to_owned()));
        }
        Ok(())
    }

    /// Whether the signature is that of this secret. To be called after [`check`](Self::check).
    ///
    /// Java's SDK signs the path as sent, all others what it means: either will do.
    pub fn verify(&self, request: &Request<'_>, body: &[u8], secret: &SecretText) -> Result<(), Refusal> {
        let body = hex(&sha256(body));
        let mut stated = request.headers.iter().filter(|(name, _)| *name == BODY_HASH);
        if stated.any(|(_, stated)| !stated.eq_ignore_ascii_case(body.as_bytes())) {
            return Err(Refusal::BodyHash);
        }
        let paths = [encode_path(request.path), encode_raw_path(request.path)];
        let date = date(request)?;
        let mut held = false;
        for path in &paths {
            let canonical = self.canonical(request, path, &body, Show::All);
            let to_sign = format!("{ALGORITHM}\n{date}\n{}", hex(&sha256(&canonical)));
            let made = hmac(MessageDigest::sha256(), secret.expose().as_bytes(), to_sign.as_bytes());
            held |= equals(self.signature, &hex(&made));
        }
        if held {
            return Ok(());
        }
        let mut canonical = self.canonical(request, &paths[0], &body, Show::Masked);
        canonical.truncate(LONGEST_SHOWN);
        Err(Refusal::Signature { canonical: String::from_utf8_lossy(&canonical).replace('\n', "|") })
    }

    /// No longer than a few times the request's head: each header is in it once at most.
    fn canonical(&self, request: &Request<'_>, path: &str, body: &str, show: Show) -> Vec<u8> {
        let query = encode_query(request.query);
        let mut text = format!("{}\n{path}\n{query}\n", request.method).into_bytes();
        for name in &self.signed_headers {
            let value = match show {
                Show::Masked if !SHOWN.contains(name) => b"***",
                Show::All | Show::Masked => request.header(name).unwrap_or_default().trim_ascii(),
            };
            text.extend([name.as_bytes(), b":", value, b"\n"].concat());
        }
        text.extend(format!("\n{}\n{body}", self.signed_headers.join(";")).into_bytes());
        text
    }
}

/// A request whose head was checked, and its body.
pub struct Whole<'r> {
    pub request: &'r Request<'r>,
    pub authorization: &'r Authorization<'r>,
    pub body: &'r [u8],
}

impl Signed for Whole<'_> {
    type Refusal = Refusal;

    fn security_token(&self) -> Option<&str> {
        self.request.header("x-security-token").and_then(|text| std::str::from_utf8(text).ok())
    }

    fn verify(&self, secret: &SecretText) -> Result<(), Refusal> {
        self.authorization.verify(self.request, self.body, secret)
    }
}

/// What of a canonical request is written.
#[derive(Clone, Copy)]
enum Show {
    All,
    /// Without the values of headers that may prove who somebody is: for a refusal.
    Masked,
}

fn date<'a>(request: &Request<'a>) -> Result<&'a str, Refusal> {
    request.header(DATE).and_then(|value| std::str::from_utf8(value).ok()).ok_or(Refusal::DateMalformed)
}

fn check_date(signed: &str, now: Timestamp) -> Result<(), Refusal> {
    let time = time::PrimitiveDateTime::parse(signed, DATE_FORMAT).map_err(|_| Refusal::DateMalformed)?.assume_utc();
    if is_in_time(time, now) {
        return Ok(());
    }
    let now = OffsetDateTime::from_unix_timestamp(seconds(now)).ok().and_then(|now| now.format(DATE_FORMAT).ok());
    Err(Refusal::Expired { signed: signed.to_owned(), now: now.unwrap_or_default() })
}
