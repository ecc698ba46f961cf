//! Private keys that are kept.

use keypaird::domain::KeyPairName;
use keypaird::vault::Binding;
use serde_json::{Value, json};

use super::{documented, owner, refusal};
use crate::support::{TestApp, User};

/// Opens the kept private key as an export will.
async fn open(app: &TestApp, user: &User, name: &str) -> String {
    let name = KeyPairName::parse(name).unwrap();
    let stored = app.store.sealed_private_key(&app.region(), &owner(user), &name).await.unwrap();
    let (pair, sealed) = stored.expect("a private key is kept");
    let binding = Binding::of(app.store.instance(), &pair);
    app.vault.open(&sealed, &binding).await.unwrap().expose().to_owned()
}

async fn is_protected(app: &TestApp, name: &str) -> bool {
    let shown = app.kps(&app.demo, "GET", &format!("/{name}"), Value::Null).await.expect(200);
    shown.body["keypair"]["is_key_protection"].as_bool().unwrap()
}

#[actix_web::test]
async fn a_generated_private_key_is_returned_and_kept() {
    let app = TestApp::spawn().await;
    for (name, key_protection) in
        [("object", json!({ "encryption": { "type": "default" } })), ("word", json!("default"))]
    {
        let body = json!({ "keypair": { "name": name, "key_protection": key_protection } });
        let made = app.kps(&app.demo, "POST", "", body).await.expect(200);
        let private_key = made.body["keypair"]["private_key"].as_str().unwrap();
        assert_eq!(open(&app, &app.demo, name).await, private_key);
        assert!(is_protected(&app, name).await);
    }
}

#[actix_web::test]
async fn without_key_protection_no_private_key_is_kept() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", documented("create")).await.expect(200);
    let name = KeyPairName::parse("demo1").unwrap();
    assert!(app.store.sealed_private_key(&app.region(), &owner(&app.demo), &name).await.unwrap().is_none());
    assert!(!is_protected(&app, "demo1").await);
}

#[actix_web::test]
async fn an_imported_private_key_is_kept_and_not_returned() {
    let app = TestApp::spawn().await;
    let mut body = documented("import with a managed private key");
    body["keypair"]["key_protection"]["encryption"] = json!({ "type": "default" });
    let made = app.kps(&app.demo, "POST", "", body.clone()).await.expect(200);
    assert!(!made.text.contains("PRIVATE KEY"));
    let private_key = body["keypair"]["key_protection"]["private_key"].as_str().unwrap();
    assert_eq!(open(&app, &app.demo, "demo4").await, private_key);
}

#[actix_web::test]
async fn a_private_key_to_keep_must_be_usable_and_the_public_keys_own() {
    let app = TestApp::spawn().await;
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/ssh_private_keys.json")).unwrap();
    for (number, case) in vectors["cases"].as_array().unwrap().iter().enumerate() {
        let public_key = case["public_key"].as_str().unwrap();
        let kind = if public_key.contains("BEGIN CERTIFICATE") { "x509" } else { "ssh" };
        let key_protection = json!({ "private_key": case["private_key"], "encryption": { "type": "default" } });
        let body = json!({ "keypair": {
            "name": format!("case{number}"), "type": kind, "public_key": public_key, "key_protection": key_protection,
        }});
        let answer = app.kps(&app.demo, "POST", "", body).await;
        let case_name = &case["name"];
        match case["outcome"].as_str().unwrap() {
            "matches" => assert_eq!(answer.code(), 200, "{case_name}: {}", answer.text),
            outcome => {
                let (status, code, message) = refusal(&answer);
                let expected = if outcome == "mismatch" { "KPS.6011" } else { "KPS.0002" };
                assert_eq!((status, code), (400, expected), "{case_name}: {message}");
                assert!(message.starts_with("key_protection.private_key: "), "{case_name}: {message}");
            }
        }
    }
}

#[actix_web::test]
async fn novas_path_takes_key_protection_as_an_object_and_as_a_word() {
    let app = TestApp::spawn().await;
    for (name, key_protection) in
        [("object", json!({ "encryption": { "type": "default" } })), ("word", json!("default"))]
    {
        let body = json!({ "keypair": { "name": name, "key_protection": key_protection } });
        let made = app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body).await.expect(200);
        let private_key = made.body["keypair"]["private_key"].as_str().unwrap();
        assert_eq!(open(&app, &app.demo, name).await, private_key);
        assert!(is_protected(&app, name).await);
    }
}

#[actix_web::test]
async fn novas_path_refuses_a_kms_key_while_there_is_no_kms() {
    let app = TestApp::spawn().await;
    let kms = json!({ "encryption": { "type": "kms", "kms_key_name": "demo" } });
    for key_protection in [kms, json!("kms:demo")] {
        let body = json!({ "keypair": { "name": "a", "key_protection": key_protection } });
        let refused = app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body).await.expect(400);
        assert!(refused.body["badRequest"]["message"].as_str().unwrap().contains("'default'"), "{}", refused.text);
    }
    app.nova(&app.demo, "2.1", "GET", "/os-keypairs/a", Value::Null).await.expect(404);
}

#[actix_web::test]
async fn deleting_a_key_pair_deletes_its_private_key() {
    let app = TestApp::spawn().await;
    let body = json!({ "keypair": { "name": "kept", "key_protection": "default" } });
    app.kps(&app.demo, "POST", "", body).await.expect(200);
    app.kps(&app.demo, "DELETE", "/kept", Value::Null).await.expect(202);
    let name = KeyPairName::parse("kept").unwrap();
    assert!(app.store.sealed_private_key(&app.region(), &owner(&app.demo), &name).await.unwrap().is_none());
}
