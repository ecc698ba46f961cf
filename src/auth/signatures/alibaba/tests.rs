//! The signatures of tests/vectors/alibaba_signatures.json, which real clients made.

use serde::Deserialize;
use time::PrimitiveDateTime;

use super::{DATE_FORMAT, Refusal, Sent, Signature};
use crate::auth::signatures::form::decode;
use crate::auth::signatures::{Request, Signed};
use crate::domain::{SecretText, Timestamp};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    valid: bool,
    access_key_id: String,
    access_key_secret: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    string_to_sign: String,
}

/// What became of a request: what it says of itself, or why it does not hold; and what it is told in that case.
struct Judged {
    held: Result<(), Refusal>,
    explained: String,
    access_key: String,
    security_token: Option<String>,
}

impl Vector {
    fn header(&mut self, name: &str) -> &mut String {
        let found = self.headers.iter_mut().find(|(header, _)| header.eq_ignore_ascii_case(name));
        &mut found.expect("has that header").1
    }

    fn judge(&self, seconds: i64) -> Result<Judged, Refusal> {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let is_form = headers.contains(&("content-type", b"application/x-www-form-urlencoded"));
        let head = Request { method: &self.method, path, query, headers };
        let query = decode(query.as_bytes()).expect("is read");
        let mut parameters = query.clone();
        if is_form {
            parameters.extend(decode(self.body.as_bytes()).expect("is read"));
        }
        let sent = Sent { head, query: &query, parameters: &parameters, body: self.body.as_bytes() };
        let in_header = || sent.head.header("x-acs-date").and_then(|date| std::str::from_utf8(date).ok());
        let date = parameters.get("Timestamp").map(String::as_str).or_else(in_header).unwrap_or_default();
        let signed = PrimitiveDateTime::parse(date, DATE_FORMAT).map_or(0, |it| it.assume_utc().unix_timestamp());
        let now = Timestamp::from_micros((signed + seconds) * 1_000_000);
        let signature = Signature::of(&sent)?;
        let secret = SecretText::new(self.access_key_secret.clone());
        Ok(Judged {
            held: signature.verify(&secret).and_then(|()| signature.check_time(now)),
            explained: signature.explained(|text| text),
            access_key: signature.access_key().to_owned(),
            security_token: signature.security_token().map(ToOwned::to_owned),
        })
    }

    /// Why it does not hold, wherever that is found.
    fn refusal(&self) -> Option<Refusal> {
        self.judge(0).map_or_else(Some, |judged| judged.held.err())
    }
}

fn vectors() -> Vec<Vector> {
    let text = include_str!("../../../../tests/vectors/alibaba_signatures.json");
    serde_json::from_str::<File>(text).expect("is a vector file").vectors
}

fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).expect("is there")
}

const ACS3: &str = "tea-py ACS3: generic POST form body (terraform wire shape when v1)";
const RPC: &str = "core-py v1: ecs CreateKeyPair form body params + query common params";

#[test]
fn s32_every_request_that_a_client_signed_is_taken_and_every_one_that_was_altered_is_not() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 41);
    for vector in vectors {
        let judged = vector.judge(0).unwrap_or_else(|refusal| panic!("{}: {refusal}", vector.name));
        assert_eq!(judged.held.is_ok(), vector.valid, "{}", vector.name);
        assert!(judged.explained.contains(&vector.string_to_sign), "{}: {}", vector.name, judged.explained);
        assert_eq!(judged.access_key, vector.access_key_id, "{}", vector.name);
    }
}

#[test]
fn a_security_token_is_found_in_the_parameters_or_in_the_header() {
    for name in ["tea-py ACS3: ecs DescribeRegions with STS token", "tea-py v1: ecs DescribeRegions with STS token"] {
        let judged = vector(name).judge(0).expect("is read");
        assert_eq!(judged.security_token.as_deref(), Some("CAIS+tok/en=="), "{name}");
    }
}

#[test]
fn s32_a_signature_holds_for_15_minutes_either_way() {
    for name in [ACS3, RPC] {
        for seconds in [-900, 0, 900] {
            assert_eq!(vector(name).judge(seconds).expect("is read").held, Ok(()), "{name} {seconds}");
        }
        for seconds in [-901, 901] {
            let held = vector(name).judge(seconds).expect("is read").held;
            assert_eq!(held, Err(Refusal::Expired), "{name} {seconds}");
        }
    }
}

#[test]
fn s32_whatever_is_changed_of_a_signed_request_is_found() {
    type Change = fn(&mut Vector);
    let of_both: [(&str, Change); 4] = [
        ("method", |sent| sent.method = "GET".to_owned()),
        ("a parameter in the query", |sent| sent.target.push_str(if sent.target == "/" { "?a=b" } else { "&a=b" })),
        ("a parameter in the form", |sent| sent.body.push_str("&a=b")),
        ("a parameter of the form", |sent| sent.body = sent.body.replace("cn-hangzhou", "cn-shanghai")),
    ];
    let of_acs3: [(&str, Change); 7] = [
        ("action", |sent| *sent.header("x-acs-action") = "DeleteKeyPairs".to_owned()),
        ("version", |sent| *sent.header("x-acs-version") = "2017-11-10".to_owned()),
        ("date", |sent| *sent.header("x-acs-date") = "2026-01-15T08:09:11Z".to_owned()),
        ("nonce", |sent| sent.header("x-acs-signature-nonce").push('0')),
        ("host", |sent| *sent.header("host") = "127.0.0.1:16002".to_owned()),
        ("content type", |sent| *sent.header("content-type") = "text/plain".to_owned()),
        ("hash of the body", |sent| *sent.header("x-acs-content-sha256") = "0".repeat(64)),
    ];
    let cases = [(ACS3, &of_both[..], Refusal::Acs3Mismatch), (RPC, &of_both[..], Refusal::RpcMismatch)];
    for (name, changes, refusal) in cases.into_iter().chain([(ACS3, &of_acs3[..], Refusal::Acs3Mismatch)]) {
        for (what, change) in changes {
            let mut sent = vector(name);
            change(&mut sent);
            assert_eq!(sent.refusal().as_ref(), Some(&refusal), "{name}: {what}");
        }
    }
}

