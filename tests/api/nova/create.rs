//! POST /os-keypairs

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{CERTIFICATE, CERTIFICATE_SHA1, ED25519, ED25519_MD5, RSA, RSA_MD5, fault, import, imported};
use crate::support::TestApp;

fn members(body: &Value) -> Vec<&str> {
    let mut members: Vec<&str> = body["keypair"].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    members
}

#[actix_web::test]
async fn status_and_members_change_with_the_version() {
    let app = TestApp::spawn().await;
    let old = ["fingerprint", "name", "public_key", "user_id"];
    let typed = ["fingerprint", "name", "public_key", "type", "user_id"];
    for (version, status, expected) in
        [("2.1", 200, &old[..]), ("2.2", 201, &typed), ("2.35", 201, &typed), ("2.104", 201, &typed)]
    {
        let name = format!("v{}", version.replace('.', "-"));
        let made = app.nova(&app.demo, version, "POST", "/os-keypairs", import(&name)).await.expect(status);
        assert_eq!(members(&made.body), expected, "{version}");
        assert_eq!(made.header("Content-Type"), ["application/json"]);
    }
}

#[actix_web::test]
async fn an_imported_key_comes_back_byte_for_byte() {
    let app = TestApp::spawn().await;
    for (place, public_key) in
        [ED25519.to_owned(), format!("{ED25519}\n"), format!("{RSA} and more"), RSA.to_owned()].iter().enumerate()
    {
        let body = json!({ "keypair": { "name": format!("k{place}"), "public_key": public_key } });
        let made = app.nova(&app.demo, "2.2", "POST", "/os-keypairs", body).await.expect(201);
        let keypair = &made.body["keypair"];
        assert_eq!(keypair["public_key"], **public_key);
        let fingerprint = if public_key.starts_with("ssh-rsa") { RSA_MD5 } else { ED25519_MD5 };
        assert_eq!(keypair["fingerprint"], fingerprint);
        assert_eq!(keypair["user_id"], app.demo.user_id);
        assert_eq!(keypair["type"], "ssh");
        assert!(keypair.get("private_key").is_none());
        assert!(made.header("Cache-Control").is_empty());
    }
}

#[actix_web::test]
async fn without_a_public_key_an_rsa_key_is_generated_and_returned_once() {
    let app = TestApp::spawn().await;
    let body = json!({ "keypair": { "name": "made" } });
    let made = app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body).await.expect(200);
    let keypair = &made.body["keypair"];
    let private_key = keypair["private_key"].as_str().unwrap();
    assert!(private_key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert!(private_key.ends_with("-----END RSA PRIVATE KEY-----\n"));
    assert!(keypair["public_key"].as_str().unwrap().ends_with(" Generated-by-Nova"));
    assert_eq!(made.header("Cache-Control"), ["no-store"]);
    let shown = app.nova(&app.demo, "2.1", "GET", "/os-keypairs/made", Value::Null).await.expect(200);
    assert_eq!(shown.body["keypair"]["public_key"], keypair["public_key"]);
    assert!(!shown.text.contains("PRIVATE"));
}

#[actix_web::test]
async fn a_certificate_is_a_key_pair_of_type_x509() {
    let app = TestApp::spawn().await;
    let body = json!({ "keypair": { "name": "cert", "type": "x509", "public_key": CERTIFICATE } });
    let made = app.nova(&app.demo, "2.2", "POST", "/os-keypairs", body).await.expect(201);
    assert_eq!(made.body["keypair"]["fingerprint"], CERTIFICATE_SHA1);
    assert_eq!(made.body["keypair"]["type"], "x509");
    let shown = app.nova(&app.demo, "2.1", "GET", "/os-keypairs/cert", Value::Null).await.expect(200);
    assert!(shown.body["keypair"].get("type").is_none());
    assert_eq!(shown.body["keypair"]["public_key"], CERTIFICATE);
}

