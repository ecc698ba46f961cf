//! Nova's paths by signed requests, as Huawei's ECS SDK sends them.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::import;
use super::refusal;
use super::signed::key_of;
use crate::support::access_key::Key;
use crate::support::{Answer, TestApp};

/// One request at a microversion, or at none.
async fn ask(app: &TestApp, key: &Key, version: &str, method: &str, path: &str, body: Value) -> Answer {
    let header = format!("compute {version}");
    let headers = [("OpenStack-API-Version", header.as_str())];
    let headers = if version.is_empty() { &[][..] } else { &headers };
    key.ask(app, method, &format!("/v2.1/{}/os-keypairs{path}", key.project), headers, body).await
}

#[actix_web::test]
async fn a_key_pair_lives_there_in_kpss_words_at_every_microversion() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for (version, kind, deleted) in [
        ("", None, 202),
        ("2.1", None, 202),
        ("2.2", Some("ssh"), 204),
        ("2.10", Some("ssh"), 204),
        ("2.60", Some("ssh"), 204),
    ] {
        let create = json!({ "keypair": { "name": "web", "algorithm": "ed25519" } });
        let made = ask(&app, &key, version, "POST", "", create.clone()).await.expect(200);
        assert!(made.text.contains("PRIVATE KEY") && made.header("x-request-id").len() == 1);
        let listed = ask(&app, &key, version, "GET", "", Value::Null).await.expect(200);
        let shown = ask(&app, &key, version, "GET", "/web", Value::Null).await.expect(200);
        for pair in [&made.body["keypair"], &listed.body["keypairs"][0]["keypair"], &shown.body["keypair"]] {
            assert_eq!(pair["name"], "web", "{version}");
            assert_eq!(pair.get("type").and_then(Value::as_str), kind, "{version}");
        }
        let taken = ask(&app, &key, version, "POST", "", create).await;
        assert_eq!(refusal(&taken), (409, "KPS.0002", "name: key pair 'web' already exists"));
        let description = json!({ "keypair": { "description": "for the web" } });
        ask(&app, &key, version, "PUT", "/web", description).await.expect(200);
        ask(&app, &key, version, "DELETE", "/web", Value::Null).await.expect(deleted);
        let missing = ask(&app, &key, version, "GET", "/web", Value::Null).await;
        assert_eq!(refusal(&missing), (404, "KPS.4016", "key pair 'web' does not exist"));
    }
}

#[actix_web::test]
async fn the_list_has_pages_from_2_35_on() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for name in ["a", "b", "c"] {
        ask(&app, &key, "", "POST", "", import(name)).await.expect(200);
    }
    let names = |answer: &Answer| -> Vec<String> {
        let pairs = answer.body["keypairs"].as_array().unwrap();
        pairs.iter().map(|pair| pair["keypair"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let whole = ask(&app, &key, "2.34", "GET", "?limit=2", Value::Null).await.expect(200);
    assert_eq!(names(&whole), ["a", "b", "c"]);
    let first = ask(&app, &key, "2.35", "GET", "?limit=2", Value::Null).await.expect(200);
    assert_eq!(names(&first), ["a", "b"]);
    let next = first.body["keypairs_links"][0]["href"].as_str().unwrap();
    assert!(next.ends_with(&format!("/v2.1/{}/os-keypairs?limit=2&marker=b", key.project)), "{next}");
    let last = ask(&app, &key, "2.35", "GET", "?limit=2&marker=b", Value::Null).await.expect(200);
    assert_eq!((names(&last), last.body.get("keypairs_links")), (vec!["c".to_owned()], None));
    let gone = ask(&app, &key, "2.35", "GET", "?limit=2&marker=nope", Value::Null).await;
    assert_eq!(refusal(&gone), (400, "KPS.0002", "marker 'nope' does not exist"));
}

#[actix_web::test]
async fn an_administrator_names_a_user_from_2_10_on() {
    let app = TestApp::spawn().await;
    let boss = app.user("boss", "demo", Role::ADMIN).await;
    let (key, demos) = (key_of(&app, &boss, None).await, key_of(&app, &app.demo, None).await);
    app.kps(&app.demo, "POST", "", import("web")).await.expect(200);
    let path = format!("/web?user_id={}", app.demo.user_id);
    ask(&app, &key, "2.9", "GET", &path, Value::Null).await.expect(404);
    ask(&app, &key, "2.10", "GET", &path, Value::Null).await.expect(200);
    let anothers = format!("/web?user_id={}", boss.user_id);
    assert_eq!(refusal(&ask(&app, &demos, "2.10", "GET", &anothers, Value::Null).await).1, "KPS.9003");
    ask(&app, &key, "2.10", "DELETE", &path, Value::Null).await.expect(204);
}

#[actix_web::test]
async fn a_bad_version_is_refused_to_who_is_let_in() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for (version, told) in [("2.x", "'2.x' is no version"), ("2.999", "2.999 is not supported; 2.1 to 2.104 are")] {
        let refused = ask(&app, &key, version, "GET", "", Value::Null).await;
        let (status, code, message) = refusal(&refused);
        assert_eq!((status, code), (400, "KPS.0002"));
        assert!(message.starts_with(&format!("OpenStack-API-Version: {told}")), "{message}");
    }
}

#[actix_web::test]
async fn every_path_of_novas_key_pairs_can_be_signed_and_copies_are_refused() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for path in ["/v2.1", &format!("/v2.1/{}", key.project), "/v2", &format!("/v2/{}", key.project)] {
        let pairs = format!("{path}/os-keypairs");
        key.ask(&app, "POST", &pairs, &[], import("web")).await.expect(200);
        key.ask(&app, "DELETE", &format!("{pairs}/web"), &[], Value::Null).await.expect(202);
        let copy = json!({ "user_name": "admin", "force": true });
        let refused = key.ask(&app, "POST", &format!("{pairs}/copy"), &[], copy).await;
        assert_eq!((refusal(&refused).0, refusal(&refused).1), (403, "KPS.9003"), "{path}");
        let unknown = key.ask(&app, "PATCH", &format!("{pairs}/web"), &[], Value::Null).await;
        assert_eq!((refusal(&unknown).0, refusal(&unknown).1), (404, "APIGW.0101"), "{path}");
    }
    // A key pair called like a path is that key pair.
    key.ask(&app, "POST", "/v2.1/os-keypairs", &[], import("os-keypairs")).await.expect(200);
    let shown = key.ask(&app, "GET", "/v2.1/os-keypairs/os-keypairs", &[], Value::Null).await.expect(200);
    assert_eq!(shown.body["keypair"]["name"], "os-keypairs");
    let literal = key.ask(&app, "GET", "/v2.1/%7Bproject_id%7D/os-keypairs", &[], Value::Null).await;
    assert_eq!((refusal(&literal).0, refusal(&literal).1), (400, "KPS.0002"));
}

