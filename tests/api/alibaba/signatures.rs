//! Who is let in.

use std::time::Duration;

use keypaird::domain::AccessKeyId;

use super::{PASSED, refusal};
use crate::support::TestApp;
use crate::support::access_key::{Key, key_of};
use crate::support::alibaba::{ECS, ENS, Sent, acs3, date, encode, in_form, in_query, rpc};

const NAMED: [(&str, &str); 2] = [("Version", ECS), ("Action", "NoSuchAction")];

fn signed(key: &Key, given: &[(&str, &str)]) -> Sent {
    in_query("POST", &rpc(key, "POST", &[&NAMED, given].concat()))
}

#[actix_web::test]
async fn a_call_is_taken_however_a_client_puts_it() {
    let app = TestApp::spawn().await;
    let lasting = key_of(&app, &app.demo, None).await;
    let temporary = key_of(&app, &app.demo, Some(Duration::from_secs(60))).await;
    for key in [&lasting, &temporary] {
        let words = [("KeyPairName", "a b*c~d+e"), ("Tag.1.Value", "值 é ~*+/=&%25!'()"), ("Tag.1.Key", "")];
        let own = [&NAMED[..], &words].concat();
        // The Tea SDK's common parameters are in the query, those of the action in the form.
        let mut mixed = in_query("POST", &[]);
        let (in_its_form, in_its_query): (Vec<_>, Vec<_>) =
            rpc(key, "POST", &own).into_iter().partition(|(name, _)| words.iter().any(|(word, _)| word == name));
        mixed.query = encode(&in_its_query);
        mixed.headers = in_form(&[]).headers;
        mixed.body = encode(&in_its_form);
        let mut plus = signed(key, &words);
        plus.query = plus.query.replace("%20", "+");
        for (what, sent) in [
            ("GET", in_query("GET", &rpc(key, "GET", &own))),
            ("POST, query", signed(key, &words)),
            ("POST, query, a space as +", plus),
            ("POST, form", in_form(&rpc(key, "POST", &own))),
            ("POST, query and form", mixed),
            ("ENS", in_form(&rpc(key, "POST", &[("Version", ENS), ("Action", "NoSuchAction")]))),
            ("ACS3, query", acs3(&app, key, &[], &words, "")),
            ("ACS3, form", acs3(&app, key, &[], &words[..1], "Tag.1.Key=a+b%2A")),
            ("ACS3, ENS", acs3(&app, key, &[("x-acs-version", ENS)], &[], "")),
        ] {
            let answer = sent.to(&app).await;
            assert_eq!(refusal(&answer), PASSED, "{what}: {}", answer.text);
        }
    }
}

#[actix_web::test]
async fn the_authorization_tells_the_scheme_and_no_header_of_another() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let mut sent = signed(&key, &[]);
    sent.headers.push(("x-acs-action".to_owned(), "CreateKeyPair".to_owned()));
    sent.headers.push(("x-acs-version".to_owned(), "1999-01-01".to_owned()));
    assert_eq!(refusal(&sent.to(&app).await), PASSED);
    let mut both = signed(&key, &[]);
    both.headers.push(("Authorization".to_owned(), "ACS3-HMAC-SHA256 Credential=x".to_owned()));
    assert_eq!(refusal(&both.to(&app).await).1, "IncompleteSignature");
}

#[actix_web::test]
async fn s32_a_wrong_signature_is_shown_what_should_have_been_signed() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    let own = [("Timestamp", date(0)), ("SignatureNonce", "n".to_owned())];
    let own: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = signed(&wrong, &own).to(&app).await;
    assert_eq!(refusal(&answer), (400, "SignatureDoesNotMatch"));
    let message = answer.body["Message"].as_str().unwrap();
    let (words, string_to_sign) = message.split_once(':').unwrap();
    assert_eq!(words, "Specified signature is not matched with our calculation. server string to sign is");
    let expected = format!(
        "POST&%2F&AccessKeyId%3D{}%26Action%3DNoSuchAction%26Format%3DJSON%26SignatureMethod%3DHMAC-SHA1\
         %26SignatureNonce%3Dn%26SignatureType%3D%26SignatureVersion%3D1.0%26Timestamp%3D{}%26Version%3D2014-05-26",
        key.access,
        own[0].1.replace(':', "%253A"),
    );
    assert_eq!(string_to_sign, expected);
    let answer = acs3(&app, &wrong, &[], &[("a", "b c")], "").to(&app).await;
    assert_eq!(refusal(&answer), (400, "SignatureDoesNotMatch"));
    let message = answer.body["Message"].as_str().unwrap();
    let told = "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n";
    assert!(message.starts_with(told), "{message}");
    assert!(message.contains("] server CanonicalRequest is [POST\n/\na=b%20c\nhost:"), "{message}");
}

