//! Which tokens are taken.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::{fault, import, imported};
use crate::support::{Answer, TestApp};

async fn list(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    app.send("GET", "/v2.1/os-keypairs", headers, "").await
}

#[actix_web::test]
async fn without_a_valid_token_a_client_is_sent_to_the_identity_service() {
    let app = TestApp::spawn().await;
    let identity = format!("Keystone uri=\"http://{}/identity/v3\"", app.address);
    for headers in
        [vec![], vec![("X-Auth-Token", "")], vec![("X-Auth-Token", "nonsense")], vec![("X-Subject-Token", "x")]]
    {
        let refused = list(&app, &headers).await;
        assert_eq!(refused.code(), 401, "{headers:?}");
        assert_eq!(refused.header("WWW-Authenticate"), [identity.as_str()]);
        assert_eq!(refused.header("Content-Type"), ["application/json"]);
        assert!(refused.header("OpenStack-API-Version").is_empty());
        let message = "The request you have made requires authentication.";
        assert_eq!(refused.body, json!({ "error": { "code": 401, "title": "Unauthorized", "message": message } }));
    }
}

#[actix_web::test]
async fn headers_that_say_who_one_is_are_no_token() {
    let app = TestApp::spawn().await;
    let identity = [("X-User-Id", app.demo.user_id.as_str()), ("X-Identity-Status", "Confirmed"), ("X-Roles", "admin")];
    assert_eq!(list(&app, &identity).await.code(), 401);
}

#[actix_web::test]
async fn a_storage_token_is_a_token() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    let answer = list(&app, &[("X-Storage-Token", &app.demo.token)]).await.expect(200);
    assert_eq!(super::names(&answer), ["k"]);
}

#[actix_web::test]
async fn a_service_token_must_be_a_services() {
    let app = TestApp::spawn().await;
    let service = app.user("nova", "service", Role::parse("service").unwrap()).await;
    for (token, status) in [(service.token.as_str(), 200), ("nonsense", 401), (app.admin.token.as_str(), 401)] {
        let answer = list(&app, &[("X-Auth-Token", &app.demo.token), ("X-Service-Token", token)]).await;
        assert_eq!(answer.code(), status);
    }
}

#[actix_web::test]
async fn a_token_without_scope_reads_and_does_not_create() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    let unscoped = app.rescoped(&app.demo, json!("unscoped")).await;
    app.nova(&unscoped, "2.92", "GET", "/os-keypairs", Value::Null).await.expect(200);
    app.nova(&unscoped, "2.92", "GET", "/os-keypairs/none", Value::Null).await.expect(404);
    let refused = app.nova(&unscoped, "2.92", "POST", "/os-keypairs", import("x")).await;
    assert_eq!(fault(&refused), ("forbidden", 403, "Forbidden"));
    let path = format!("/{}/os-keypairs", app.demo.project_id);
    let refused = app.nova(&unscoped, "2.92", "GET", &path, Value::Null).await;
    assert!(fault(&refused).2.ends_with("doesn't match Context's project_id 'None'"));
}

#[actix_web::test]
async fn a_token_for_the_system_is_refused_after_the_schema() {
    let app = TestApp::spawn().await;
    let system = app.rescoped(&app.admin, json!({ "system": { "all": true } })).await;
    for (method, path, body, policy) in [
        ("GET", "/os-keypairs", Value::Null, "index"),
        ("GET", "/os-keypairs/k", Value::Null, "show"),
        ("DELETE", "/os-keypairs/k", Value::Null, "delete"),
        ("POST", "/os-keypairs", import("k"), "create"),
    ] {
        let refused = app.nova(&system, "2.92", method, path, body).await;
        let told = format!("Policy doesn't allow os_compute_api:os-keypairs:{policy} to be performed.");
        assert_eq!(fault(&refused), ("forbidden", 403, told.as_str()));
    }
    let refused = app.nova(&system, "2.92", "POST", "/os-keypairs", json!({})).await;
    assert_eq!(fault(&refused).2, "'keypair' is a required property");
}
