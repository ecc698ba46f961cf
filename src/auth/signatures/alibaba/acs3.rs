//! The newer signature, in the headers: `ACS3-HMAC-SHA256`.
//!
//! ```text
//! Authorization: ACS3-HMAC-SHA256 Credential=<access key>,SignedHeaders=<a;b;c>,Signature=<64 hex digits>
//!
//! canonical request = METHOD \n / \n query \n (name:value \n)… \n signed headers \n hex SHA-256 of the body
//! string to sign    = ACS3-HMAC-SHA256 \n hex SHA-256 of the canonical request
//! signature         = hex HMAC-SHA256 (secret, string to sign)
//! ```
//!
//! The signed headers are taken as given, but what decides about the answer must be among them: clients sign more than is
//! documented, and nobody may add to a signed request what it did not say.

use openssl::hash::MessageDigest;
use openssl::sha::sha256;

use super::{Refusal, Sent, Show, cut};
use crate::auth::signatures::canonical::{encode_pairs, header_names};
use crate::auth::signatures::mac::{equals, hmac};
use crate::domain::{SecretText, hex};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The headers whose values a refusal shows: those that SDKs set themselves, none of which is a secret.
const SHOWN: [&str; 11] = [
    "accept",
    "content-type",
    "host",
    "user-agent",
    "x-acs-accesskey-id",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-credentials-provider",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
];

pub struct Acs3<'r> {
    sent: &'r Sent<'r>,
    pub(super) access_key: &'r str,
    pub(super) action: &'r str,
    pub(super) version: &'r str,
    pub(super) nonce: &'r str,
    pub(super) security_token: Option<&'r str>,
    pub(super) date: &'r str,
    signed_headers: Vec<&'r str>,
    signature: &'r str,
}

impl<'r> Acs3<'r> {
    pub(super) fn of(sent: &'r Sent<'r>) -> Result<Self, Refusal> {
        let text = text(sent, "authorization").ok_or_else(|| malformed("Authorization must be sent once"))?;
        let Authorization { access_key, signed_headers, signature } = Authorization::parse(text)?;
        let required = |what, name| self::text(sent, name).ok_or(Refusal::Missing { what, name });
        let this = Self {
            sent,
            access_key,
            signature,
            nonce: required("SignatureNonce", "x-acs-signature-nonce")?,
            date: required("Timestamp", "x-acs-date")?,
            version: required("Version", "x-acs-version")?,
            action: required("Action", "x-acs-action")?,
            security_token: self::text(sent, "x-acs-security-token"),
            signed_headers,
        };
        required("ContentSha256", "x-acs-content-sha256")?;
        this.check_headers()?;
        Ok(this)
    }

    /// What is signed is there, once; and what counts is signed.
    fn check_headers(&self) -> Result<(), Refusal> {
        let Sent { head, body, .. } = self.sent;
        if let Some(missing) = self.signed_headers.iter().find(|name| head.header(name).is_none()) {
            return Err(malformed(format!("the header '{missing}' is signed and must be sent, once")));
        }
        let counts = |name: &str| name.starts_with("x-acs-") || (name == "content-type" && !body.is_empty());
        let counting = head.headers.iter().map(|(name, _)| *name).filter(|name| counts(name));
        match counting.chain(["host"]).find(|name| !self.signed_headers.contains(name)) {
            Some(unsigned) => Err(malformed(format!("the header '{unsigned}' must be among the SignedHeaders"))),
            None => Ok(()),
        }
    }

    pub(super) fn verify(&self, secret: &SecretText) -> Result<(), Refusal> {
        let to_sign = string_to_sign(&self.canonical(Headers::All, |text| text));
        let made = hex(&hmac(MessageDigest::sha256(), secret.expose().as_bytes(), to_sign.as_bytes()));
        if equals(self.signature, &made) { Ok(()) } else { Err(Refusal::Acs3Mismatch) }
    }

    pub(super) fn explained(&self, show: Show) -> String {
        let to_sign = string_to_sign(&self.canonical(Headers::All, |text| text));
        let canonical = self.canonical(Headers::Shown, show);
        let canonical = cut(&String::from_utf8_lossy(&canonical));
        format!(" server StringToSign is [{to_sign}] server CanonicalRequest is [{canonical}]")
    }

    /// The body's hash is ours: what the header says of it may be of another body.
    fn canonical(&self, headers: Headers, show: Show) -> Vec<u8> {
        let Sent { head, query, body, .. } = self.sent;
        let query = encode_pairs(query.iter().map(|(name, value)| (show(name).as_bytes(), show(value).as_bytes())));
        let mut text = format!("{}\n/\n{query}\n", head.method).into_bytes();
        let mut names = self.signed_headers.clone();
        names.sort_unstable();
        for name in names {
            let value = match headers {
                Headers::Shown if !SHOWN.contains(&name) => b"***",
                Headers::All | Headers::Shown => head.header(name).unwrap_or_default().trim_ascii(),
            };
            text.extend([name.as_bytes(), b":", value, b"\n"].concat());
        }
        text.extend(format!("\n{}\n{}", self.signed_headers.join(";"), hex(&sha256(body))).into_bytes());
        text
    }
}

/// Which headers' values are written.
#[derive(Clone, Copy)]
enum Headers {
    All,
    /// Without those that may prove who somebody is.
    Shown,
}

struct Authorization<'r> {
    access_key: &'r str,
    signed_headers: Vec<&'r str>,
    signature: &'r str,
}

impl<'r> Authorization<'r> {
    fn parse(text: &'r str) -> Result<Self, Refusal> {
        let form = || {
            malformed(format!(
                "Authorization must be '{ALGORITHM} Credential=<access key>,SignedHeaders=<names;in;lower;case>,Signature=<64 hex digits>'"
            ))
        };
        let (algorithm, parameters) = text.split_once(' ').ok_or_else(form)?;
        if algorithm != ALGORITHM {
            return Err(Refusal::UnknownMethod);
        }
        let [mut access_key, mut signed_headers, mut signature] = [None; 3];
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=').ok_or_else(form)?;
            let place = match name {
                "Credential" => &mut access_key,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(form()),
            };
            if value.is_empty() || place.replace(value).is_some() {
                return Err(form());
            }
        }
        match (access_key, signed_headers.and_then(header_names), signature) {
            (Some(access_key), Some(signed_headers), Some(signature)) => {
                Ok(Self { access_key, signed_headers, signature })
            }
            (None | Some(_), None | Some(_), None | Some(_)) => Err(form()),
        }
    }
}

fn malformed(why: impl Into<String>) -> Refusal {
    Refusal::Malformed(why.into())
}

/// A header's one value, where it is text and not empty.
fn text<'r>(sent: &Sent<'r>, name: &str) -> Option<&'r str> {
    let value = sent.head.header(name).and_then(|value| std::str::from_utf8(value).ok());
    value.map(str::trim).filter(|value| !value.is_empty())
}

fn string_to_sign(canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{}", hex(&sha256(canonical)))
}
