//! One key pair, from its create to its delete.

use serde_json::{Value, json};

use super::super::refusal;
use super::{import_as, small};
use crate::support::TestApp;

#[actix_web::test]
async fn a_key_pair_is_made_shown_described_and_deleted_with_the_types_that_clients_decode() {
    let app = TestApp::spawn().await;
    let create = json!({ "keypair": { "name": "web", "type": "ssh" } });
    let made = app.kps_v3(&app.demo, "POST", "", create).await.expect(200).body["keypair"].clone();
    let members: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["fingerprint", "name", "private_key", "public_key", "type", "user_id"]);
    assert!(made["private_key"].as_str().unwrap().starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));

    let shown = app.kps_v3(&app.demo, "GET", "/web", Value::Null).await.expect(200).body["keypair"].clone();
    let (id, created) = (shown["id"].as_i64().unwrap(), shown["create_time"].as_i64().unwrap());
    let milliseconds_of_2026 = 1_767_225_600_000..1_798_761_600_000_i64;
    assert!(milliseconds_of_2026.contains(&created) || created > 1_798_761_600_000, "{created}");
    let expected = json!({
        "name": "web", "id": id, "type": "ssh", "scope": "user", "public_key": made["public_key"],
        "fingerprint": made["fingerprint"], "is_key_protection": false, "deleted": false, "description": "",
        "user_id": app.demo.user_id, "create_time": created, "delete_time": null, "update_time": null,
        "frozen_state": 0, "key_id": null, "algorithm": "SSH_RSA_2048",
    });
    assert_eq!(shown, expected);

    let description = json!({ "keypair": { "description": "für Web" } });
    assert_eq!(app.kps_v3(&app.demo, "PUT", "/web", description).await.expect(200).text, "");
    let shown = app.kps_v3(&app.demo, "GET", "/web", Value::Null).await.expect(200).body["keypair"].clone();
    assert_eq!(shown["description"], "für Web");
    assert!(shown["update_time"].as_i64().unwrap() >= created);

    assert_eq!(app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204).text, "");
    for method in ["GET", "DELETE"] {
        let refused = app.kps_v3(&app.demo, method, "/web", Value::Null).await;
        assert_eq!(refusal(&refused), (404, "KPS.4016", "key pair 'web' does not exist"), "{method}");
    }
}

