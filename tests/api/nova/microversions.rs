//! Which version answers, and how the answer says so.

use serde::Deserialize;
use serde_json::{Value, json};

use super::fault;
use crate::support::TestApp;

/// Headers of a request, and the version that answered it: recorded.
#[derive(Deserialize)]
struct Case {
    headers: Vec<(String, String)>,
    status: u16,
    answered: Option<String>,
}

#[actix_web::test]
async fn each_header_is_understood_as_a_nova_understands_it() {
    let app = TestApp::spawn().await;
    let cases: Vec<Case> = serde_json::from_str(include_str!("microversions.json")).unwrap();
    assert!(cases.len() > 50);
    for Case { headers, status, answered } in cases {
        let mut sent = vec![("X-Auth-Token", app.demo.token.as_str())];
        sent.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let answer = app.send("GET", "/v2.1/os-keypairs", &sent, "").await;
        assert_eq!(answer.code(), status, "{headers:?}");
        let standard = answered.iter().map(|version| format!("compute {version}")).collect::<Vec<_>>();
        assert_eq!(answer.header("OpenStack-API-Version"), standard, "{headers:?}");
        assert_eq!(answer.header("X-OpenStack-Nova-API-Version"), answered.iter().collect::<Vec<_>>(), "{headers:?}");
    }
}

#[actix_web::test]
async fn an_answer_varies_by_both_headers() {
    let app = TestApp::spawn().await;
    for path in ["/os-keypairs", "/os-keypairs/none"] {
        let answer = app.nova(&app.demo, "2.10", "GET", path, Value::Null).await;
        assert_eq!(answer.header("Vary"), ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version"]);
    }
}

#[actix_web::test]
async fn bad_versions_are_told() {
    let app = TestApp::spawn().await;
    let malformed = app.nova(&app.demo, "2.x", "GET", "/os-keypairs", Value::Null).await;
    let told = "API Version String 2.x is of invalid format. Must be of format MajorNum.MinorNum.";
    assert_eq!(fault(&malformed), ("badRequest", 400, told));
    assert!(malformed.header("Vary").is_empty());
    let unsupported = app.nova(&app.demo, "2.105", "GET", "/os-keypairs", Value::Null).await;
    let told = "Version 2.105 is not supported by the API. Minimum is 2.1 and maximum is 2.104.";
    assert_eq!(fault(&unsupported), ("computeFault", 406, told));
    assert_eq!(unsupported.header("OpenStack-API-Version"), ["compute 2.105"]);
}

#[actix_web::test]
async fn every_answer_has_one_request_id_in_two_headers() {
    let app = TestApp::spawn().await;
    let token = ("X-Auth-Token", app.demo.token.as_str());
    for (method, path, headers) in [
        ("GET", "/v2.1/os-keypairs", vec![token]),
        ("GET", "/v2.1/os-keypairs", vec![]),
        ("GET", "/v2.1/nope", vec![token]),
        ("PUT", "/v2.1/os-keypairs", vec![token]),
        ("GET", "/v2.1/os-keypairs/none", vec![token]),
        ("GET", "/v2.1", vec![]),
        ("GET", "/v2", vec![]),
        ("GET", "/v2/os-keypairs", vec![token]),
    ] {
        let answer = app.send(method, path, &headers, "").await;
        let id = answer.header("x-openstack-request-id");
        assert_eq!(id, answer.header("x-compute-request-id"), "{method} {path}");
        assert!(id.len() == 1 && id[0].starts_with("req-") && id[0].len() == 40, "{id:?}");
    }
    let first = app.json("GET", "/v2.1", &[], Value::Null).await;
    let second = app.json("GET", "/v2.1", &[], json!({})).await;
    assert_ne!(first.header("x-openstack-request-id"), second.header("x-openstack-request-id"));
    assert!(app.send("GET", "/", &[], "").await.header("x-openstack-request-id").is_empty());
}
