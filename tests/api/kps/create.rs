//! POST: create and import.

use serde_json::{Value, json};

use super::{documented, import, owner, refusal, store_project_pair};
use crate::support::TestApp;

#[actix_web::test]
async fn the_documented_create_answers_the_documented_members() {
    let app = TestApp::spawn().await;
    let made = app.kps(&app.demo, "POST", "", documented("create")).await.expect(200);
    let pair = made.body["keypair"].as_object().unwrap();
    let members: Vec<_> = pair.keys().map(String::as_str).collect();
    assert_eq!(members, ["fingerprint", "name", "private_key", "public_key", "user_id"]);
    assert_eq!((&pair["name"], &pair["user_id"]), (&json!("demo1"), &json!(app.demo.user_id)));
    let public_key = pair["public_key"].as_str().unwrap();
    assert!(public_key.starts_with("ssh-rsa AAAAB3NzaC1yc2E") && public_key.ends_with(" Generated-by-Nova\n"));
    let private_key = pair["private_key"].as_str().unwrap();
    assert!(private_key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert!(private_key.ends_with("\n-----END RSA PRIVATE KEY-----\n"));
    let fingerprint = pair["fingerprint"].as_str().unwrap();
    assert!(fingerprint.len() == 47 && fingerprint.split(':').count() == 16, "{fingerprint}");
}

#[actix_web::test]
async fn the_documented_import_answers_the_key_byte_for_byte_and_no_private_key() {
    let app = TestApp::spawn().await;
    let body = documented("import a public key");
    let made = app.kps(&app.demo, "POST", "", body.clone()).await.expect(200);
    assert_eq!(
        made.body,
        json!({ "keypair": {
            "name": "demo3",
            "public_key": body["keypair"]["public_key"],
            "fingerprint": "b4:9a:c3:12:c4:90:bf:8e:7a:e2:70:10:c3:00:55:3f",
            "user_id": app.demo.user_id,
        }})
    );
}

#[actix_web::test]
async fn the_documented_requests_with_a_kms_key_are_told_to_use_default_while_there_is_no_kms() {
    let app = TestApp::spawn().await;
    for request in ["create with a managed private key", "import with a managed private key"] {
        let refused = app.kps(&app.demo, "POST", "", documented(request)).await;
        let (status, code, message) = refusal(&refused);
        assert_eq!((status, code), (400, "KPS.6008"), "{request}");
        assert!(message.contains("'default'"), "{message}");
    }
}

#[actix_web::test]
async fn the_documented_requests_succeed_with_type_default() {
    let app = TestApp::spawn().await;
    for (request, gets_private_key) in
        [("create with a managed private key", true), ("import with a managed private key", false)]
    {
        let mut body = documented(request);
        body["keypair"]["key_protection"]["encryption"] = json!({ "type": "default" });
        let made = app.kps(&app.demo, "POST", "", body.clone()).await.expect(200);
        assert_eq!(made.body["keypair"].get("private_key").is_some(), gets_private_key, "{request}");
        let name = body["keypair"]["name"].as_str().unwrap();
        let shown = app.kps(&app.demo, "GET", &format!("/{name}"), Value::Null).await.expect(200);
        assert_eq!(shown.body["keypair"]["is_key_protection"], json!(true));
    }
}

#[actix_web::test]
async fn no_answer_with_a_private_key_may_be_stored_on_its_way() {
    let app = TestApp::spawn().await;
    let made = app.kps(&app.demo, "POST", "", documented("create")).await.expect(200);
    assert_eq!(made.header("Cache-Control"), ["no-store"]);
}

#[actix_web::test]
async fn a_certificate_is_made_and_taken_as_in_nova() {
    let app = TestApp::spawn().await;
    let made = app.kps(&app.demo, "POST", "", json!({ "keypair": { "name": "made", "type": "x509" } })).await;
    let made = &made.expect(200).body["keypair"];
    let certificate = made["public_key"].as_str().unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(made["fingerprint"].as_str().unwrap().len(), 59);
    let body = json!({ "keypair": { "name": "taken", "type": "x509", "public_key": certificate } });
    let taken = app.kps(&app.demo, "POST", "", body).await.expect(200);
    assert_eq!(taken.body["keypair"]["fingerprint"], made["fingerprint"]);
}

#[actix_web::test]
async fn algorithm_and_format_can_be_chosen() {
    let app = TestApp::spawn().await;
    for (algorithm, format, public, private) in [
        ("ed25519", None, "ssh-ed25519 ", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("ecdsa-p384", Some("pkcs8"), "ecdsa-sha2-nistp384 ", "-----BEGIN PRIVATE KEY-----"),
        ("rsa-2048", Some("openssh"), "ssh-rsa ", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ] {
        let mut body = json!({ "keypair": { "name": algorithm, "algorithm": algorithm } });
        if let Some(format) = format {
            body["keypair"]["private_key_format"] = json!(format);
        }
        let made = app.kps(&app.demo, "POST", "", body).await.expect(200);
        let text = |member| made.body["keypair"][member].as_str().unwrap();
        assert!(text("public_key").starts_with(public) && text("private_key").starts_with(private), "{algorithm}");
    }
}

#[actix_web::test]
async fn a_name_of_64_characters_is_taken() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", import(&"a_-9".repeat(16))).await.expect(200);
}

#[actix_web::test]
async fn a_taken_name_is_a_conflict() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", import("web")).await.expect(200);
    for body in [import("web"), json!({ "keypair": { "name": "web" } })] {
        let refused = app.kps(&app.demo, "POST", "", body).await;
        assert_eq!(refusal(&refused), (409, "KPS.0002", "name: key pair 'web' already exists"));
    }
}

#[actix_web::test]
async fn a_name_of_the_projects_is_taken_too() {
    let app = TestApp::spawn().await;
    store_project_pair(&app, &app.demo, "shared").await;
    let refused = app.kps(&app.demo, "POST", "", import("shared")).await;
    assert_eq!(refusal(&refused).0, 409);
}

#[actix_web::test]
async fn at_the_limit_nothing_more_is_made() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1")]).await;
    app.kps(&app.demo, "POST", "", import("first")).await.expect(200);
    for body in [import("second"), json!({ "keypair": { "name": "second" } })] {
        let refused = app.kps(&app.demo, "POST", "", body).await;
        assert_eq!(refusal(&refused), (403, "KPS.0002", "the limit of 1 key pairs is reached"));
    }
    app.kps(&app.demo, "DELETE", "/first", Value::Null).await.expect(202);
    app.kps(&app.demo, "POST", "", import("second")).await.expect(200);
}