#[actix_web::test]
async fn s29_what_looks_like_a_private_key_is_not_repeated_and_no_secret_is() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, Some(Duration::from_secs(60))).await;
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    let private = ("PublicKeyBody", "-----BEGIN RSA PRIVATE KEY-----\nMIIEverysecret");
    for sent in [signed(&wrong, &[private]), acs3(&app, &wrong, &[], &[private], "")] {
        let answer = sent.to(&app).await;
        assert_eq!(refusal(&answer).1, "SignatureDoesNotMatch");
        assert!(!answer.text.contains("verysecret") && !answer.text.contains(&key.secret), "{}", answer.text);
    }
    let token = key.security_token.as_deref().unwrap();
    let answer = acs3(&app, &wrong, &[], &[], "").to(&app).await;
    assert!(answer.text.contains("x-acs-security-token:***") && !answer.text.contains(token), "{}", answer.text);
}

#[actix_web::test]
async fn s32_what_was_changed_or_added_after_signing_is_refused() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let mut query = signed(&key, &[("KeyPairName", "web")]);
    query.query = query.query.replace("web", "wet");
    let mut added = signed(&key, &[]);
    added.query.push_str("&KeyPairName=web");
    let mut form = in_form(&rpc(&key, "POST", &NAMED));
    form.body.push_str("&KeyPairName=web");
    let mut over = signed(&key, &[("KeyPairName", "web")]);
    over.headers = in_form(&[]).headers;
    over.body = "KeyPairName=wet".to_owned();
    let mut method = signed(&key, &[]);
    method.method = "GET".to_owned();
    let mut body = acs3(&app, &key, &[], &[], "a=b");
    body.body = "a=c".to_owned();
    let mut no_body = acs3(&app, &key, &[], &[], "a=b");
    no_body.body.clear();
    let mut action = acs3(&app, &key, &[], &[], "");
    action.headers.iter_mut().filter(|(name, _)| name == "x-acs-action").for_each(|(_, value)| value.push('s'));
    for (what, sent) in [
        ("query", query),
        ("added to the query", added),
        ("added to the form", form),
        ("a form in the query's way", over),
        ("method", method),
        ("body", body),
        ("body taken away", no_body),
        ("action", action),
    ] {
        let answer = sent.to(&app).await;
        assert_eq!(refusal(&answer), (400, "SignatureDoesNotMatch"), "{what}: {}", answer.text);
    }
}

#[actix_web::test]
async fn s32_a_header_that_counts_and_is_not_signed_is_refused() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for (name, value) in [("x-acs-security-token", "t"), ("x-acs-own", "x"), ("x-acs-action", "DeleteKeyPairs")] {
        let mut sent = acs3(&app, &key, &[], &[], "");
        sent.headers.push((name.to_owned(), value.to_owned()));
        let answer = sent.to(&app).await;
        assert!(["IncompleteSignature", "MissingAction"].contains(&refusal(&answer).1), "{name}: {}", answer.text);
    }
    let mut sent = acs3(&app, &key, &[("content-type", "")], &[], "KeyPairName=web");
    sent.headers.extend(in_form(&[]).headers);
    let answer = sent.to(&app).await;
    assert_eq!(refusal(&answer), (400, "IncompleteSignature"));
    let told = "The request signature does not conform to Aliyun standards: the header 'content-type' must be among the \
                SignedHeaders";
    assert_eq!(answer.body["Message"], told);
}

#[actix_web::test]
async fn s32_a_date_may_be_15_minutes_off_either_way() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let nothing_wrong = PASSED;
    let expired = (400, "InvalidTimeStamp.Expired");
    let malformed = (400, "InvalidTimeStamp.Format");
    for (date, expected) in [
        (date(-890), nothing_wrong),
        (date(890), nothing_wrong),
        (date(-910), expired),
        (date(910), expired),
        (date(0).replace('T', " "), malformed),
        (date(0).replace('Z', ".000Z"), malformed),
        (date(0).replace('Z', "+00:00"), malformed),
        ("20260115T080910Z".to_owned(), malformed),
        ("now".to_owned(), malformed),
    ] {
        let rpc = signed(&key, &[("Timestamp", &date)]).to(&app).await;
        assert_eq!(refusal(&rpc), expected, "{date}");
        let acs3 = acs3(&app, &key, &[("x-acs-date", &date)], &[], "").to(&app).await;
        assert_eq!(refusal(&acs3), expected, "{date}");
    }
}