#[test]
fn s32_a_header_that_counts_must_be_signed_and_a_signed_header_be_sent_once() {
    let unsign = |name: &str| {
        let mut sent = vector(ACS3);
        let authorization = sent.header("authorization");
        *authorization = authorization.replace(&format!("{name};"), "").replace(&format!(";{name},"), ",");
        sent.refusal()
    };
    for name in [
        "host",
        "content-type",
        "x-acs-action",
        "x-acs-version",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-content-sha256",
        "x-acs-credentials-provider",
    ] {
        let told = format!("the header '{name}' must be among the SignedHeaders");
        assert_eq!(unsign(name), Some(Refusal::Malformed(told)));
    }
    assert_eq!(unsign("user-agent"), Some(Refusal::Acs3Mismatch), "it need not be signed");
    for (name, value) in [("x-acs-security-token", "other"), ("x-acs-anything", "")] {
        let mut sent = vector(ACS3);
        sent.headers.push((name.to_owned(), value.to_owned()));
        let told = format!("the header '{name}' must be among the SignedHeaders");
        assert_eq!(sent.refusal(), Some(Refusal::Malformed(told)));
    }
    let mut sent = vector(ACS3);
    sent.headers.push(("user-agent".to_owned(), "another".to_owned()));
    let told = "the header 'user-agent' is signed and must be sent, once".to_owned();
    assert_eq!(sent.refusal(), Some(Refusal::Malformed(told)));
}

#[test]
fn what_is_missing_is_told_by_its_name() {
    for (name, what) in [
        ("AccessKeyId", "AccessKeyId"),
        ("Signature", "Signature"),
        ("SignatureNonce", "SignatureNonce"),
        ("Timestamp", "Timestamp"),
        ("Version", "Version"),
        ("Action", "Action"),
        ("SignatureMethod", "SignatureMethod"),
        ("SignatureVersion", "SignatureVersion"),
    ] {
        let mut sent = vector(RPC);
        sent.target = sent.target.replace(&format!("{name}="), "X=");
        assert_eq!(refusal_of_what_is_missing(&sent), Some(what), "{name}");
    }
    for (name, what) in [
        ("x-acs-action", "Action"),
        ("x-acs-version", "Version"),
        ("x-acs-date", "Timestamp"),
        ("x-acs-signature-nonce", "SignatureNonce"),
        ("x-acs-content-sha256", "ContentSha256"),
    ] {
        let mut sent = vector(ACS3);
        *sent.header(name) = String::new();
        assert_eq!(refusal_of_what_is_missing(&sent), Some(what), "{name}");
    }
}

fn refusal_of_what_is_missing(sent: &Vector) -> Option<&'static str> {
    match sent.refusal() {
        Some(Refusal::Missing { what, .. }) => Some(what),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_algorithm_that_is_not_known_is_told_from_a_form_that_cannot_be_read() {
    let judged = |change: fn(&str) -> String| {
        let mut sent = vector(ACS3);
        let authorization = sent.header("authorization");
        *authorization = change(authorization);
        sent.refusal()
    };
    assert_eq!(judged(|text| text.replace("HMAC-SHA256", "HMAC-SM3")), Some(Refusal::UnknownMethod));
    let unreadable: [fn(&str) -> String; 7] = [
        |text| text.replace(' ', ""),
        |text| text.replace("Credential=", "Credential"),
        |text| text.replace("Credential=LTAI5tVECTORexampleAK01", "Credential="),
        |text| text.replace("Signature=", "Other="),
        |text| format!("{text},Signature=0"),
        |text| text.replace(";host;", ";host;host;"),
        |text| text.replace(";host;", ";;"),
    ];
    for (place, change) in unreadable.into_iter().enumerate() {
        assert!(matches!(judged(change), Some(Refusal::Malformed(_))), "{place}");
    }
    let mut sent = vector(RPC);
    sent.target = sent.target.replace("HMAC-SHA1", "HMAC-SHA256");
    assert_eq!(sent.refusal(), Some(Refusal::UnknownMethod));
    let mut sent = vector(RPC);
    sent.target = sent.target.replace("SignatureVersion=1.0", "SignatureVersion=2.0");
    assert_eq!(sent.refusal(), Some(Refusal::UnknownVersion));
}

#[test]
fn s32_no_request_makes_much_of_little_and_a_refusal_hides_the_headers_that_may_be_secret() {
    let mut sent = vector(RPC);
    sent.body.push_str(&format!("&a={}", "%20".repeat(30_000)));
    assert!(sent.judge(0).expect("is read").explained.len() <= 4096);
    let mut sent = vector(ACS3);
    *sent.header("user-agent") = "a".repeat(60_000);
    assert!(sent.judge(0).expect("is read").explained.len() < 5000);
    let explained = vector("tea-py ACS3: ecs DescribeRegions with STS token").judge(0).expect("is read").explained;
    assert!(explained.contains("x-acs-security-token:***\n") && !explained.contains("CAIS"), "{explained}");
}
