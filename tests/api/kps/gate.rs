//! Who is let in, and what is no API of KPS.

use serde_json::{Value, json};

use super::{import, refusal};
use crate::support::TestApp;

/// Every call of this version.
const CALLS: [(&str, &str); 5] = [("GET", ""), ("POST", ""), ("GET", "/web"), ("PUT", "/web"), ("DELETE", "/web")];

#[actix_web::test]
async fn no_call_is_answered_without_a_valid_token() {
    let app = TestApp::spawn().await;
    for (method, path) in CALLS {
        let path = format!("/v2.1/{}/keypairs{path}", app.demo.project_id);
        for headers in [&[][..], &[("X-Auth-Token", "gAAAAA-not-a-token")], &[("X-Auth-Token", "")]] {
            let refused = app.send(method, &path, headers, "").await;
            assert_eq!((refusal(&refused).0, refusal(&refused).1), (401, "KPS.9001"), "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn no_call_is_answered_for_another_project_not_even_an_administrators() {
    let app = TestApp::spawn().await;
    for (method, path) in CALLS {
        for other in ["0", "00000000-0000-0000-0000-000000000000", app.demo.project_id.as_str()] {
            let path = format!("/v2.1/{other}/keypairs{path}");
            let refused = app.send(method, &path, &[("X-Auth-Token", &app.admin.token)], "").await;
            let expected = (403, "KPS.9003", "project_id: is not the project of the token or access key");
            assert_eq!(refusal(&refused), expected, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_segment_that_can_be_no_project_is_a_bad_request() {
    let app = TestApp::spawn().await;
    for segment in ["%7Bproject_id%7D", "ABC", "a_b", "demo", "a%2Fb", "os-keypair"] {
        let path = format!("/v2.1/{segment}/keypairs");
        let refused = app.send("GET", &path, &[("X-Auth-Token", &app.demo.token)], "").await;
        assert_eq!((refusal(&refused).0, refusal(&refused).1), (400, "KPS.0002"), "{segment}");
        assert!(refusal(&refused).2.starts_with("project_id: "), "{segment}");
    }
}

#[actix_web::test]
async fn a_body_over_the_limit_is_refused_before_the_token_is_looked_at() {
    let app = TestApp::spawn().await;
    let path = format!("/v2.1/{}/keypairs", app.demo.project_id);
    let refused = app.send("POST", &path, &[], vec![b' '; 114_689]).await;
    assert_eq!((refusal(&refused).0, refusal(&refused).1), (413, "APIGW.0201"));
    let read = app.send("POST", &path, &[("X-Auth-Token", &app.demo.token)], vec![b' '; 114_688]).await;
    assert_eq!((refusal(&read).0, refusal(&read).1), (400, "KPS.0002"));
}

#[actix_web::test]
async fn what_kps_does_not_have_is_answered_as_by_its_gateway() {
    let app = TestApp::spawn().await;
    for (method, path) in [
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/web"),
        ("PATCH", "/web"),
        ("GET", "/"),
        ("GET", "/web/"),
        ("GET", "/web/private-key"),
    ] {
        for headers in [&[][..], &[("X-Auth-Token", app.demo.token.as_str())]] {
            let path = format!("/v2.1/{}/keypairs{path}", app.demo.project_id);
            let refused = app.send(method, &path, headers, "").await;
            assert_eq!((refusal(&refused).0, refusal(&refused).1), (404, "APIGW.0101"), "{method} {path}");
            assert_eq!(refused.header("X-Request-Id"), [refused.body["request_id"].as_str().unwrap()]);
        }
    }
}

#[actix_web::test]
async fn every_answer_names_its_request() {
    let app = TestApp::spawn().await;
    let mut seen = Vec::new();
    for (method, path, body, status) in [
        ("POST", "", import("web"), 200),
        ("POST", "", import("web"), 409),
        ("GET", "", Value::Null, 200),
        ("GET", "/web", Value::Null, 200),
        ("PUT", "/web", json!({ "keypair": { "description": "x" } }), 200),
        ("DELETE", "/web", Value::Null, 202),
        ("DELETE", "/web", Value::Null, 404),
    ] {
        let answer = app.kps(&app.demo, method, path, body).await.expect(status);
        let id = answer.header("X-Request-Id").concat();
        assert!(id.len() >= 36 && !seen.contains(&id), "{id}");
        seen.push(id);
    }
}

#[actix_web::test]
async fn a_key_pair_called_keypairs_is_novas_to_show() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", import("keypairs")).await.expect(200);
    for path in ["/v2.1/os-keypairs/keypairs", "/v2.1/os%2Dkeypairs/keypairs"] {
        let shown = app.send("GET", path, &[("X-Auth-Token", &app.demo.token)], "").await.expect(200);
        assert_eq!(shown.body["keypair"]["name"], json!("keypairs"));
        assert_eq!(shown.header("X-OpenStack-Nova-API-Version"), ["2.1"]);
    }
    let unknown = app.send("GET", "/v2.1/os-keypairs/keypairs/web", &[("X-Auth-Token", &app.demo.token)], "").await;
    assert!(unknown.expect(404).header("X-Request-Id").is_empty());
}