#[actix_web::test]
async fn a_key_that_is_not_there_or_disabled_is_told_so() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for access in ["KPDNOSUCHKEY", "STS.no-such-key"] {
        let unknown = Key { access: access.to_owned(), ..key.clone() };
        for sent in [signed(&unknown, &[]), acs3(&app, &unknown, &[], &[], "")] {
            let answer = sent.to(&app).await;
            assert_eq!(refusal(&answer), (404, "InvalidAccessKeyId.NotFound"));
            assert_eq!(answer.body["Message"], "Specified access key is not found.");
        }
    }
    let id = AccessKeyId::parse(&key.access).unwrap();
    assert!(app.identity.access_key_set_enabled(&id, false).await.unwrap());
    let answer = signed(&key, &[]).to(&app).await;
    assert_eq!(refusal(&answer), (400, "InvalidAccessKeyId.Inactive"));
    assert_eq!(answer.body["Message"], "Specified access key is disabled.");
}

#[actix_web::test]
async fn a_temporary_key_needs_its_security_token_and_ends_at_its_time() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, Some(Duration::from_secs(60))).await;
    let lasting = key_of(&app, &app.demo, None).await;
    let mismatch = "InvalidSecurityToken.MismatchWithAccessKey";
    for (key, code) in [
        (key.clone(), PASSED.1),
        (Key { security_token: None, ..key.clone() }, "MissingSecurityToken"),
        (Key { security_token: Some(app.demo.token.clone()), ..key.clone() }, mismatch),
        (Key { security_token: Some("x".to_owned()), ..key.clone() }, mismatch),
        (Key { security_token: key.security_token.clone(), ..lasting }, mismatch),
    ] {
        assert_eq!(refusal(&signed(&key, &[]).to(&app).await).1, code);
        assert_eq!(refusal(&acs3(&app, &key, &[], &[], "").to(&app).await).1, code);
    }
    let short = key_of(&app, &app.demo, Some(Duration::from_secs(1))).await;
    actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(refusal(&signed(&short, &[]).to(&app).await), (400, "InvalidSecurityToken.Expired"));
}

#[actix_web::test]
async fn s32_after_ten_failures_a_key_is_locked_for_that_address_in_every_scheme_and_no_other_key_is() {
    let app = TestApp::spawn().await;
    let (key, other) = (key_of(&app, &app.demo, None).await, key_of(&app, &app.demo, None).await);
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    for round in 0..5 {
        let sent = [signed(&wrong, &[]), acs3(&app, &wrong, &[], &[], "")];
        for sent in sent {
            assert_eq!(refusal(&sent.to(&app).await).1, "SignatureDoesNotMatch", "{round}");
        }
    }
    for sent in [signed(&key, &[]), signed(&wrong, &[]), acs3(&app, &key, &[], &[], "")] {
        let answer = sent.to(&app).await;
        assert_eq!(refusal(&answer), (400, "Throttling.User"));
        let after: u64 = answer.header("x-acs-retry-after")[0].parse().unwrap();
        assert!((1..=300_000).contains(&after), "{after}");
    }
    key.call(&app, "GET", "", serde_json::Value::Null).await.expect(401);
    assert_eq!(refusal(&signed(&other, &[]).to(&app).await), PASSED);
}

#[actix_web::test]
async fn s32_an_old_or_repeated_request_does_not_make_up_for_wrong_ones() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    let old = signed(&key, &[("Timestamp", &date(-1000))]);
    let once = signed(&key, &[]);
    assert_eq!(refusal(&once.to(&app).await), PASSED);
    for _ in 0..9 {
        assert_eq!(refusal(&signed(&wrong, &[]).to(&app).await).1, "SignatureDoesNotMatch");
        assert_eq!(refusal(&old.to(&app).await).1, "InvalidTimeStamp.Expired");
        assert_eq!(refusal(&once.to(&app).await).1, "SignatureNonceUsed");
    }
    assert_eq!(refusal(&signed(&wrong, &[]).to(&app).await).1, "SignatureDoesNotMatch");
    assert_eq!(refusal(&signed(&key, &[]).to(&app).await).1, "Throttling.User");
}

#[actix_web::test]
async fn an_old_request_that_is_sent_again_and_again_locks_nobody_out() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let old = signed(&key, &[("Timestamp", &date(-1000))]);
    for _ in 0..12 {
        assert_eq!(refusal(&old.to(&app).await).1, "InvalidTimeStamp.Expired");
    }
    assert_eq!(refusal(&signed(&key, &[]).to(&app).await), PASSED);
}
