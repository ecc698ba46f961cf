//! `GET`, `HEAD` and `DELETE /identity/v3/auth/tokens`, and how long a token is good for.

use std::time::{Duration, Instant};

use keypaird::auth::{Password, UserChanges};
use keypaird::domain::{Role, SecretText, Timestamp};
use serde_json::{Value, json};

use super::{TOKENS, assert_error, assert_unauthenticated, by_password, check, get, token_of};
use crate::support::{TestApp, User};

/// A moment more than what anything about a caller may be remembered for.
const REMEMBERED: Duration = Duration::from_millis(5500);

#[actix_web::test]
async fn a_token_tells_what_it_stands_for() {
    let app = TestApp::spawn().await;
    let shown = check(&app, "GET", &app.demo.token, &app.demo.token).await.expect(200);
    assert_eq!(shown.header("X-Subject-Token"), [app.demo.token.as_str()]);
    assert_eq!(shown.header("Cache-Control"), ["no-store"]);
    assert_eq!(shown.body["token"]["user"]["name"], "ann");
    assert_eq!(shown.body["token"]["project"]["name"], "demo");
    assert!(shown.body["token"]["catalog"].is_array());
    let without = format!("{TOKENS}?nocatalog");
    let headers = [("X-Auth-Token", app.demo.token.as_str()), ("X-Subject-Token", &app.demo.token)];
    let shown = app.json("GET", &without, &headers, Value::Null).await.expect(200);
    assert!(shown.body["token"].get("catalog").is_none());
    let head = check(&app, "HEAD", &app.demo.token, &app.demo.token).await.expect(200);
    assert_eq!((head.text.as_str(), head.header("X-Subject-Token").len()), ("", 1));
}

#[actix_web::test]
async fn others_tokens_are_for_administrators_and_services() {
    let app = TestApp::spawn().await;
    let ben = app.user("ben", "demo", Role::MANAGER).await;
    let nova = app.user("nova", "services", Role::SERVICE).await;
    for (who, token, method, status) in [
        ("another user", &ben.token, "GET", 403),
        ("another user", &ben.token, "HEAD", 403),
        ("another user", &ben.token, "DELETE", 403),
        ("a service", &nova.token, "GET", 200),
        ("a service", &nova.token, "DELETE", 403),
        ("an administrator", &app.admin.token, "GET", 200),
        ("an administrator", &app.admin.token, "DELETE", 204),
        ("an administrator, when it has ended", &app.admin.token, "GET", 404),
    ] {
        let answer = check(&app, method, token, &app.demo.token).await;
        assert_eq!(answer.code(), status, "{who} {method}: {}", answer.text);
    }
    let refused = check(&app, "GET", &ben.token, &app.admin.token).await;
    let message = "You are not authorized to perform the requested action: identity:validate_token.";
    assert_error(&refused, 403, "Forbidden", message);
}

#[actix_web::test]
async fn what_is_no_token_is_refused_or_not_found() {
    let app = TestApp::spawn().await;
    for method in ["GET", "HEAD", "DELETE"] {
        let own = app.demo.token.as_str();
        check(&app, method, "", own).await.expect(401);
        check(&app, method, "gAAAAA", own).await.expect(401);
        check(&app, method, own, "gAAAAA").await.expect(404);
        app.json(method, TOKENS, &[("X-Auth-Token", own)], Value::Null).await.expect(404);
        app.json(method, TOKENS, &[("X-Subject-Token", own)], Value::Null).await.expect(401);
    }
    assert_unauthenticated(&app, &app.json("GET", TOKENS, &[], Value::Null).await);
    let unknown = check(&app, "GET", &app.demo.token, "gAAAAA").await;
    assert_error(&unknown, 404, "Not Found", "Could not find token.");
}

#[actix_web::test]
async fn other_methods_are_told_which_there_are() {
    let app = TestApp::spawn().await;
    let answer = app.json("PUT", TOKENS, &[], json!({})).await;
    assert_error(&answer, 405, "Method Not Allowed", "The method is not allowed for the requested URL.");
    assert_eq!(answer.header("Allow"), ["GET, HEAD, DELETE, OPTIONS, POST"]);
}

