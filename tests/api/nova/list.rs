//! GET /os-keypairs

use serde_json::{Value, json};

use super::{ED25519, ED25519_MD5, fault, imported, names};
use crate::support::{Answer, TestApp};

async fn list(app: &TestApp, version: &str, query: &str) -> Answer {
    app.nova(&app.demo, version, "GET", &format!("/os-keypairs{query}"), Value::Null).await
}

fn next(list: &Answer) -> Option<&str> {
    let links = list.body.get("keypairs_links")?;
    assert_eq!(links[0]["rel"], "next");
    links[0]["href"].as_str()
}

#[actix_web::test]
async fn each_item_is_wrapped_once_more_and_has_no_user() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    let item = json!({ "name": "k", "public_key": ED25519, "fingerprint": ED25519_MD5 });
    let mut typed = item.clone();
    typed["type"] = json!("ssh");
    for (version, item) in [("2.1", &item), ("2.2", &typed), ("2.104", &typed)] {
        let answer = list(&app, version, "").await.expect(200);
        assert_eq!(answer.body, json!({ "keypairs": [{ "keypair": item }] }));
        assert_eq!(answer.header("Content-Type"), ["application/json"]);
    }
    let of_nobody = app.nova(&app.admin, "2.92", "GET", "/os-keypairs", Value::Null).await.expect(200);
    assert_eq!(of_nobody.body, json!({ "keypairs": [] }));
}

#[actix_web::test]
async fn a_list_is_in_the_order_of_bytes() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["b", "_", "B", "a", "1", "A"]).await;
    assert_eq!(names(&list(&app, "2.1", "").await), ["1", "A", "B", "_", "a", "b"]);
}

#[actix_web::test]
async fn a_full_page_links_to_the_next_even_if_that_is_empty() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a", "b c", "d", "e"]).await;
    let root = format!("http://{}/v2.1/os-keypairs", app.address);
    let first = list(&app, "2.35", "?limit=2").await.expect(200);
    assert_eq!(names(&first), ["a", "b c"]);
    assert_eq!(next(&first).unwrap(), format!("{root}?limit=2&marker=b+c"));
    let second = list(&app, "2.35", "?limit=2&marker=b+c").await.expect(200);
    assert_eq!(names(&second), ["d", "e"]);
    assert_eq!(next(&second).unwrap(), format!("{root}?limit=2&marker=e"));
    let last = list(&app, "2.35", "?limit=2&marker=e").await.expect(200);
    assert_eq!(last.body, json!({ "keypairs": [] }));
}

#[actix_web::test]
async fn a_link_has_the_project_and_the_user_of_its_request() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a", "b"]).await;
    let (project, user) = (&app.demo.project_id, &app.demo.user_id);
    let path = format!("/{project}/os-keypairs?user_id={user}&limit=1&zzz=1");
    let page = app.nova(&app.demo, "2.35", "GET", &path, Value::Null).await.expect(200);
    let expected = format!("http://{}/v2.1/{project}/os-keypairs?limit=1&user_id={user}&marker=a", app.address);
    assert_eq!(next(&page).unwrap(), expected);
}

#[actix_web::test]
async fn there_is_no_link_without_a_full_page() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a", "b"]).await;
    for query in ["", "?limit=3", "?limit=0", "?marker=a", "?limit=5000"] {
        let page = list(&app, "2.35", query).await.expect(200);
        assert!(next(&page).is_none(), "{query}");
        assert_eq!(names(&page).is_empty(), query == "?limit=0", "{query}");
    }
}

#[actix_web::test]
async fn before_2_35_there_are_no_pages() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a", "b"]).await;
    for query in ["?limit=1", "?limit=x", "?marker=none", "?limit=1&marker=a"] {
        let all = list(&app, "2.34", query).await.expect(200);
        assert_eq!(names(&all), ["a", "b"], "{query}");
        assert!(next(&all).is_none());
    }
}

#[actix_web::test]
async fn a_marker_must_be_a_name_that_the_caller_sees() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a"]).await;
    imported(&app, &app.admin, &["other"]).await;
    for (marker, shown) in [("none", "none"), ("", ""), ("other", "other"), ("a%00b", "a\0b")] {
        let refused = list(&app, "2.35", &format!("?marker={marker}")).await;
        let told = format!("Marker {shown} could not be found.");
        assert_eq!(fault(&refused), ("badRequest", 400, told.as_str()));
    }
}

#[actix_web::test]
async fn each_version_has_its_query_rules() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a", "b"]).await;
    let limit = "Invalid input for query parameters limit. Value: ";
    for (version, query, told) in [
        ("2.35", "?limit=-1", format!("{limit}-1. '-1' does not match '^[0-9]*$'")),
        ("2.35", "?limit=1.5", format!("{limit}1.5. '1.5' does not match '^[0-9]*$'")),
        ("2.35", "?limit=+2", format!("{limit} 2. ' 2' does not match '^[0-9]*$'")),
        ("2.35", "?limit=1&limit=x", format!("{limit}x. 'x' does not match '^[0-9]*$'")),
        ("2.35", "?limit=", format!("{limit}. '' should be non-empty")),
        ("2.75", "?zzz=1&aaa", "Additional properties are not allowed ('aaa', 'zzz' were unexpected)".to_owned()),
        ("2.75", "?zzz", "Additional properties are not allowed ('zzz' was unexpected)".to_owned()),
        ("2.1", "?zzz=%ff", "Query string is not UTF-8 encoded".to_owned()),
    ] {
        let refused = list(&app, version, query).await;
        assert_eq!(fault(&refused), ("badRequest", 400, told.as_str()), "{query}");
    }
    for (version, query, listed) in [
        ("2.74", "?zzz=1", 2),
        ("2.104", "?limit=1;marker=a", 1),
        ("2.104", "?limit=1&limit=2", 2),
        ("2.104", "?limit=001", 1),
    ] {
        assert_eq!(names(&list(&app, version, query).await.expect(200)).len(), listed, "{query}");
    }
}

#[actix_web::test]
async fn show_and_delete_know_no_pages() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["a"]).await;
    for method in ["GET", "DELETE"] {
        let refused = app.nova(&app.demo, "2.75", method, "/os-keypairs/a?limit=1", Value::Null).await;
        let told = "Additional properties are not allowed ('limit' was unexpected)";
        assert_eq!(fault(&refused), ("badRequest", 400, told));
    }
    app.nova(&app.demo, "2.74", "GET", "/os-keypairs/a?limit=x", Value::Null).await.expect(200);
}
