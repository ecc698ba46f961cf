//! Requests as Alibaba's clients sign them: in the parameters (RPC, version 1.0), or in the headers (ACS3).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign::Signer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use super::access_key::{Key, send};
use super::{Answer, Service};

pub const ECS: &str = "2014-05-26";
pub const ENS: &str = "2017-11-10";

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

type Pairs = Vec<(String, String)>;

/// A request that can be sent, as often as one likes.
#[derive(Clone)]
pub struct Sent {
    pub method: String,
    pub query: String,
    pub headers: Pairs,
    pub body: String,
}

impl Sent {
    pub async fn to(&self, service: &Service) -> Answer {
        let target = if self.query.is_empty() { "/".to_owned() } else { format!("/?{}", self.query) };
        send(service, &self.method, &target, &self.headers, self.body.clone().into_bytes()).await
    }
}

/// Calls an action as the command line client does.
pub async fn call(service: &Service, key: &Key, version: &str, action: &str, own: &[(&str, &str)]) -> Answer {
    let named = [("Version", version), ("Action", action)];
    in_query("POST", &rpc(key, "POST", &[&named, own].concat())).to(service).await
}

/// All parameters of a request, signed for that method. What is given goes before what clients say themselves.
pub fn rpc(key: &Key, method: &str, given: &[(&str, &str)]) -> Pairs {
    let (now, nonce) = (date(0), Uuid::new_v4().to_string());
    let common = [
        ("AccessKeyId", key.access.as_str()),
        ("Format", "JSON"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", &nonce),
        ("SignatureType", ""),
        ("SignatureVersion", "1.0"),
        ("Timestamp", &now),
    ];
    let token = key.security_token.as_deref().map(|token| ("SecurityToken", token));
    let mut pairs = owned(given);
    for (name, value) in common.into_iter().chain(token) {
        if !given.iter().any(|(given, _)| *given == name) {
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    pairs.sort();
    let to_sign = format!("{method}&%2F&{}", escape(&encode(&pairs)));
    let signature = BASE64_STANDARD.encode(hmac(MessageDigest::sha1(), &format!("{}&", key.secret), &to_sign));
    pairs.push(("Signature".to_owned(), signature));
    pairs
}

pub fn in_query(method: &str, pairs: &[(String, String)]) -> Sent {
    Sent { method: method.to_owned(), query: encode(pairs), headers: Vec::new(), body: String::new() }
}

pub fn in_form(pairs: &[(String, String)]) -> Sent {
    let headers = owned(&[("Content-Type", "application/x-www-form-urlencoded")]);
    Sent { method: "POST".to_owned(), query: String::new(), headers, body: encode(pairs) }
}

/// A request that is signed in its headers. Those that are given go before those that clients send themselves, and are
/// signed as well; an empty one is not sent.
pub fn acs3(service: &Service, key: &Key, given: &[(&str, &str)], query: &[(&str, &str)], body: &str) -> Sent {
    let (now, nonce, host) = (date(0), Uuid::new_v4().to_string(), service.address.to_string());
    let hash = hex::encode(sha256(body.as_bytes()));
    let usual = [
        ("host", host.as_str()),
        ("x-acs-action", "NoSuchAction"),
        ("x-acs-content-sha256", &hash),
        ("x-acs-date", &now),
        ("x-acs-signature-nonce", &nonce),
        ("x-acs-version", ECS),
    ];
    let form = ("content-type", "application/x-www-form-urlencoded");
    let token = key.security_token.as_deref().map(|token| ("x-acs-security-token", token));
    let others = usual.into_iter().chain((!body.is_empty()).then_some(form)).chain(token);
    let others: Vec<_> = others.filter(|(name, _)| !given.iter().any(|(given, _)| given == name)).collect();
    let mut headers = owned(&[given, &others].concat());
    headers.retain(|(_, value)| !value.is_empty());
    headers.sort();
    let mut query = owned(query);
    query.sort();
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n/\n{}\n{lines}\n{}\n{hash}", encode(&query), names.join(";"));
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(sha256(canonical.as_bytes())));
    let signature = hex::encode(hmac(MessageDigest::sha256(), &key.secret, &to_sign));
    let (access, names) = (&key.access, names.join(";"));
    let authorization = format!("ACS3-HMAC-SHA256 Credential={access},SignedHeaders={names},Signature={signature}");
    headers.retain(|(name, _)| name != "host");
    headers.push(("authorization".to_owned(), authorization));
    Sent { method: "POST".to_owned(), query: encode(&query), headers, body: body.to_owned() }
}

/// Now, and some seconds.
pub fn date(seconds: i64) -> String {
    let time = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    time.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap()
}

fn owned(pairs: &[(&str, &str)]) -> Pairs {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn encode(pairs: &[(String, String)]) -> String {
    let written = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    written.collect::<Vec<_>>().join("&")
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn hmac(digest: MessageDigest, secret: &str, text: &str) -> Vec<u8> {
    let key = PKey::hmac(secret.as_bytes()).unwrap();
    Signer::new(digest, &key).unwrap().sign_oneshot_to_vec(text.as_bytes()).unwrap()
}
