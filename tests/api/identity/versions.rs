//! The version documents, and what there is not.

use serde_json::{Value, json};

use super::assert_error;
use crate::support::TestApp;

#[actix_web::test]
async fn the_version_documents_need_no_token_and_point_to_themselves() {
    let app = TestApp::spawn().await;
    let own = format!("http://{}/identity/v3/", app.address);
    let version = json!({
        "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
        "links": [{ "rel": "self", "href": own }],
        "media-types": [{ "base": "application/json", "type": "application/vnd.openstack.identity-v3+json" }],
    });
    for path in ["/identity", "/identity/"] {
        let answer = app.json("GET", path, &[], Value::Null).await.expect(300);
        assert_eq!(answer.body, json!({ "versions": { "values": [version] } }));
        assert_eq!(answer.header("Location"), [own.as_str()]);
    }
    for path in ["/identity/v3", "/identity/v3/"] {
        let answer = app.json("GET", path, &[], Value::Null).await.expect(200);
        assert_eq!(answer.body, json!({ "version": version }));
        assert_eq!(answer.header("Vary"), ["X-Auth-Token"]);
    }
    app.json("HEAD", "/identity/v3", &[], Value::Null).await.expect(200);
    let answer = app.json("DELETE", "/identity/v3", &[], Value::Null).await.expect(405);
    assert_eq!(answer.header("Allow"), ["GET, HEAD, OPTIONS"]);
}

#[actix_web::test]
async fn unknown_paths_are_not_found_in_keystones_words_with_and_without_a_token() {
    let app = TestApp::spawn().await;
    let paths = ["/identity/v2.0", "/identity/v3/nothing", "/identity/v3/auth", "/identity/v3/auth/x", "/identity/v4/"];
    for path in paths {
        for headers in [&[][..], &[("X-Auth-Token", app.demo.token.as_str())]] {
            let answer = app.json("GET", path, headers, Value::Null).await;
            assert_error(&answer, 404, "Not Found", "The resource could not be found.");
        }
    }
}
