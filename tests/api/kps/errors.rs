//! What a bad request is told.

use serde_json::Value;

use super::refusal;
use crate::support::TestApp;

#[actix_web::test]
async fn each_bad_create_is_told_which_member_is_wrong() {
    let app = TestApp::spawn().await;
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/kps_refusals.json")).unwrap();
    let path = format!("/v2.1/{}/keypairs", app.demo.project_id);
    let headers = [("X-Auth-Token", app.demo.token.as_str())];
    for case in vectors["cases"].as_array().unwrap() {
        let body = case["text"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let answer = app.send("POST", &path, &headers, body.clone()).await;
        let (status, code, message) = refusal(&answer);
        let expected = case.get("code").map_or("KPS.0002", |code| code.as_str().unwrap());
        assert_eq!((status, code), (400, expected), "{body}: {message}");
        assert!(message.starts_with(case["message"].as_str().unwrap()), "{body}: {message}");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_utf8_is_a_bad_request() {
    let app = TestApp::spawn().await;
    let path = format!("/v2.1/{}/keypairs", app.demo.project_id);
    let answer = app.send("POST", &path, &[("X-Auth-Token", &app.demo.token)], b"{\"keypair\": \"\xff\"}").await;
    assert_eq!((refusal(&answer).0, refusal(&answer).1), (400, "KPS.0002"));
}
