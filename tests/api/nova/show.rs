//! GET /os-keypairs/{name}

use serde_json::{Value, json};

use super::{ED25519, ED25519_MD5, fault, imported};
use crate::support::TestApp;

#[actix_web::test]
async fn everything_that_nova_stores_is_shown() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    for version in ["2.1", "2.2", "2.104"] {
        let shown = app.nova(&app.demo, version, "GET", "/os-keypairs/k", Value::Null).await.expect(200);
        let mut keypair = shown.body["keypair"].as_object().unwrap().clone();
        let created_at = keypair.remove("created_at").unwrap();
        assert_eq!(created_at.as_str().unwrap().len(), "2026-11-21T19:37:16.388720".len());
        assert!(keypair.remove("id").unwrap().as_i64().unwrap() >= 0);
        let mut expected = json!({
            "name": "k", "public_key": ED25519, "fingerprint": ED25519_MD5, "user_id": app.demo.user_id,
            "deleted": false, "deleted_at": null, "updated_at": null,
        });
        if version != "2.1" {
            expected["type"] = json!("ssh");
        }
        assert_eq!(Value::Object(keypair), expected, "{version}");
        assert_eq!(shown.header("Content-Type"), ["application/json"]);
    }
}

#[actix_web::test]
async fn a_missing_name_is_told_with_the_user() {
    let app = TestApp::spawn().await;
    let told = |name: &str| format!("Keypair {name} not found for user {}", app.demo.user_id);
    for (path, name) in [
        ("none", "none"),
        ("a+b", "a+b"),
        ("a%2520b", "a%20b"),
        ("a%0ab", "a\nb"),
        ("cl%C3%A9", "clé"),
        ("%ff%fe", "ÿþ"),
        ("a;b", "a;b"),
        ("%zz", "%zz"),
        (&"n".repeat(300), &"n".repeat(300)),
    ] {
        let refused = app.nova(&app.demo, "2.92", "GET", &format!("/os-keypairs/{path}"), Value::Null).await;
        assert_eq!(fault(&refused), ("itemNotFound", 404, told(name).as_str()));
    }
}

#[actix_web::test]
async fn names_are_decoded_once_and_ordinary_words_are_names() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a b", "me@host", "..", "x.json", "detail", "keypairs", "Az-_9"]).await;
    for (path, name) in [
        ("a%20b", "a b"),
        ("me@host", "me@host"),
        ("me%40host", "me@host"),
        ("%2e%2E", ".."),
        ("x.json", "x.json"),
        ("detail", "detail"),
        ("keypairs", "keypairs"),
        ("%41z-_9", "Az-_9"),
    ] {
        let shown = app.nova(&app.demo, "2.92", "GET", &format!("/os-keypairs/{path}"), Value::Null).await.expect(200);
        assert_eq!(shown.body["keypair"]["name"], name, "{path}");
    }
}

#[actix_web::test]
async fn names_of_later_versions_are_shown_in_earlier_ones() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["me@host"]).await;
    app.nova(&app.demo, "2.1", "GET", "/os-keypairs/me@host", Value::Null).await.expect(200);
}
