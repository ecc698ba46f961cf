//! What Huawei's clients ask of its identity service with a signature.

use keypaird::domain::{GrantTarget, ProjectId, Role};
use serde_json::{Value, json};

use super::refusal;
use super::signed::key_of;
use crate::support::TestApp;

#[actix_web::test]
async fn a_region_by_any_name_has_the_access_keys_own_project() {
    let app = TestApp::spawn().await;
    let other = app.user("bea", "other", Role::MEMBER).await;
    app.user("cid", "third", Role::MEMBER).await;
    let other_id = ProjectId::parse(&other.project_id).unwrap();
    app.grant(&app.demo, GrantTarget::Project(other_id), Role::MEMBER).await;
    let key = key_of(&app, &app.demo, None).await;
    let own = json!([{ "id": app.demo.project_id, "name": "demo", "domain_id": "default", "enabled": true }]);
    // That there is a project `third` is not told to who has no role there.
    for (query, projects) in [
        ("?name=cn-north-4", &own),
        ("?name=demo", &own),
        ("?name=third", &own),
        ("", &own),
        ("?name=other", &json!([])),
    ] {
        let answer = key.ask(&app, "GET", &format!("/v3/projects{query}"), &[], Value::Null).await.expect(200);
        assert_eq!(answer.body["projects"], *projects, "{query}");
    }
}

#[actix_web::test]
async fn everybody_is_in_the_one_domain() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let answer = key.ask(&app, "GET", "/v3/auth/domains", &[], Value::Null).await.expect(200);
    assert_eq!(answer.body, json!({ "domains": [{ "id": "default", "name": "Default", "enabled": true }] }));
}

#[actix_web::test]
async fn what_is_signed_wrongly_is_refused_as_the_gateway_does_and_a_token_beside_it_does_not_help() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for path in ["/v3/projects", "/v3/auth/domains"] {
        let mut headers = key.sign("POST", path, "", b"", 0);
        headers.push(("X-Auth-Token".to_owned(), app.demo.token.clone()));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = app.send("GET", path, &headers, "").await;
        assert_eq!((refusal(&answer).0, refusal(&answer).1), (401, "APIGW.0301"), "{path}");
    }
}
