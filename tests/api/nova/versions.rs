//! The version documents.

use serde_json::{Value, json};

use super::fault;
use crate::support::TestApp;

fn media_type(version: &str) -> Value {
    json!([{ "base": "application/json", "type": format!("application/vnd.openstack.compute+json;version={version}") }])
}

#[actix_web::test]
async fn the_root_lists_both_versions_to_anybody_by_any_method() {
    let app = TestApp::spawn().await;
    let link = |version: &str| json!([{ "rel": "self", "href": format!("http://{}/{version}/", app.address) }]);
    let expected = json!({ "versions": [
        { "id": "v2.0", "status": "DEPRECATED", "version": "", "min_version": "",
          "updated": "2025-07-04T12:00:00Z", "links": link("v2") },
        { "id": "v2.1", "status": "CURRENT", "version": "2.104", "min_version": "2.1",
          "updated": "2013-07-23T11:33:21Z", "links": link("v2.1") },
    ]});
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        let answer = app.send(method, "/?empty", &[("OpenStack-API-Version", "compute bad")], "").await.expect(200);
        assert_eq!(answer.body, expected);
        assert_eq!(answer.header("Content-Type"), ["application/json"]);
        assert!(answer.header("OpenStack-API-Version").is_empty());
    }
    let head = app.send("HEAD", "/", &[], "").await.expect(200);
    assert_eq!(head.text, "");
}

#[actix_web::test]
async fn the_current_version_obeys_the_version_headers() {
    let app = TestApp::spawn().await;
    for path in ["/v2.1", "/v2.1/", "/v2.1?a=b"] {
        let answer = app.send("GET", path, &[("OpenStack-API-Version", "compute 2.92")], "").await.expect(200);
        assert_eq!(answer.header("OpenStack-API-Version"), ["compute 2.92"]);
        let version = &answer.body["version"];
        assert_eq!((&version["id"], &version["version"]), (&json!("v2.1"), &json!("2.104")));
        assert_eq!(version["media-types"], media_type("2.1"));
        assert_eq!(version["links"][0]["href"], format!("http://{}/v2.1/", app.address));
        assert_eq!(version["links"][1]["rel"], "describedby");
    }
    for (asked, status) in [("2.105", 406), ("2.0", 406), ("bad", 400)] {
        let version = format!("compute {asked}");
        let answer = app.send("GET", "/v2.1/", &[("OpenStack-API-Version", &version)], "").await;
        assert_eq!(fault(&answer).1, status, "{asked}");
    }
}

#[actix_web::test]
async fn the_root_shows_the_current_version_to_whom_asks_for_its_media_type() {
    let app = TestApp::spawn().await;
    let headers = [("Accept", "application/vnd.openstack.compute+json;version=2.1")];
    let answer = app.send("GET", "/", &headers, "").await.expect(200);
    assert_eq!(answer.body["version"]["id"], "v2.1");
    assert_eq!(answer.header("Content-Type"), ["application/vnd.openstack.compute+json"]);
    assert_eq!(answer.header("OpenStack-API-Version"), ["compute 2.1"]);
    for accept in ["application/xml", "text/html", "garbage", ""] {
        let answer = app.send("GET", "/v2.1/", &[("Accept", accept)], "").await.expect(200);
        assert_eq!(answer.header("Content-Type"), ["application/json"], "{accept}");
    }
}

#[actix_web::test]
async fn the_frozen_version_has_no_version_headers() {
    let app = TestApp::spawn().await;
    for path in ["/v2", "/v2/"] {
        let answer = app.send("GET", path, &[("OpenStack-API-Version", "compute bad")], "").await.expect(200);
        assert_eq!(answer.body["version"]["id"], "v2.0");
        assert_eq!(answer.body["version"]["media-types"], media_type("2"));
        assert!(answer.header("OpenStack-API-Version").is_empty());
    }
}

#[actix_web::test]
async fn a_projects_document_needs_a_token_and_the_final_slash() {
    let app = TestApp::spawn().await;
    let path = format!("/{}/", app.demo.project_id);
    let answer = app.nova(&app.demo, "2.92", "GET", &path, Value::Null).await.expect(200);
    assert_eq!(answer.body["version"]["id"], "v2.1");
    app.nova(&app.demo, "2.92", "GET", path.trim_end_matches('/'), Value::Null).await.expect(404);
    app.nova(&app.admin, "2.92", "GET", &path, Value::Null).await.expect(400);
    app.send("GET", &format!("/v2.1{path}"), &[], "").await.expect(401);
}

#[actix_web::test]
async fn any_other_path_is_300_and_two_choices() {
    let app = TestApp::spawn().await;
    for path in ["/nope", "/v3", "/v1.1", "/v2.1.json", "/etc/passwd"] {
        let answer = app.send("GET", path, &[], "").await.expect(300);
        let choices = &answer.body["choices"];
        let choice = |id: &str, prefix: &str, status: &str| {
            let href = format!("http://{}{prefix}{path}", app.address);
            let version = prefix.trim_start_matches("/v");
            json!({ "id": id, "status": status, "links": [{ "rel": "self", "href": href }],
                    "media-types": media_type(version) })
        };
        assert_eq!(*choices, json!([choice("v2.0", "/v2", "DEPRECATED"), choice("v2.1", "/v2.1", "CURRENT")]));
    }
}

#[actix_web::test]
async fn links_begin_with_the_public_url_where_it_is_set() {
    let app = TestApp::spawn_with(&[("http.public_url", "https://keys.example")]).await;
    let answer = app.send("GET", "/v2.1", &[], "").await.expect(200);
    assert_eq!(answer.body["version"]["links"][0]["href"], "https://keys.example/v2.1/");
}