#[actix_web::test]
async fn a_refused_create_leaves_no_key_pair_and_uses_no_quota() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1")]).await;
    let kms = documented("create with a managed private key");
    let mut mismatch = documented("import with a managed private key");
    mismatch["keypair"]["public_key"] = documented("import a public key")["keypair"]["public_key"].clone();
    mismatch["keypair"]["key_protection"]["encryption"] = json!({ "type": "default" });
    let unusable = json!({ "keypair": { "name": "bad", "public_key": "ssh-rsa AAAA" } });
    for body in [kms, mismatch, unusable] {
        app.kps(&app.demo, "POST", "", body).await.expect(400);
    }
    let listed = app.kps(&app.demo, "GET", "", Value::Null).await.expect(200);
    assert_eq!(listed.body, json!({ "keypairs": [] }));
    assert_eq!(app.store.key_pairs_used(&app.region(), &owner(&app.demo)).await.unwrap(), 0);
    app.kps(&app.demo, "POST", "", import("good")).await.expect(200);
}

#[actix_web::test]
async fn a_user_may_name_themselves_only() {
    let app = TestApp::spawn().await;
    let for_user = |name: &str, user_id: &str| {
        let mut body = import(name);
        body["keypair"]["user_id"] = json!(user_id);
        body
    };
    app.kps(&app.demo, "POST", "", for_user("own", &app.demo.user_id)).await.expect(200);
    app.kps(&app.demo, "POST", "", for_user("nobodys", "")).await.expect(200);
    let refused = app.kps(&app.demo, "POST", "", for_user("foreign", &app.admin.user_id)).await;
    assert_eq!(refusal(&refused).0, 403);
    assert_eq!(refusal(&refused).1, "KPS.9003");
}

#[actix_web::test]
async fn an_administrator_may_create_for_another_user() {
    let app = TestApp::spawn().await;
    let mut body = import("given");
    body["keypair"]["user_id"] = json!(app.demo.user_id);
    let made = app.kps(&app.admin, "POST", "", body).await.expect(200);
    assert_eq!(made.body["keypair"]["user_id"], json!(app.demo.user_id));
    app.kps(&app.demo, "GET", "/given", Value::Null).await.expect(200);
    app.kps(&app.admin, "GET", "/given", Value::Null).await.expect(404);
}
