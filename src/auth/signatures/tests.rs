//! The signatures of tests/vectors/huawei_signatures.json, which the real SDKs made.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Request;
use super::sdk_hmac::{Authorization, Refusal};
use crate::domain::{SecretText, Timestamp};

#[derive(Deserialize)]
struct File {
    ids: Ids,
    vectors: Vec<Vector>,
    negative: Vec<Negative>,
}

#[derive(Deserialize)]
struct Ids {
    access_key: String,
    secret_key: String,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    inputs: Inputs,
    request_line_target: String,
    headers_sent: Map<String, Value>,
}

#[derive(Deserialize)]
struct Inputs {
    method: String,
    body: String,
}

#[derive(Deserialize)]
struct Negative {
    name: String,
    expect: String,
    method: String,
    request_line_target: String,
    headers_sent: Map<String, Value>,
    body: String,
}

/// A request as a vector has it.
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Sent {
    fn new(method: &str, target: &str, headers: &Map<String, Value>, body: &str) -> Self {
        let text = |value: &Value| value.as_str().expect("is text").to_owned();
        let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), text(value))).collect();
        Self { method: method.to_owned(), target: target.to_owned(), headers, body: body.to_owned() }
    }

    fn of(vector: &Vector) -> Self {
        Self::new(&vector.inputs.method, &vector.request_line_target, &vector.headers_sent, &vector.inputs.body)
    }

    fn request(&self) -> Request<'_> {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        Request { method: &self.method, path, query, headers }
    }

    fn judge(&self, secret: &str, now: Timestamp) -> Result<(), Refusal> {
        let request = self.request();
        let header = self.headers.iter().find(|(name, _)| name == "authorization").expect("is signed");
        let authorization = Authorization::parse(&header.1)?;
        authorization.check(&request, now)?;
        authorization.verify(&request, self.body.as_bytes(), &SecretText::new(secret.to_owned()))
    }
}

fn file() -> File {
    serde_json::from_str(include_str!("../../../tests/vectors/huawei_signatures.json")).expect("is a vector file")
}

/// 2026-01-02T03:04:05Z, when the vectors were signed, and some seconds.
fn after(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_767_323_045 + seconds) * 1_000_000)
}

fn vector(name: &str) -> Sent {
    Sent::of(file().vectors.iter().find(|vector| vector.name == name).expect("is there"))
}

fn judge(sent: &Sent) -> Result<(), Refusal> {
    sent.judge(&file().ids.secret_key, after(0))
}

#[test]
fn s32_every_request_that_an_sdk_signed_is_taken_but_one_whose_body_is_not_signed() {
    let file = file();
    for vector in &file.vectors {
        let judged = Sent::of(vector).judge(&file.ids.secret_key, after(0));
        let expected = match vector.name.as_str() {
            "non-json-body-unsigned-payload" => Err(Refusal::BodyHash),
            _ => Ok(()),
        };
        assert_eq!(judged, expected, "{}", vector.name);
    }
}

#[test]
fn s32_every_request_that_was_changed_or_signed_wrongly_is_refused_for_its_reason() {
    let file = file();
    for Negative { name, expect, method, request_line_target, headers_sent, body } in &file.negative {
        let sent = Sent::new(method, request_line_target, headers_sent, body);
        match (expect.as_str(), sent.judge(&file.ids.secret_key, after(0))) {
            ("401 signature mismatch", Err(Refusal::Signature { .. })) => {}
            // The access key is not signed: which keys there are is not the signature's to know.
            ("401 ak not exist", Ok(())) => {
                let header = &sent.headers.iter().find(|(name, _)| name == "authorization").expect("is signed").1;
                assert_ne!(Authorization::parse(header).expect("is read").access_key, file.ids.access_key);
            }
            ("401 (x-sdk-date must be in SignedHeaders)", Err(Refusal::DateNotSigned)) => {}
            (expect, judged) => panic!("{name}: {expect}, but {judged:?}"),
        }
    }
}

#[test]
fn s32_a_signature_holds_for_15_minutes_either_way() {
    let sent = vector("get-list-no-query");
    let secret = file().ids.secret_key;
    for seconds in [-900, 0, 900] {
        assert_eq!(sent.judge(&secret, after(seconds)), Ok(()), "{seconds}");
    }
    for (seconds, server) in [(-901, "20260102T024904Z"), (901, "20260102T031906Z")] {
        let refused = sent.judge(&secret, after(seconds)).expect_err("is refused");
        let told = format!("signature time:20260102T030405Z,server time:{server}");
        assert!(refused.to_string().contains(&told), "{refused}");
    }
}

