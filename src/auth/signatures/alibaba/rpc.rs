//! The older signature, version 1.0: over all parameters, wherever they are sent, and one of them itself.
//!
//! ```text
//! canonical      = name=value&…, by name, without Signature, each name and value escaped
//! string to sign = METHOD & %2F & canonical, escaped once more
//! Signature      = base64 HMAC-SHA1 (secret and a '&', string to sign)
//! ```
//!
//! Neither headers nor a body that is no form are signed: they decide about nothing; of them an answer repeats the Host alone.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::hash::MessageDigest;
use zeroize::Zeroizing;

use super::{Refusal, Sent, Show};
use crate::auth::signatures::canonical::{encode_pairs, escape};
use crate::auth::signatures::form::Pairs;
use crate::auth::signatures::mac::{equals, hmac};
use crate::domain::SecretText;

const SIGNATURE: &str = "Signature";

pub struct Rpc<'r> {
    method: &'r str,
    parameters: &'r Pairs,
    pub(super) access_key: &'r str,
    pub(super) action: &'r str,
    pub(super) version: &'r str,
    pub(super) nonce: &'r str,
    pub(super) security_token: Option<&'r str>,
    signature: &'r str,
    pub(super) timestamp: &'r str,
}

impl<'r> Rpc<'r> {
    pub(super) fn of(sent: &'r Sent<'r>) -> Result<Self, Refusal> {
        let optional =
            |name: &str| sent.parameters.get(name).map(String::as_str).filter(|value: &&str| !value.is_empty());
        let required = |name: &'static str| optional(name).ok_or(Refusal::Missing { what: name, name });
        let this = Self {
            method: sent.head.method,
            parameters: sent.parameters,
            access_key: required("AccessKeyId")?,
            signature: required(SIGNATURE)?,
            nonce: required("SignatureNonce")?,
            timestamp: required("Timestamp")?,
            version: required("Version")?,
            action: required("Action")?,
            security_token: optional("SecurityToken"),
        };
        if required("SignatureMethod")? != "HMAC-SHA1" {
            return Err(Refusal::UnknownMethod);
        }
        if required("SignatureVersion")? != "1.0" {
            return Err(Refusal::UnknownVersion);
        }
        Ok(this)
    }

    pub(super) fn verify(&self, secret: &SecretText) -> Result<(), Refusal> {
        let key = Zeroizing::new([secret.expose().as_bytes(), b"&"].concat());
        let made = hmac(MessageDigest::sha1(), &key, self.string_to_sign(|text| text).as_bytes());
        if equals(self.signature, &BASE64_STANDARD.encode(made)) { Ok(()) } else { Err(Refusal::RpcMismatch) }
    }

    pub(super) fn string_to_sign(&self, show: Show) -> String {
        let signed = self.parameters.iter().filter(|(name, _)| *name != SIGNATURE);
        let canonical = encode_pairs(signed.map(|(name, value)| (show(name).as_bytes(), show(value).as_bytes())));
        format!("{}&%2F&{}", self.method, escape(canonical.as_bytes()))
    }
}
