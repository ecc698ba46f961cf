//! KPS by requests that are signed with an access key.

use std::time::{Duration, Instant};

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::refusal;
use crate::support::TestApp;
pub(super) use crate::support::access_key::key_of;
use crate::support::access_key::{Key, send};

#[actix_web::test]
async fn a_signed_request_is_its_users_on_the_keys_project() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let made = key.call(&app, "POST", "", json!({ "keypair": { "name": "web" } })).await.expect(200);
    assert_eq!(made.body["keypair"]["user_id"], app.demo.user_id.as_str());
    assert!(made.text.contains("PRIVATE KEY"));
    let shown = app.kps(&app.demo, "GET", "/web", Value::Null).await.expect(200);
    assert_eq!(shown.body["keypair"]["name"], "web");
    let body = json!({ "keypair": { "description": "clé SSH – 密钥" } });
    key.call(&app, "PUT", "/web", body).await.expect(200);
    key.call(&app, "DELETE", "/web", Value::Null).await.expect(202);
    app.kps(&app.demo, "GET", "/web", Value::Null).await.expect(404);
}

#[actix_web::test]
async fn s32_what_is_signed_wrongly_is_refused_as_the_gateway_does_and_a_token_beside_it_does_not_help() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let path = format!("/v2.1/{}/keypairs", key.project);
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    let unknown = Key { access: "KPDNOSUCHKEY".to_owned(), ..key.clone() };
    let mut tampered = key.sign("GET", &path, "", b"", 0);
    tampered[0].1.replace_range(0..1, "3");
    for (headers, told) in [
        (wrong.sign("GET", &path, "", b"", 0), "verify aksk signature fail, canonicalRequest:GET|/v2.1/"),
        (key.sign("POST", &path, "", b"", 0), "verify aksk signature fail, canonicalRequest:GET|/v2.1/"),
        (key.sign("GET", &path, "a=b", b"", 0), "verify aksk signature fail, canonicalRequest:GET|/v2.1/"),
        (key.sign("GET", &path, "", b"x", 0), "verify aksk signature fail, canonicalRequest:GET|/v2.1/"),
        (unknown.sign("GET", &path, "", b"", 0), "ak KPDNOSUCHKEY not exist"),
        (key.sign("GET", &path, "", b"", -1000), "calc aksk signature fail:signature expired, signature time:20"),
        (key.sign("GET", &path, "", b"", 1000), "calc aksk signature fail:signature expired, signature time:20"),
        (tampered, "calc aksk signature fail:signature expired, signature time:3"),
    ] {
        let mut headers = headers;
        headers.push(("X-Auth-Token".to_owned(), app.demo.token.clone()));
        let answer = send(&app, "GET", &path, &headers, Vec::new()).await;
        let (status, code, message) = refusal(&answer);
        assert_eq!((status, code), (401, "APIGW.0301"), "{message}");
        let expected = format!("Incorrect IAM authentication information: {told}");
        assert!(message.starts_with(&expected), "{message}");
        assert!(!answer.text.contains(&key.secret) && answer.body["request_id"].is_string());
    }
}

#[actix_web::test]
async fn a_second_authorization_header_spoils_a_signed_request() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let path = format!("/v2.1/{}/keypairs", key.project);
    for place in [0, 2] {
        let mut headers = key.sign("GET", &path, "", b"", 0);
        headers.insert(place, ("Authorization".to_owned(), "Bearer x".to_owned()));
        headers.push(("X-Auth-Token".to_owned(), app.demo.token.clone()));
        let answer = send(&app, "GET", &path, &headers, Vec::new()).await;
        assert!(refusal(&answer).2.contains("Authorization must be 'SDK-HMAC-SHA256 Access="), "{}", answer.text);
    }
}

