//! `extensions`: nothing of it was recorded; the shape, the aliases and the names are those of Nova 34's source.

use openssl::sha::sha256;
use serde_json::{Value, json};

use super::fault;
use crate::support::{Answer, TestApp};

/// The SHA-256 of Nova's list, each extension as a line `alias name`.
const NOVAS: &str = "72d0a3acf8ac7d4f9aaabff4e4132763bf36275ec7fd0bca6098dbff8d106950";
/// The same of the frozen API's list.
const NOVAS_FROZEN: &str = "d93c51d2b6dc5f1d86d007e966369c993aaf9a55db4935688f22a949aada5e0e";

/// How many extensions there are, and the SHA-256 of their lines.
#[track_caller]
fn listed(answer: Answer) -> (usize, String) {
    let list = answer.expect(200).body["extensions"].as_array().unwrap().clone();
    let text = |extension: &Value, member: &str| extension[member].as_str().unwrap().to_owned();
    let lines = list.iter().map(|each| format!("{} {}\n", text(each, "alias"), text(each, "name")));
    (list.len(), hex::encode(sha256(lines.collect::<String>().as_bytes())))
}

async fn frozen(app: &TestApp, path: &str) -> Answer {
    app.send("GET", &format!("/v2{path}"), &[("X-Auth-Token", &app.demo.token)], "").await
}

#[actix_web::test]
async fn they_are_novas_in_its_order() {
    let app = TestApp::spawn().await;
    for path in ["/extensions".to_owned(), format!("/{}/extensions", app.demo.project_id)] {
        for version in ["2.1", "2.104"] {
            let list = app.nova(&app.demo, version, "GET", &path, Value::Null).await;
            assert_eq!(listed(list), (99, NOVAS.to_owned()), "{path} at {version}");
        }
        assert_eq!(listed(frozen(&app, &path).await), (100, NOVAS_FROZEN.to_owned()), "{path} below /v2");
    }
}

#[actix_web::test]
async fn each_has_the_members_that_clients_require() {
    let app = TestApp::spawn().await;
    let list = app.nova(&app.demo, "2.1", "GET", "/extensions", Value::Null).await.expect(200);
    for extension in list.body["extensions"].as_array().unwrap() {
        let alias = extension["alias"].as_str().unwrap();
        let shown = app.nova(&app.demo, "2.1", "GET", &format!("/extensions/{alias}"), Value::Null).await.expect(200);
        assert_eq!(shown.body, json!({ "extension": extension }));
        let description = extension["description"].as_str().unwrap();
        assert!(description.len() > 10 && description.ends_with('.'), "{alias}: {description}");
        let same = json!({ "alias": alias, "name": extension["name"], "description": description, "links": [],
            "namespace": "http://docs.openstack.org/compute/ext/fake_xml", "updated": "2014-12-03T00:00:00Z" });
        assert_eq!(*extension, same);
    }
}

#[actix_web::test]
async fn one_that_is_not_there_is_not_found() {
    let app = TestApp::spawn().await;
    for alias in ["nope", "OS-KEYPAIRS", "OS-EXT-VIF-NET"] {
        let missing = app.nova(&app.demo, "2.92", "GET", &format!("/extensions/{alias}"), Value::Null).await;
        assert_eq!(fault(&missing), ("itemNotFound", 404, "The resource could not be found."), "{alias}");
    }
    frozen(&app, "/extensions/nope").await.expect(404);
    frozen(&app, "/extensions/OS-EXT-VIF-NET").await.expect(200);
    app.send("GET", "/v2.1/extensions", &[], "").await.expect(401);
    app.nova(&app.demo, "2.92", "POST", "/extensions", Value::Null).await.expect(404);
}

#[actix_web::test]
async fn unknown_parameters_are_refused_from_2_102_on() {
    let app = TestApp::spawn().await;
    for path in ["/extensions?x=1", "/extensions/os-keypairs?x=1"] {
        app.nova(&app.demo, "2.101", "GET", path, Value::Null).await.expect(200);
        frozen(&app, path).await.expect(200);
        let refused = app.nova(&app.demo, "2.102", "GET", path, Value::Null).await;
        let told = "Additional properties are not allowed ('x' was unexpected)";
        assert_eq!(fault(&refused), ("badRequest", 400, told), "{path}");
    }
}