#[actix_web::test]
async fn a_certificate_can_be_generated() {
    let app = TestApp::spawn().await;
    let body = json!({ "keypair": { "name": "cert", "type": "x509" } });
    let made = app.nova(&app.demo, "2.91", "POST", "/os-keypairs", body).await.expect(201);
    let keypair = &made.body["keypair"];
    assert!(keypair["public_key"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(keypair["fingerprint"].as_str().unwrap().len(), 59);
    assert!(!keypair["private_key"].as_str().unwrap().contains('\n'));
    assert_eq!(made.header("Cache-Control"), ["no-store"]);
}

#[actix_web::test]
async fn from_2_92_on_a_public_key_is_required() {
    let app = TestApp::spawn().await;
    for version in ["2.92", "2.104", "latest"] {
        let body = json!({ "keypair": { "name": "made" } });
        let refused = app.nova(&app.demo, version, "POST", "/os-keypairs", body).await;
        let told = "Invalid input for field/attribute keypair. Value: {'name': 'made'}. \
                    'public_key' is a required property";
        assert_eq!(fault(&refused), ("badRequest", 400, told));
    }
}

#[actix_web::test]
async fn a_name_that_is_there_is_a_conflict() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["dup"]).await;
    let generate = json!({ "keypair": { "name": "dup" } });
    for (version, body) in [("2.92", import("dup")), ("2.1", generate)] {
        let refused = app.nova(&app.demo, version, "POST", "/os-keypairs", body).await;
        assert_eq!(fault(&refused), ("conflictingRequest", 409, "Key pair 'dup' already exists."));
    }
    app.nova(&app.demo, "2.92", "POST", "/os-keypairs", import("DUP")).await.expect(201);
    app.nova(&app.admin, "2.92", "POST", "/os-keypairs", import("dup")).await.expect(201);
}

#[actix_web::test]
async fn at_the_limit_even_a_bad_key_and_a_taken_name_say_so() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1")]).await;
    imported(&app, &app.demo, &["one"]).await;
    let bad = json!({ "keypair": { "name": "two", "public_key": "bad" } });
    for body in [import("two"), bad, import("one"), json!({ "keypair": { "name": "two" } })] {
        let refused = app.nova(&app.demo, "2.91", "POST", "/os-keypairs", body).await;
        assert_eq!(fault(&refused), ("forbidden", 403, "Quota exceeded, too many key pairs."));
    }
    app.nova(&app.admin, "2.92", "POST", "/os-keypairs", import("one")).await.expect(201);
}

#[actix_web::test]
async fn a_bad_key_under_a_taken_name_is_a_bad_key() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["dup"]).await;
    let body = json!({ "keypair": { "name": "dup", "public_key": "bad" } });
    let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await;
    let told = "Keypair data is invalid: failed to generate fingerprint";
    assert_eq!(fault(&refused), ("badRequest", 400, told));
}

/// Ours: the members that KPS adds to Nova's.
#[actix_web::test]
async fn a_private_key_is_kept_where_key_protection_asks_for_it_at_every_version() {
    let app = TestApp::spawn().await;
    for (place, protection) in [json!("default"), json!({ "encryption": { "type": "default" } })].iter().enumerate() {
        for version in ["2.1", "2.91"] {
            let name = format!("kept-{place}-{}", version.len());
            let body = json!({ "keypair": { "name": name, "key_protection": protection } });
            let made = app.nova(&app.demo, version, "POST", "/os-keypairs", body).await;
            assert!(made.status.is_success(), "{}", made.text);
            assert!(made.body["keypair"]["private_key"].is_string());
        }
    }
    let body = json!({ "keypair": { "name": "kept", "algorithm": "ed25519", "key_protection": "default" } });
    let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await;
    assert!(fault(&refused).2.ends_with("'public_key' is a required property"));
}

/// Ours: an algorithm other than RSA is a word away.
#[actix_web::test]
async fn the_algorithm_may_be_chosen() {
    let app = TestApp::spawn().await;
    let body = json!({ "keypair": { "name": "ed", "algorithm": "ed25519" } });
    let made = app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body).await.expect(200);
    assert!(made.body["keypair"]["public_key"].as_str().unwrap().starts_with("ssh-ed25519 "));
    let private_key = made.body["keypair"]["private_key"].as_str().unwrap();
    assert!(private_key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    let body = json!({ "keypair": { "name": "x", "algorithm": "rot13" } });
    let refused = app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body).await;
    assert!(fault(&refused).2.starts_with("Invalid input for field/attribute algorithm: "));
}

/// Ours: a Nova has no such bound.
#[actix_web::test]
async fn s58_a_full_queue_of_generators_asks_for_patience() {
    let app = TestApp::spawn_with(&[("keypair.generators", "1"), ("keypair.generator_queue", "1")]).await;
    let create = |place: usize| {
        let body = json!({ "keypair": { "name": format!("k{place}"), "algorithm": "rsa-3072" } });
        app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body)
    };
    let answers = join_all((0..6).map(create)).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.code() == 200);
    assert!(!made.is_empty() && !refused.is_empty());
    for answer in refused {
        let (name, code, told) = fault(answer);
        assert_eq!((name, code), ("serviceUnavailable", 503));
        assert_eq!(told, "too many requests wait for key generation; try again");
        assert_eq!(answer.header("Retry-After"), ["1"]);
    }
    let list = app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await.expect(200);
    assert_eq!(super::names(&list).len(), made.len());
}
