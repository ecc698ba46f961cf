//! PUT and DELETE.

use serde_json::{Value, json};

use super::{import, refusal, store_project_pair};
use crate::support::TestApp;

fn description(text: &str) -> Value {
    json!({ "keypair": { "description": text } })
}

#[actix_web::test]
async fn a_description_is_changed_and_emptied() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", import("web")).await.expect(200);
    for text in ["für die Webserver\nin Berlin", &"ü".repeat(255), ""] {
        let changed = app.kps(&app.demo, "PUT", "/web", description(text)).await.expect(200);
        assert_eq!(changed.text, "");
        let shown = app.kps(&app.demo, "GET", "/web", Value::Null).await.expect(200);
        assert_eq!(shown.body["keypair"]["description"], json!(text));
        assert!(shown.body["keypair"]["updated_at"].is_string());
    }
}

#[actix_web::test]
async fn a_bad_description_is_refused_by_name() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", import("web")).await.expect(200);
    for (body, message) in [
        (json!({ "keypair": {} }), "description: is required"),
        (json!({ "keypair": { "description": null } }), "description: must be a string"),
        (json!({ "keypair": { "description": 1 } }), "description: must be a string"),
        (description(&"a".repeat(256)), "description: must have at most 255 characters"),
        (description("a\u{0}b"), "description: must have at most 255 characters"),
        (description("a\u{1b}[2J"), "description: must have at most 255 characters"),
        (json!({ "keypair": { "description": "a", "name": "b" } }), "keypair: has no member 'name'"),
        (Value::Null, "the body cannot be read"),
    ] {
        let refused = app.kps(&app.demo, "PUT", "/web", body).await;
        assert_eq!((refusal(&refused).0, refusal(&refused).1), (400, "KPS.0002"));
        assert!(refusal(&refused).2.starts_with(message), "{}", refused.text);
    }
}

#[actix_web::test]
async fn a_missing_key_pair_is_neither_described_nor_deleted() {
    let app = TestApp::spawn().await;
    for (method, body) in [("PUT", description("x")), ("DELETE", Value::Null)] {
        let refused = app.kps(&app.demo, method, "/web", body).await;
        assert_eq!(refusal(&refused), (404, "KPS.4016", "key pair 'web' does not exist"));
    }
}

#[actix_web::test]
async fn a_delete_sent_twice_leaves_the_projects_key_pair_of_the_same_name() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", import("web")).await.expect(200);
    store_project_pair(&app, &app.demo, "web").await;
    let deleted = app.kps(&app.demo, "DELETE", "/web", Value::Null).await.expect(202);
    assert_eq!(deleted.text, "");
    app.kps(&app.demo, "DELETE", "/web", Value::Null).await.expect(404);
    let left = app.kps(&app.demo, "GET", "/web", Value::Null).await.expect(200);
    assert_eq!(left.body["keypair"]["description"], json!("the project's"));
}

#[actix_web::test]
async fn a_description_is_never_written_to_the_projects_key_pair() {
    let app = TestApp::spawn().await;
    store_project_pair(&app, &app.demo, "web").await;
    app.kps(&app.demo, "PUT", "/web", description("mine")).await.expect(404);
    let shown = app.kps(&app.demo, "GET", "/web", Value::Null).await.expect(200);
    assert_eq!(shown.body["keypair"]["description"], json!("the project's"));
}