#[actix_web::test]
async fn s34_a_signed_request_is_of_the_keys_project_whatever_path_and_header_say() {
    let app = TestApp::spawn().await;
    let other = app.user("bea", "other", Role::MEMBER).await;
    let key = key_of(&app, &app.demo, None).await;
    let (own, foreign) = (key.project.as_str(), other.project_id.as_str());
    let [own_path, foreign_path] = [own, foreign].map(|project| format!("/v2.1/{project}/os-keypairs"));
    for (path, header, told) in [
        (foreign_path.as_str(), None, "project_id: is not the project"),
        (&foreign_path, Some(foreign), "project_id: is not the project"),
        (&own_path, Some(foreign), "X-Project-Id: is not the project"),
        ("/v2.1/os-keypairs", Some(foreign), "X-Project-Id: is not the project"),
        ("/v2/os-keypairs", Some(foreign), "X-Project-Id: is not the project"),
        ("/v3/projects", Some(foreign), "X-Project-Id: is not the project"),
        ("/v3/auth/domains", Some(foreign), "X-Project-Id: is not the project"),
    ] {
        let headers: Vec<_> = header.map(|project| ("X-Project-Id", project)).into_iter().collect();
        let refused = key.ask(&app, "GET", path, &headers, Value::Null).await;
        let (status, code, message) = refusal(&refused);
        assert_eq!((status, code), (403, "KPS.9003"), "{path}");
        assert!(message.starts_with(told), "{path}: {message}");
    }
    for path in [&own_path, "/v2.1/os-keypairs", "/v3/projects"] {
        key.ask(&app, "GET", path, &[("X-Project-Id", own)], Value::Null).await.expect(200);
    }
}

#[actix_web::test]
async fn s29_no_refusal_to_a_signed_request_repeats_a_private_key() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let create = json!({ "keypair": { "name": "kept", "algorithm": "ed25519", "key_protection": "default" } });
    let made = ask(&app, &key, "", "POST", "", create).await.expect(200);
    let private_key = made.body["keypair"]["private_key"].as_str().unwrap();
    for path in ["", "/copy"] {
        for body in [
            json!({ "keypair": { "name": private_key } }),
            json!({ "keypair": { private_key: 1 } }),
            json!({ "keypair": { "name": "a", "public_key": private_key } }),
            json!([private_key]),
        ] {
            let refused = ask(&app, &key, private_key.lines().nth(1).unwrap(), "POST", path, body.clone()).await;
            assert!(!refused.text.contains("PRIVATE KEY"), "{}", refused.text);
            let refused = ask(&app, &key, "2.10", "POST", path, body).await;
            assert!(refused.code() >= 400 && !refused.text.contains("PRIVATE KEY"), "{}", refused.text);
        }
    }
    for path in ["", "/kept"] {
        let answer = ask(&app, &key, "2.60", "GET", path, Value::Null).await.expect(200);
        assert!(!answer.text.contains("PRIVATE"), "{path}");
    }
}

#[actix_web::test]
async fn s32_what_is_signed_wrongly_is_no_token_request_of_novas() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let path = format!("/v2.1/{}/os-keypairs", key.project);
    let mut headers = key.sign("POST", &path, "", b"", 0);
    headers.push(("X-Auth-Token".to_owned(), app.demo.token.clone()));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = app.send("GET", &path, &headers, "").await;
    assert_eq!((refusal(&answer).0, refusal(&answer).1), (401, "APIGW.0301"));
}
