//! What a request with several faults is refused for.

use serde_json::{Value, json};

use super::{ED25519, fault};
use crate::support::{Answer, TestApp, User};

/// Another project than any user's.
const ELSEWHERE: &str = "0123456789abcdef0123456789abcdef";

async fn send(app: &TestApp, user: &User, request: (&str, &str), headers: &[(&str, &str)], body: &str) -> Answer {
    let mut all = vec![("X-Auth-Token", user.token.as_str())];
    all.extend(headers);
    app.send(request.0, &request.1.replace("ELSEWHERE", ELSEWHERE), &all, body).await
}

#[actix_web::test]
async fn size_comes_before_the_token_and_the_token_before_all_else() {
    let app = TestApp::spawn().await;
    let huge = app.send("POST", "/v2.1/os-keypairs", &[], vec![b' '; 114_689]).await;
    assert_eq!(huge.code(), 413);
    assert_eq!(huge.header("Content-Type"), ["text/plain; charset=UTF-8"]);
    for (method, path, body) in [
        ("POST", "/v2.1/os-keypairs", "{bad"),
        ("PUT", "/v2.1/os-keypairs", "{}"),
        ("GET", "/v2.1/nope", ""),
        ("GET", "/v2.1/no_project/os-keypairs", ""),
    ] {
        let answer = app.send(method, path, &[("OpenStack-API-Version", "compute bad")], body).await;
        assert_eq!(answer.code(), 401, "{method} {path}");
    }
}

#[actix_web::test]
async fn the_route_comes_before_the_version() {
    let app = TestApp::spawn().await;
    for request in [
        ("GET", "/v2.1/nope"),
        ("PUT", "/v2.1/os-keypairs"),
        ("PUT", "/v2.1/ELSEWHERE/os-keypairs"),
        ("GET", "/v2.1/ELSEWHERE/nope"),
        ("GET", "/v2.1/os-keypairs/a%2Fb"),
    ] {
        let answer = send(&app, &app.demo, request, &[("OpenStack-API-Version", "compute 2.999")], "").await;
        assert_eq!(answer.code(), 404, "{request:?}");
        assert_eq!(answer.header("Content-Type"), ["text/plain; charset=UTF-8"]);
        assert_eq!(answer.text, "404 Not Found\n\nThe resource could not be found.\n\n   ");
        assert!(answer.header("OpenStack-API-Version").is_empty());
    }
}

#[actix_web::test]
async fn version_then_media_type_then_json_then_project_then_schema() {
    let app = TestApp::spawn().await;
    let elsewhere = ("POST", "/v2.1/ELSEWHERE/os-keypairs");
    let (new, json, xml) = (
        ("OpenStack-API-Version", "compute 2.999"),
        ("Content-Type", "application/json"),
        ("Content-Type", "text/xml"),
    );
    let mismatch = format!(
        "Malformed request URL: URL's project_id '{ELSEWHERE}' doesn't match Context's project_id '{}'",
        app.demo.project_id
    );
    for (headers, body, status, told) in [
        (
            vec![new, xml],
            "{bad",
            406,
            "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.104.",
        ),
        (vec![xml], "{bad", 415, "Unsupported Content-Type"),
        (vec![json], "{bad", 400, "Malformed request body"),
        (vec![json], "{\"nope\": 1}", 400, &mismatch),
    ] {
        let answer = send(&app, &app.demo, elsewhere, &headers, body).await;
        assert_eq!((fault(&answer).1, fault(&answer).2), (status, told));
    }
    for request in [("GET", "/v2.1/ELSEWHERE/os-keypairs?zzz=1"), ("DELETE", "/v2.1/ELSEWHERE/os-keypairs/none")] {
        let answer = send(&app, &app.admin, request, &[("OpenStack-API-Version", "compute 2.92")], "").await;
        assert!(fault(&answer).2.starts_with("Malformed request URL: "), "{request:?}");
    }
}

#[actix_web::test]
async fn the_schema_comes_before_the_policy_and_the_policy_before_the_key() {
    let app = TestApp::spawn().await;
    let other = &app.admin.user_id;
    let name = json!({ "keypair": { "name": "e!", "public_key": ED25519, "user_id": other } });
    let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", name).await;
    assert!(fault(&refused).2.starts_with("Invalid input for field/attribute name. "));
    let key = json!({ "keypair": { "name": "ok", "public_key": "bad", "user_id": other } });
    let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", key).await;
    assert_eq!(fault(&refused).0, "forbidden");
    let path = format!("/os-keypairs?user_id={other}&zzz=1");
    let refused = app.nova(&app.demo, "2.92", "GET", &path, Value::Null).await;
    assert_eq!(fault(&refused).0, "badRequest");
}

#[actix_web::test]
async fn the_project_of_the_token_may_stand_in_the_path() {
    let app = TestApp::spawn().await;
    let list = format!("/{}/os-keypairs", app.demo.project_id);
    app.nova(&app.demo, "2.92", "POST", &list, super::import("k")).await.expect(201);
    app.nova(&app.demo, "2.92", "GET", &list, Value::Null).await.expect(200);
    app.nova(&app.demo, "2.92", "GET", &format!("{list}/k"), Value::Null).await.expect(200);
    app.nova(&app.demo, "2.92", "DELETE", &format!("{list}/k"), Value::Null).await.expect(204);
}

#[actix_web::test]
async fn of_media_types_only_those_of_json_and_plain_text_are_read() {
    let app = TestApp::spawn().await;
    let body = super::import("k").to_string();
    for (media_type, status) in [
        ("application/json", 201),
        ("application/json; charset=latin-1", 409),
        ("application/json;", 409),
        ("application/vnd.openstack.compute+json", 409),
        ("text/plain", 409),
        ("", 409),
        ("APPLICATION/JSON", 415),
        ("text/json", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json, text/plain", 415),
        ("*/*", 415),
        // A Nova answers 500.
        ("multipart/form-data", 415),
    ] {
        let headers = [("OpenStack-API-Version", "compute 2.92"), ("Content-Type", media_type)];
        let answer = send(&app, &app.demo, ("POST", "/v2.1/os-keypairs"), &headers, &body).await;
        assert_eq!(answer.code(), status, "{media_type}");
    }
}