#[actix_web::test]
async fn s32_a_key_is_of_one_project_whatever_a_header_says() {
    let app = TestApp::spawn().await;
    let other = app.user("bea", "other", Role::MEMBER).await;
    let key = key_of(&app, &app.demo, None).await;
    let foreign = Key { project: other.project_id.clone(), ..key.clone() };
    let answer = foreign.call(&app, "GET", "", Value::Null).await;
    assert_eq!(refusal(&answer).1, "KPS.9003");
    let path = format!("/v2.1/{}/keypairs", key.project);
    for (project, code) in [(&key.project, 200), (&other.project_id, 403)] {
        let mut headers = key.sign("GET", &path, "", b"", 0);
        headers.push(("X-Project-Id".to_owned(), project.clone()));
        assert_eq!(send(&app, "GET", &path, &headers, Vec::new()).await.code(), code);
    }
}

#[actix_web::test]
async fn a_key_that_is_disabled_deleted_or_whose_user_is_disabled_is_refused_within_five_seconds() {
    let app = TestApp::spawn().await;
    let users =
        [app.demo.clone(), app.user("bea", "demo", Role::MEMBER).await, app.user("cid", "demo", Role::MEMBER).await];
    let mut keys = Vec::new();
    for user in &users {
        keys.push(key_of(&app, user, None).await);
    }
    for key in &keys {
        key.call(&app, "GET", "", Value::Null).await.expect(200);
    }
    let id = |key: &Key| keypaird::domain::AccessKeyId::parse(&key.access).unwrap();
    assert!(app.identity.access_key_set_enabled(&id(&keys[0]), false).await.unwrap());
    assert!(app.identity.access_key_delete(&id(&keys[1])).await.unwrap());
    let user = app.identity.user_named("cid").await.unwrap().unwrap();
    let disabled = keypaird::auth::UserChanges { enabled: Some(false), password: None };
    app.identity.user_change(user, disabled).await.unwrap();
    let started = Instant::now();
    for key in &keys {
        while key.call(&app, "GET", "", Value::Null).await.code() == 200 {
            assert!(started.elapsed() < Duration::from_millis(5500), "{:?}", started.elapsed());
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        }
        let answer = key.call(&app, "GET", "", Value::Null).await;
        assert!(refusal(&answer).2.ends_with(&format!("ak {} not exist", key.access)), "{}", answer.text);
    }
    assert!(app.identity.access_key_set_enabled(&id(&keys[0]), true).await.unwrap());
    keys[0].call(&app, "GET", "", Value::Null).await.expect(200);
}

#[actix_web::test]
async fn a_temporary_key_needs_its_security_token_and_ends_at_its_time() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, Some(Duration::from_secs(3))).await;
    key.call(&app, "GET", "", Value::Null).await.expect(200);
    let lasting = key_of(&app, &app.demo, None).await;
    for wrong in [
        Key { security_token: None, ..key.clone() },
        Key { security_token: Some(app.demo.token.clone()), ..key.clone() },
        Key { security_token: key.security_token.clone(), ..lasting },
    ] {
        let answer = wrong.call(&app, "GET", "", Value::Null).await;
        assert!(refusal(&answer).2.contains("decrypt token fail"), "{}", answer.text);
    }
    actix_web::rt::time::sleep(Duration::from_millis(3100)).await;
    key.call(&app, "GET", "", Value::Null).await.expect(401);
}

#[actix_web::test]
async fn s32_after_ten_failures_a_key_is_locked_for_that_address_and_no_other_key_is() {
    let app = TestApp::spawn().await;
    let (key, other) = (key_of(&app, &app.demo, None).await, key_of(&app, &app.demo, None).await);
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    for _ in 0..10 {
        let answer = wrong.call(&app, "GET", "", Value::Null).await;
        assert!(refusal(&answer).2.contains("verify aksk signature fail"), "{}", answer.text);
    }
    let answer = key.call(&app, "GET", "", Value::Null).await;
    assert!(refusal(&answer).2.ends_with("AK access failed to reach the limit,forbidden"), "{}", answer.text);
    other.call(&app, "GET", "", Value::Null).await.expect(200);
}
