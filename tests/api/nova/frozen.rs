//! The frozen API below `/v2`.

use serde_json::{Value, json};

use super::{ED25519, ED25519_MD5, fault, imported, names};
use crate::support::{Answer, TestApp};

async fn send(app: &TestApp, method: &str, path: &str, body: Value) -> Answer {
    let headers = [("X-Auth-Token", app.demo.token.as_str()), ("OpenStack-API-Version", "compute bad")];
    app.json(method, &format!("/v2{path}"), &headers, body).await
}

fn named(name: &str) -> Value {
    json!({ "keypair": { "name": name, "public_key": ED25519 } })
}

#[actix_web::test]
async fn it_answers_as_2_1_without_version_headers() {
    let app = TestApp::spawn().await;
    let made = send(&app, "POST", "/os-keypairs", named("k")).await.expect(200);
    let keypair =
        json!({ "name": "k", "public_key": ED25519, "fingerprint": ED25519_MD5, "user_id": app.demo.user_id });
    assert_eq!(made.body, json!({ "keypair": keypair }));
    assert!(made.header("OpenStack-API-Version").is_empty() && made.header("Vary").is_empty());
    let path = format!("/{}/os-keypairs", app.demo.project_id);
    assert_eq!(names(&send(&app, "GET", &path, Value::Null).await.expect(200)), ["k"]);
    let shown = send(&app, "GET", "/os-keypairs/k", Value::Null).await.expect(200);
    assert!(shown.body["keypair"].get("type").is_none());
    send(&app, "DELETE", "/os-keypairs/k", Value::Null).await.expect(202);
}

#[actix_web::test]
async fn unknown_members_and_parameters_are_dropped() {
    let app = TestApp::spawn().await;
    let body = json!({ "extra": 1, "keypair": {
        "name": "k", "public_key": ED25519, "type": 7, "user_id": 1, "zeta": null,
    }});
    send(&app, "POST", "/os-keypairs", body).await.expect(200);
    let list = send(&app, "GET", "/os-keypairs?limit=x&zzz=1&user_id=other", Value::Null).await.expect(200);
    assert_eq!(names(&list), ["k"]);
}

#[actix_web::test]
async fn names_may_have_any_printable_character_and_are_stripped() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["dup"]).await;
    let taken = send(&app, "POST", "/os-keypairs", named(" dup ")).await;
    assert_eq!(fault(&taken), ("conflictingRequest", 409, "Key pair 'dup' already exists."));
    let made = send(&app, "POST", "/os-keypairs", named(" clé! ")).await.expect(200);
    assert_eq!(made.body["keypair"]["name"], "clé!");
    // Ours: a Nova finds it only where the path is escaped as Latin-1.
    send(&app, "GET", "/os-keypairs/cl%C3%A9!", Value::Null).await.expect(200);
    let told = "An invalid 'name' value was provided. The name must be: \
                printable characters with at least one non space character";
    for name in ["  ", "a\u{1}b", "a\u{202e}b"] {
        let refused = send(&app, "POST", "/os-keypairs", named(name)).await;
        assert_eq!(fault(&refused), ("badRequest", 400, told), "{name:?}");
    }
}

#[actix_web::test]
async fn what_is_left_of_the_schema_holds() {
    let app = TestApp::spawn().await;
    let refused = send(&app, "POST", "/os-keypairs", json!({ "keypair": { "extra": 1 } })).await;
    let told = "Invalid input for field/attribute keypair. Value: {'extra': 1}. 'name' is a required property";
    assert_eq!(fault(&refused), ("badRequest", 400, told));
    assert!(refused.header("OpenStack-API-Version").is_empty());
    send(&app, "GET", "/nope", Value::Null).await.expect(404);
}