#[actix_web::test]
async fn a_token_that_was_ended_is_refused_at_once() {
    let app = TestApp::spawn().await;
    get(&app, &app.demo.token, "/identity/v3/auth/projects").await.expect(200);
    check(&app, "DELETE", &app.demo.token, &app.demo.token).await.expect(204);
    get(&app, &app.demo.token, "/identity/v3/auth/projects").await.expect(401);
}

#[actix_web::test]
async fn a_token_is_refused_when_its_time_is_over_though_it_is_remembered() {
    let app = TestApp::spawn_with(&[("identity.token_lifetime_seconds", "2")]).await;
    let token = token_of(&app, by_password("ann", Value::Null)).await;
    get(&app, &token, "/identity/v3/auth/projects").await.expect(200);
    actix_web::rt::time::sleep(Duration::from_millis(1000)).await;
    get(&app, &token, "/identity/v3/auth/projects").await;
    actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
    assert_unauthenticated(&app, &get(&app, &token, "/identity/v3/auth/projects").await);
    assert!(app.identity.purge_expired().await.unwrap() >= 1);
    assert_eq!(app.store.tokens_purge(Timestamp::now()).await.unwrap(), 0);
}

/// Uses the token until it is refused; how long that took since `changed`.
async fn refused_after(app: &TestApp, user: &User, changed: Instant) -> Duration {
    while changed.elapsed() < REMEMBERED * 2 {
        if get(app, &user.token, "/identity/v3/auth/projects").await.code() == 401 {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    changed.elapsed()
}

// `app.identity` is not the server's own: what these tests change, another process has changed.

#[actix_web::test]
async fn a_user_disabled_by_another_process_is_refused_within_five_seconds() {
    let app = TestApp::spawn().await;
    get(&app, &app.demo.token, "/identity/v3/auth/projects").await.expect(200);
    let ann = app.identity.user_named("ann").await.unwrap().unwrap();
    app.identity.user_change(ann, UserChanges { enabled: Some(false), password: None }).await.unwrap();
    assert!(refused_after(&app, &app.demo, Instant::now()).await < REMEMBERED);
}

#[actix_web::test]
async fn a_changed_password_ends_all_tokens_within_five_seconds() {
    let app = TestApp::spawn().await;
    get(&app, &app.demo.token, "/identity/v3/auth/projects").await.expect(200);
    let ann = app.identity.user_named("ann").await.unwrap().unwrap();
    let password = Password::parse(SecretText::new("another password".to_owned())).unwrap();
    app.identity.user_change(ann, UserChanges { enabled: None, password: Some(password) }).await.unwrap();
    assert!(refused_after(&app, &app.demo, Instant::now()).await < REMEMBERED);
}

#[actix_web::test]
async fn a_project_disabled_by_another_process_is_refused_within_five_seconds() {
    let app = TestApp::spawn().await;
    get(&app, &app.demo.token, "/identity/v3/auth/projects").await.expect(200);
    let mut demo = app.identity.project_named("demo").await.unwrap().unwrap();
    demo.enabled = false;
    app.identity.project_change(demo).await.unwrap();
    assert!(refused_after(&app, &app.demo, Instant::now()).await < REMEMBERED);
}

#[actix_web::test]
async fn a_role_taken_by_another_process_is_gone_within_five_seconds() {
    let app = TestApp::spawn().await;
    get(&app, &app.demo.token, "/identity/v3/auth/projects").await.expect(200);
    let ann = app.identity.user_named("ann").await.unwrap().unwrap();
    for grant in app.identity.grants_of(&ann.id).await.unwrap() {
        assert!(app.identity.role_remove(&grant).await.unwrap());
    }
    assert!(refused_after(&app, &app.demo, Instant::now()).await < REMEMBERED);
}