#[test]
fn s32_whatever_is_changed_of_a_signed_request_is_found() {
    type Change = fn(&mut Sent);
    let changes: [(&str, Change); 9] = [
        ("method", |sent| sent.method = "GET".to_owned()),
        ("path", |sent| sent.target = sent.target.replace("/keypairs", "/keypairs/x")),
        ("query added", |sent| sent.target.push_str("?a=b")),
        ("body", |sent| sent.body.push(' ')),
        ("signed header", |sent| {
            sent.headers.iter_mut().for_each(|(name, value)| {
                if name == "user-agent" {
                    value.push('x');
                }
            })
        }),
        ("a signed header twice", |sent| sent.headers.push(("user-agent".to_owned(), "other".to_owned()))),
        ("a signed header is gone", |sent| sent.headers.retain(|(name, _)| name != "user-agent")),
        ("the date twice", |sent| sent.headers.push(("x-sdk-date".to_owned(), "20260102T030405Z".to_owned()))),
        ("a hash of another body", |sent| sent.headers.push(("x-sdk-content-sha256".to_owned(), "0".repeat(64)))),
    ];
    for name in ["post-create-v3", "golangsdk-post-create"] {
        assert_eq!(judge(&vector(name)), Ok(()), "{name}");
        for (what, change) in changes {
            let mut sent = vector(name);
            change(&mut sent);
            assert!(judge(&sent).is_err(), "{name}: {what}");
        }
    }
}

#[test]
fn the_order_of_the_query_is_not_signed_but_its_pairs_are() {
    let mut sent = vector("get-query-unsorted-and-special");
    let (path, query) = sent.target.split_once('?').expect("has a query");
    let pairs: Vec<_> = query.split('&').rev().collect();
    let turned = format!("{path}?{}", pairs.join("&"));
    assert_ne!(turned, sent.target);
    sent.target = turned;
    assert_eq!(judge(&sent), Ok(()));
    sent.target.push_str("&multi=a");
    assert!(judge(&sent).is_err());
}

#[test]
fn a_signature_over_the_path_as_it_was_sent_is_taken_too() {
    let mut sent = vector("get-path-special-chars");
    let header = sent.headers.iter_mut().find(|(name, _)| name == "authorization").expect("is signed");
    // The canonical path of Java's SDK: made once, of the vector's own inputs, by a second implementation.
    let signature = "d58a704062b612162e4df70e6eaa08aa7bdbd5df3ea7fc3a1c91a01c213c6640";
    header.1 = format!("{}Signature={signature}", header.1.split("Signature=").next().expect("has a head"));
    assert_eq!(judge(&sent), Ok(()));
}

#[test]
fn an_authorization_that_cannot_be_read_is_told_its_form() {
    let whole = "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=b";
    assert_eq!(Authorization::parse(whole).expect("is read").access_key, "a");
    for text in [
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SHA256 ",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date",
        "SDK-HMAC-SHA256 Access=a, Access=a, SignedHeaders=x-sdk-date, Signature=b",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=x-sdk-date, Signature=b",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date, Signature=b, Other=c",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date;host;host, Signature=b",
        "SDK-HMAC-SHA256 Access=a, SignedHeaders=x-sdk-date;, Signature=b",
        "SDK-HMAC-SM3 Access=a, SignedHeaders=x-sdk-date, Signature=b",
    ] {
        assert_eq!(Authorization::parse(text), Err(Refusal::Malformed), "{text}");
    }
}

#[test]
fn s32_no_request_makes_much_of_little() {
    let mut sent = vector("get-list-no-query");
    let long = "v".repeat(60_000);
    sent.headers.push(("a".to_owned(), long.clone()));
    let header = sent.headers.iter_mut().find(|(name, _)| name == "authorization").expect("is signed");
    let names = |names: &str| format!("SDK-HMAC-SHA256 Access=KPSTESTAK0000000001, SignedHeaders={names}, Signature=0");
    header.1 = names(&format!("x-sdk-date{}", ";a".repeat(30_000)));
    assert_eq!(judge(&sent), Err(Refusal::Malformed));
    let header = sent.headers.iter_mut().find(|(name, _)| name == "authorization").expect("is signed");
    header.1 = names("x-sdk-date;a;user-agent");
    sent.headers.iter_mut().filter(|(name, _)| name == "user-agent").for_each(|(_, value)| *value = long.clone());
    let refusal = judge(&sent).expect_err("is refused");
    assert!(refusal.told().len() < 5000 && refusal.to_string() == "verify aksk signature fail", "{refusal}");
}

#[test]
fn a_refusal_shows_what_was_to_be_signed_but_no_token() {
    let mut sent = vector("get-with-security-token");
    sent.method = "POST".to_owned();
    sent.headers.push(("x-own".to_owned(), "an-own-secret".to_owned()));
    for (name, value) in &mut sent.headers {
        if name == "authorization" {
            *value = value.replace("SignedHeaders=", "SignedHeaders=x-own;");
        }
    }
    let Err(Refusal::Signature { canonical }) = judge(&sent) else { panic!("is taken") };
    assert!(
        canonical.starts_with("POST|/v3/0123456789abcdef0123456789abcdef/keypairs/||x-own:***|content-type:"),
        "{canonical}"
    );
    assert!(canonical.contains("|x-security-token:***|") && !canonical.contains("FAKE-SECURITY-TOKEN"), "{canonical}");
    assert!(!canonical.contains("an-own-secret"), "{canonical}");
}