#[actix_web::test]
async fn a_certificate_is_made_of_type_x509() {
    let app = TestApp::spawn().await;
    let create = json!({ "keypair": { "name": "windows", "type": "x509", "scope": "domain" } });
    let made = app.kps_v3(&app.demo, "POST", "", create).await.expect(200).body["keypair"].clone();
    assert_eq!(made["type"], "x509");
    assert!(made["public_key"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let shown = app.kps_v3(&app.demo, "GET", "/windows", Value::Null).await.expect(200).body["keypair"].clone();
    assert_eq!((&shown["type"], &shown["scope"]), (&json!("x509"), &json!("domain")));
}

#[actix_web::test]
async fn a_private_key_that_is_kept_goes_out_in_the_create_and_later_again() {
    let app = TestApp::spawn().await;
    for scope in ["user", "domain"] {
        let keypair = json!({
            "name": scope, "scope": scope, "algorithm": "ed25519",
            "key_protection": { "encryption": { "type": "default", "kms_key_name": "" } },
        });
        let made = app.kps_v3(&app.demo, "POST", "", json!({ "keypair": keypair })).await.expect(200);
        let export = json!({ "keypair": { "name": scope } });
        let exported = app.kps_v3(&app.demo, "POST", "/private-key/export", export).await.expect(200);
        assert_eq!(exported.body["keypair"]["private_key"], made.body["keypair"]["private_key"]);
        let shown = app.kps_v3(&app.demo, "GET", &format!("/{scope}"), Value::Null).await.expect(200);
        assert_eq!(shown.body["keypair"]["is_key_protection"], true);
        assert_eq!(shown.body["keypair"]["key_id"], Value::Null, "no KMS keeps it");
    }
}

#[actix_web::test]
async fn a_taken_name_is_a_400_that_go_clients_show_and_a_name_has_up_to_255_characters() {
    let app = TestApp::spawn().await;
    let long = "n".repeat(255);
    for (name, scope, other) in [("web", "user", "domain"), (&long, "domain", "user")] {
        app.kps_v3(&app.demo, "POST", "", import_as(scope, name)).await.expect(200);
        for scope in [scope, other] {
            let refused = app.kps_v3(&app.demo, "POST", "", import_as(scope, name)).await;
            let told = format!("name: key pair '{name}' already exists");
            assert_eq!(refusal(&refused), (400, "KPS.0002", told.as_str()), "{scope}");
        }
    }
    let refused = app.kps_v3(&app.demo, "POST", "", small(&"n".repeat(256))).await;
    assert!(refusal(&refused).2.starts_with("name: must have 1 to 255 letters"), "{}", refused.text);
    app.kps_v3(&app.demo, "DELETE", &format!("/{long}"), Value::Null).await.expect(204);
}

#[actix_web::test]
async fn the_words_of_other_calls_are_names_as_well() {
    let app = TestApp::spawn().await;
    for name in ["associate", "batch-associate", "disassociate", "batch-import", "private-key", "keypairs"] {
        app.kps_v3(&app.demo, "POST", "", small(name)).await.expect(200);
        let path = format!("/{name}");
        let shown = app.kps_v3(&app.demo, "GET", &path, Value::Null).await.expect(200);
        assert_eq!(shown.body["keypair"]["name"], name);
        let description = json!({ "keypair": { "description": "still there" } });
        app.kps_v3(&app.demo, "PUT", &path, description).await.expect(200);
        let cleared = app.kps_v3(&app.demo, "DELETE", &format!("{path}/private-key"), Value::Null).await;
        assert_eq!(refusal(&cleared).1, "KPS.6005", "{name}");
        app.kps_v3(&app.demo, "DELETE", &path, Value::Null).await.expect(204);
    }
}

#[actix_web::test]
async fn each_bad_create_is_told_which_member_is_wrong() {
    let app = TestApp::spawn().await;
    let (demo, other) = (app.demo.user_id.as_str(), app.admin.user_id.as_str());
    for (member, value, status, code, told) in [
        ("scope", json!("account"), 400, "KPS.0002", "scope: must be 'user' or 'domain'"),
        ("scope", json!(1), 400, "KPS.0002", "scope: must be a string"),
        ("type", json!("rsa"), 400, "KPS.0002", "type: must be 'ssh' or 'x509'"),
        ("name", json!("a b"), 400, "KPS.0002", "name: must have 1 to 255 letters"),
        ("name", Value::Null, 400, "KPS.0002", "name: must be a string"),
        ("key_protection", json!({}), 400, "KPS.0002", "key_protection.encryption: is required"),
        (
            "key_protection",
            json!({ "encryption": { "type": "default" } }),
            400,
            "KPS.0002",
            "key_protection.private_key: is required",
        ),
        ("public_key", json!("ssh-rsa AAAA"), 400, "KPS.0002", "public_key: "),
        ("frozen_state", json!("0"), 400, "KPS.0002", "keypair: has no member 'frozen_state'"),
        ("user_id", json!(other), 403, "KPS.9003", "not allowed to"),
    ] {
        for scope in ["user", "domain"] {
            let mut body = import_as(scope, "web");
            body["keypair"][member] = value.clone();
            let answer = app.kps_v3(&app.demo, "POST", "", body).await;
            let said = refusal(&answer);
            assert_eq!((said.0, said.1), (status, code), "{member}: {}", said.2);
            assert!(said.2.starts_with(told), "{}", said.2);
        }
    }
    let mut own = import_as("domain", "web");
    own["keypair"]["user_id"] = json!(demo);
    let made = app.kps_v3(&app.demo, "POST", "", own).await.expect(200);
    assert_eq!(made.body["keypair"]["user_id"], demo);
}
