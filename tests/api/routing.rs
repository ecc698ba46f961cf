//! One listener, several dialects: which of them answers a path.

use serde_json::Value;

use crate::support::{Answer, TestApp};

/// Who answered, by what only they say.
#[derive(Debug, PartialEq, Eq)]
enum By {
    Nova,
    /// Nova's middleware for tokens, or its web framework.
    NovaRoute,
    /// A document of Nova's versions.
    NovaVersions,
    Kps,
    /// Huawei's API gateway.
    Gateway,
    Keystone,
    /// Nobody: empty.
    Options,
}

fn by(answer: &Answer) -> By {
    let body = &answer.body;
    if body["version"]["id"].as_str().is_some_and(|id| id.starts_with("v3")) {
        By::Keystone
    } else if body.get("versions").is_some() || body.get("version").is_some() || body.get("choices").is_some() {
        By::NovaVersions
    } else if body.get("error_code").is_some_and(|code| code.as_str().is_some_and(|code| code.starts_with("APIGW."))) {
        By::Gateway
    } else if body.get("error_code").is_some() || answer.header("X-Request-Id").len() == 1 {
        By::Kps
    } else if !answer.header("OpenStack-API-Version").is_empty() {
        By::Nova
    } else if !answer.header("x-compute-request-id").is_empty() {
        By::NovaRoute
    } else if *body == Value::Null {
        By::Options
    } else {
        By::Keystone
    }
}

#[actix_web::test]
async fn each_path_is_answered_by_its_dialect() {
    let app = TestApp::spawn().await;
    let project = app.demo.project_id.as_str();
    app.nova(&app.demo, "2.92", "POST", "/os-keypairs", crate::nova::import("keypairs")).await.expect(201);
    for (method, path, status, dialect) in [
        ("GET", "/", 200, By::NovaVersions),
        ("GET", "/v2.1", 200, By::NovaVersions),
        ("GET", "/v2.1/", 200, By::NovaVersions),
        ("GET", "/v2.1/PROJECT/", 200, By::NovaVersions),
        ("GET", "/v2", 200, By::NovaVersions),
        ("GET", "/nope", 300, By::NovaVersions),
        ("POST", "/nope", 300, By::NovaVersions),
        ("GET", "/v3", 300, By::NovaVersions),
        // Slashes in a row count as one.
        ("GET", "//", 200, By::NovaVersions),
        ("GET", "/v2.1//", 200, By::NovaVersions),
        ("GET", "/v2.1//os-keypairs///keypairs", 200, By::Nova),
        ("GET", "/v2.1/PROJECT//keypairs", 200, By::Kps),
        ("GET", "/identity//v3", 200, By::Keystone),
        ("GET", "/v2.1/os-keypairs", 200, By::Nova),
        ("GET", "/v2.1/PROJECT/os-keypairs", 200, By::Nova),
        ("GET", "/v2.1/os-keypairs/none", 404, By::Nova),
        ("GET", "/v2.1/abc/os-keypairs", 400, By::Nova),
        // The literal segment wins over a project called like it.
        ("GET", "/v2.1/os-keypairs/keypairs", 200, By::Nova),
        ("GET", "/v2.1/os%2Dkeypairs/keypairs", 200, By::Nova),
        ("GET", "/v2.1/os-keypairs/keypairs/x", 404, By::NovaRoute),
        ("GET", "/v2.1/PROJECT", 404, By::NovaRoute),
        ("GET", "/v2.1/os-keypairs/", 404, By::NovaRoute),
        ("GET", "/v2.1/os-keypairs.json", 404, By::NovaRoute),
        ("GET", "/v2.1/OS-KEYPAIRS", 404, By::NovaRoute),
        ("GET", "/v2.1/a_b/os-keypairs", 404, By::NovaRoute),
        ("GET", "/v2.1/0123456789ABCDEF/os-keypairs", 404, By::NovaRoute),
        ("GET", "/v2.1/os-keypairs/a%2Fb", 404, By::NovaRoute),
        ("GET", "/v2.1/os-keypairs/.", 404, By::NovaRoute),
        ("DELETE", "/v2.1/os-keypairs/..", 404, By::NovaRoute),
        ("HEAD", "/v2.1/os-keypairs", 404, By::NovaRoute),
        ("HEAD", "/v2.1/os-keypairs/keypairs", 404, By::NovaRoute),
        ("PUT", "/v2.1/os-keypairs", 404, By::NovaRoute),
        ("PATCH", "/v2.1/os-keypairs/keypairs", 404, By::NovaRoute),
        ("POST", "/v2.1/os-keypairs/keypairs", 404, By::NovaRoute),
        ("TRACE", "/v2.1/os-keypairs", 404, By::NovaRoute),
        ("FOO", "/v2.1/os-keypairs", 404, By::NovaRoute),
        ("get", "/v2.1/os-keypairs", 404, By::NovaRoute),
        ("GET", "/v2/nope", 404, By::NovaRoute),
        ("GET", "/v2.1/PROJECT/keypairs", 200, By::Kps),
        ("GET", "/v2.1/no_project/keypairs", 400, By::Kps),
        ("GET", "/v2.1/PROJECT/keypairs/a/b", 404, By::Gateway),
        ("GET", "/identity/v3/nope", 404, By::Keystone),
        ("GET", "/identity/v3", 200, By::Keystone),
        ("OPTIONS", "/", 200, By::Options),
        ("OPTIONS", "/v2.1/os-keypairs", 200, By::Options),
        ("OPTIONS", "/v2.1/PROJECT/keypairs", 200, By::Options),
        ("OPTIONS", "/identity/v3/auth/tokens", 200, By::Options),
        ("OPTIONS", "/nope", 200, By::Options),
    ] {
        let headers = [("X-Auth-Token", app.demo.token.as_str())];
        let answer = app.send(method, &path.replace("PROJECT", project), &headers, "").await;
        assert_eq!((answer.code(), by(&answer)), (status, dialect), "{method} {path}: {}", answer.text);
    }
}

#[actix_web::test]
async fn a_request_of_options_needs_no_token_and_gets_nothing() {
    let app = TestApp::spawn().await;
    let headers = [("Origin", "http://x.example"), ("Access-Control-Request-Method", "GET")];
    let answer = app.send("OPTIONS", "/v2.1/os-keypairs", &headers, "").await.expect(200);
    assert_eq!(answer.text, "");
    assert!(answer.header("Access-Control-Allow-Origin").is_empty());
}
