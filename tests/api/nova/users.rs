//! `user_id`: whose key pairs a request is about.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::{ED25519, fault, imported, names};
use crate::support::TestApp;

fn refused_by(policy: &str) -> String {
    format!("Policy doesn't allow os_compute_api:os-keypairs:{policy} to be performed.")
}

#[actix_web::test]
async fn an_administrator_works_for_anybody() {
    let app = TestApp::spawn().await;
    let user = &app.demo.user_id;
    let body = json!({ "keypair": { "name": "given", "public_key": ED25519, "user_id": user } });
    let made = app.nova(&app.admin, "2.10", "POST", "/os-keypairs", body).await.expect(201);
    assert_eq!(made.body["keypair"]["user_id"], **user);
    app.nova(&app.demo, "2.10", "GET", "/os-keypairs/given", Value::Null).await.expect(200);
    app.nova(&app.admin, "2.10", "GET", "/os-keypairs/given", Value::Null).await.expect(404);
    let path = format!("/os-keypairs?user_id={user}");
    let list = app.nova(&app.admin, "2.10", "GET", &path, Value::Null).await.expect(200);
    assert_eq!(names(&list), ["given"]);
    let path = format!("/os-keypairs/given?user_id={user}");
    app.nova(&app.admin, "2.10", "GET", &path, Value::Null).await.expect(200);
    app.nova(&app.admin, "2.10", "DELETE", &path, Value::Null).await.expect(204);
    let gone = app.nova(&app.admin, "2.10", "GET", &path, Value::Null).await;
    assert_eq!(fault(&gone).2, format!("Keypair given not found for user {user}"));
}

#[actix_web::test]
async fn users_are_not_looked_up() {
    let app = TestApp::spawn().await;
    let body = json!({ "keypair": { "name": "k", "public_key": ED25519, "user_id": "nobody" } });
    app.nova(&app.admin, "2.92", "POST", "/os-keypairs", body).await.expect(201);
}

#[actix_web::test]
async fn others_are_refused_before_it_shows_what_exists() {
    let app = TestApp::spawn().await;
    imported(&app, &app.admin, &["k"]).await;
    let user = &app.admin.user_id;
    for (method, path, policy) in [
        ("GET", format!("/os-keypairs?user_id={user}"), "index"),
        ("GET", format!("/os-keypairs?user_id={user}&marker=none"), "index"),
        ("GET", format!("/os-keypairs/k?user_id={user}"), "show"),
        ("GET", format!("/os-keypairs/none?user_id={user}"), "show"),
        ("DELETE", format!("/os-keypairs/k?user_id={user}"), "delete"),
    ] {
        let refused = app.nova(&app.demo, "2.92", method, &path, Value::Null).await;
        assert_eq!(fault(&refused), ("forbidden", 403, refused_by(policy).as_str()), "{path}");
    }
    let body = json!({ "keypair": { "name": "k", "public_key": "bad", "user_id": user } });
    let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await;
    assert_eq!(fault(&refused), ("forbidden", 403, refused_by("create").as_str()));
}

#[actix_web::test]
async fn oneself_may_be_named_and_an_empty_user_is_oneself() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    let user = &app.demo.user_id;
    for query in [format!("user_id={user}"), "user_id=".to_owned(), format!("user_id={user}&user_id=other")] {
        app.nova(&app.demo, "2.92", "GET", &format!("/os-keypairs/k?{query}"), Value::Null).await.expect(200);
    }
    let body = json!({ "keypair": { "name": "empty", "public_key": ED25519, "user_id": "" } });
    let made = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await.expect(201);
    assert_eq!(made.body["keypair"]["user_id"], **user);
}

#[actix_web::test]
async fn before_2_10_a_user_in_the_query_is_ignored_and_in_the_body_refused() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    app.nova(&app.demo, "2.9", "GET", "/os-keypairs/k?user_id=other", Value::Null).await.expect(200);
    let body = json!({ "keypair": { "name": "x", "public_key": ED25519, "user_id": app.demo.user_id } });
    let refused = app.nova(&app.demo, "2.9", "POST", "/os-keypairs", body).await;
    assert!(fault(&refused).2.ends_with("Additional properties are not allowed ('user_id' was unexpected)"));
}

#[actix_web::test]
async fn every_role_may_change_its_own() {
    let app = TestApp::spawn().await;
    for role in ["reader", "manager"] {
        let user = app.user(role, "demo", Role::parse(role).unwrap()).await;
        imported(&app, &user, &["k"]).await;
        app.nova(&user, "2.92", "DELETE", "/os-keypairs/k", Value::Null).await.expect(204);
    }
}

#[actix_web::test]
async fn a_manager_is_no_administrator() {
    let app = TestApp::spawn().await;
    let manager = app.user("mona", "demo", Role::parse("manager").unwrap()).await;
    let path = format!("/os-keypairs?user_id={}", app.demo.user_id);
    let refused = app.nova(&manager, "2.92", "GET", &path, Value::Null).await;
    assert_eq!(fault(&refused), ("forbidden", 403, refused_by("index").as_str()));
}
