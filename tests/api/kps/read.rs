//! GET: list and show.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::{import, refusal, store_project_pair};
use crate::support::TestApp;

#[actix_web::test]
async fn a_key_pair_is_shown_with_the_types_of_the_documented_example() {
    let app = TestApp::spawn().await;
    let made = app.kps(&app.demo, "POST", "", import("web")).await.expect(200).body["keypair"].clone();
    let shown = app.kps(&app.demo, "GET", "/web", Value::Null).await.expect(200).body["keypair"].clone();
    let id = shown["id"].as_i64().unwrap();
    let created_at = shown["created_at"].as_str().unwrap();
    let form: String = created_at.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00.000000");
    assert_eq!(
        shown,
        json!({
            "name": "web",
            "public_key": made["public_key"],
            "fingerprint": made["fingerprint"],
            "user_id": app.demo.user_id,
            "id": id,
            "created_at": created_at,
            "updated_at": null,
            "deleted": false,
            "deleted_at": null,
            "is_key_protection": false,
            "description": "",
        })
    );
    assert!((0..=i64::from(i32::MAX)).contains(&id), "clients decode an int");
}

#[actix_web::test]
async fn the_list_has_the_callers_own_and_the_projects_in_the_order_of_their_names() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    app.kps(&bob, "POST", "", import("bobs")).await.expect(200);
    let made = app.kps(&app.demo, "POST", "", import("web")).await.expect(200).body["keypair"].clone();
    let kept = json!({ "keypair": { "name": "Kept", "key_protection": "default" } });
    app.kps(&app.demo, "POST", "", kept).await.expect(200);
    store_project_pair(&app, &app.demo, "shared").await;

    let listed = app.kps(&app.demo, "GET", "", Value::Null).await.expect(200);
    let pairs: Vec<_> = listed.body["keypairs"].as_array().unwrap().iter().map(|item| &item["keypair"]).collect();
    let names: Vec<_> = pairs.iter().map(|pair| (pair["name"].as_str().unwrap(), &pair["is_key_protection"])).collect();
    assert_eq!(names, [("Kept", &json!(true)), ("shared", &json!(false)), ("web", &json!(false))]);
    assert_eq!(
        *pairs[2],
        json!({
            "name": "web",
            "public_key": made["public_key"],
            "fingerprint": made["fingerprint"],
            "is_key_protection": false,
        })
    );
}

#[actix_web::test]
async fn the_list_is_whole_even_where_novas_ends_its_page() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1100")]).await;
    for number in 0..1001 {
        store_project_pair(&app, &app.demo, &format!("pair{number}")).await;
    }
    let listed = app.kps(&app.demo, "GET", "", Value::Null).await.expect(200);
    assert_eq!(listed.body["keypairs"].as_array().unwrap().len(), 1001);
}

#[actix_web::test]
async fn another_users_key_pair_is_answered_as_a_missing_one() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    app.kps(&bob, "POST", "", import("web")).await.expect(200);
    for method in ["GET", "DELETE"] {
        let refused = app.kps(&app.demo, method, "/web", Value::Null).await;
        assert_eq!(refusal(&refused), (404, "KPS.4016", "key pair 'web' does not exist"), "{method}");
    }
    app.kps(&bob, "GET", "/web", Value::Null).await.expect(200);
}

#[actix_web::test]
async fn a_name_that_only_nova_gives_can_be_shown_and_deleted() {
    let app = TestApp::spawn().await;
    let mut body = import("my key");
    body["keypair"]["name"] = json!("my key");
    app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body).await.expect(200);
    let shown = app.kps(&app.demo, "GET", "/my%20key", Value::Null).await.expect(200);
    assert_eq!(shown.body["keypair"]["name"], json!("my key"));
    app.kps(&app.demo, "DELETE", "/my%20key", Value::Null).await.expect(202);
}

#[actix_web::test]
async fn what_can_be_no_name_is_a_bad_request() {
    let app = TestApp::spawn().await;
    for name in ["a".repeat(256), "a%00b".to_owned()] {
        let refused = app.kps(&app.demo, "GET", &format!("/{name}"), Value::Null).await;
        assert_eq!(refusal(&refused), (400, "KPS.0002", "keypair_name: cannot be the name of a key pair"));
    }
}

#[actix_web::test]
async fn no_read_answers_a_private_key() {
    let app = TestApp::spawn().await;
    app.kps(&app.demo, "POST", "", json!({ "keypair": { "name": "kept", "key_protection": "default" } }))
        .await
        .expect(200);
    for path in ["", "/kept"] {
        let read = app.kps(&app.demo, "GET", path, Value::Null).await.expect(200);
        assert!(!read.text.contains("private_key") && !read.text.contains("PRIVATE"), "{}", read.text);
    }
}
