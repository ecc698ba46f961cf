//! `POST /identity/v3/auth/tokens`

use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use keypaird::auth::UserChanges;
use keypaird::domain::{Grant, GrantTarget, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{TOKENS, assert_error, assert_unauthenticated, by_password, by_token, log_in, scoped, token_of};
use crate::support::TestApp;

/// One case of `logins.json`: a body as it is sent, and what comes back.
#[derive(Deserialize)]
struct Case {
    what: String,
    body: Value,
    status: u16,
    message: Option<String>,
}

#[actix_web::test]
async fn every_form_of_a_login_has_its_status_and_message() {
    let app = TestApp::spawn().await;
    let cases = include_str!("logins.json").replace("$PASSWORD", TestApp::PASSWORD).replace("$USER", &app.demo.user_id);
    let cases: Vec<Case> = serde_json::from_str(&cases.replace("$PROJECT", &app.demo.project_id)).unwrap();
    for Case { what, body, status, message } in cases {
        let answer = log_in(&app, body).await;
        assert_eq!(answer.code(), status, "{what}: {}", answer.text);
        assert_eq!(answer.body["error"]["message"].as_str(), message.as_deref(), "{what}");
    }
}

#[actix_web::test]
async fn a_project_token_has_all_that_clients_decode() {
    let app = TestApp::spawn_with(&[("http.public_url", "https://keys.example")]).await;
    let scope = json!({ "project": { "id": app.demo.project_id } });
    let answer = log_in(&app, by_password("ann", scope)).await.expect(201);
    let token = &answer.body["token"];
    assert_eq!(token["methods"], json!(["password"]));
    let domain = json!({ "id": "default", "name": "Default" });
    let user = json!({ "id": app.demo.user_id, "name": "ann", "domain": domain, "password_expires_at": null });
    assert_eq!(token["user"], user);
    assert_eq!(token["project"], json!({ "id": app.demo.project_id, "name": "demo", "domain": domain }));
    assert_eq!(token["is_domain"], json!(false));
    let roles = json!([{ "id": "member", "name": "member" }, { "id": "reader", "name": "reader" }]);
    assert_eq!(token["roles"], roles);
    let endpoints = |service: &str, url: &str| -> Vec<Value> {
        let endpoint = |interface: &&str| {
            json!({ "id": format!("{service}-{interface}"), "interface": interface,
            "region": "RegionOne", "region_id": "RegionOne", "url": url })
        };
        ["public", "internal", "admin"].iter().map(endpoint).collect()
    };
    let catalog = json!([
        { "id": "nova", "name": "nova", "type": "compute", "endpoints": endpoints("nova", "https://keys.example/v2.1") },
        { "id": "keystone", "name": "keystone", "type": "identity",
            "endpoints": endpoints("keystone", "https://keys.example/identity/v3") },
    ]);
    assert_eq!(token["catalog"], catalog);
    assert_eq!(token["audit_ids"].as_array().unwrap().len(), 1);
    assert!(answer.header("X-Subject-Token")[0].starts_with("kpd_"));
    assert_eq!(answer.header("Vary"), ["X-Auth-Token"]);
    assert_eq!(answer.header("Cache-Control"), ["no-store"]);
    assert_eq!(answer.header("Content-Type"), ["application/json"]);
}

#[actix_web::test]
async fn a_token_lives_as_long_as_the_settings_say_in_utc_with_microseconds() {
    let app = TestApp::spawn_with(&[("identity.token_lifetime_seconds", "1234")]).await;
    let answer = log_in(&app, by_password("ann", Value::Null)).await.expect(201);
    let moment = |name: &str| {
        let written = answer.body["token"][name].as_str().unwrap();
        assert!(written.len() == 27 && written.ends_with('Z'), "{written}");
        OffsetDateTime::parse(written, &Rfc3339).unwrap()
    };
    assert_eq!(moment("expires_at") - moment("issued_at"), Duration::from_secs(1234));
    assert!((OffsetDateTime::from(SystemTime::now()) - moment("issued_at")).abs() < Duration::from_secs(60));
}

#[actix_web::test]
async fn each_scope_has_its_own_members() {
    let app = TestApp::spawn().await;
    let members = |answer: &Value| -> Vec<String> {
        let token = answer["token"].as_object().unwrap();
        let of_scope = ["project", "is_domain", "domain", "system", "roles", "catalog"];
        of_scope.iter().filter(|name| token.contains_key(**name)).map(|name| (*name).to_owned()).collect()
    };
    let cases = [
        (Value::Null, vec![]),
        (json!({ "unscoped": {} }), vec![]),
        (json!({ "domain": { "name": "Default" } }), vec!["domain", "roles", "catalog"]),
        (json!({ "system": { "all": true } }), vec!["system", "roles", "catalog"]),
        (
            json!({ "project": { "name": "admin", "domain": { "id": "default" } } }),
            vec!["project", "is_domain", "roles", "catalog"],
        ),
    ];
    for (scope, expected) in cases {
        let answer = log_in(&app, by_password("admin", scope.clone())).await.expect(201);
        assert_eq!(members(&answer.body), expected, "{scope}");
        if scope != Value::Null && !expected.is_empty() {
            let roles: Vec<&str> =
                answer.body["token"]["roles"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
            assert_eq!(roles, ["admin", "manager", "member", "reader"]);
        }
    }
}

#[actix_web::test]
async fn nocatalog_leaves_the_catalog_out() {
    let app = TestApp::spawn().await;
    let login = by_password("ann", json!({ "project": { "id": app.demo.project_id } }));
    let answer = app.json("POST", &format!("{TOKENS}?nocatalog"), &[], login).await.expect(201);
    assert!(answer.body["token"].get("catalog").is_none());
    assert!(answer.body["token"].get("roles").is_some());
}

#[actix_web::test]
async fn unknown_disabled_and_mistaken_users_and_scopes_without_a_role_get_the_same_answer() {
    let app = TestApp::spawn().await;
    app.user("off", "demo", Role::MEMBER).await;
    let off = app.identity.user_named("off").await.unwrap().unwrap();
    app.identity.user_change(off, UserChanges { enabled: Some(false), password: None }).await.unwrap();
    let mistaken = by_password("ann", Value::Null).to_string().replace(TestApp::PASSWORD, "not the password");
    let logins = [
        by_password("nobody", Value::Null),
        by_password("off", Value::Null),
        serde_json::from_str(&mistaken).unwrap(),
        by_password("ann", json!({ "project": { "id": app.admin.project_id } })),
        by_password("ann", json!({ "project": { "id": "there-is-none" } })),
        by_password("ann", json!({ "domain": { "id": "default" } })),
        by_password("ann", json!({ "system": { "all": true } })),
        by_token("kpd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Value::Null),
    ];
    for login in logins {
        assert_unauthenticated(&app, &log_in(&app, login).await);
    }
}

#[actix_web::test]
async fn a_disabled_project_is_no_scope() {
    let app = TestApp::spawn().await;
    let ben = app.user("ben", "closed", Role::MEMBER).await;
    let mut closed = app.identity.project_named("closed").await.unwrap().unwrap();
    closed.enabled = false;
    app.identity.project_change(closed).await.unwrap();
    let login = by_password("ben", json!({ "project": { "id": ben.project_id } }));
    assert_unauthenticated(&app, &log_in(&app, login).await);
}

#[actix_web::test]
async fn the_eleventh_login_after_ten_failures_is_refused_like_the_others() {
    let app = TestApp::spawn().await;
    let wrong = by_password("ann", Value::Null).to_string().replace(TestApp::PASSWORD, "not the password");
    for _ in 0..10 {
        log_in(&app, serde_json::from_str(&wrong).unwrap()).await.expect(401);
    }
    assert_unauthenticated(&app, &log_in(&app, by_password("ann", Value::Null)).await);
    // By id it is the same account; another one at the same address is not concerned.
    let by_id = json!({ "id": app.demo.user_id, "password": TestApp::PASSWORD });
    let by_id = scoped(json!({ "methods": ["password"], "password": { "user": by_id } }), Value::Null);
    assert_unauthenticated(&app, &log_in(&app, by_id).await);
    log_in(&app, by_password("admin", Value::Null)).await.expect(201);
}

#[actix_web::test]
async fn too_many_logins_at_once_are_told_to_come_back() {
    let app = TestApp::spawn().await;
    let places = 32 * std::thread::available_parallelism().unwrap().get();
    let logins = (0..places + 40).map(|_| log_in(&app, by_password("ann", Value::Null)));
    let answers = join_all(logins).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.code() == 503).collect();
    assert!(!refused.is_empty());
    assert_eq!(refused[0].header("Retry-After"), ["2"]);
    let message = "too many requests wait for a password check; try again";
    assert_error(refused[0], 503, "Service Unavailable", message);
    assert!(answers.iter().all(|answer| [201, 503].contains(&answer.code())));
    assert!(answers.iter().any(|answer| answer.code() == 201));
}

#[actix_web::test]
async fn a_token_for_a_token_keeps_its_end_and_carries_the_first_audit_id() {
    let app = TestApp::spawn().await;
    let first = log_in(&app, by_password("ann", Value::Null)).await.expect(201);
    let scope = json!({ "project": { "id": app.demo.project_id } });
    let second = log_in(&app, by_token(first.header("X-Subject-Token")[0], scope.clone())).await.expect(201);
    let third = log_in(&app, by_token(second.header("X-Subject-Token")[0], scope)).await.expect(201);
    let (first, second, third) = (&first.body["token"], &second.body["token"], &third.body["token"]);
    assert_eq!(second["expires_at"], first["expires_at"]);
    assert_eq!(third["expires_at"], first["expires_at"]);
    assert_eq!(second["methods"], json!(["password", "token"]));
    assert_eq!(second["audit_ids"][1], first["audit_ids"][0]);
    assert_eq!(third["audit_ids"][1], first["audit_ids"][0]);
    assert_ne!(third["audit_ids"][0], second["audit_ids"][0]);
    assert_eq!(second["project"]["name"], "demo");
}

#[actix_web::test]
async fn huaweis_clients_log_in_without_a_prefix_and_without_a_domain_for_the_project() {
    let app = TestApp::spawn().await;
    let login = by_password("ann", json!({ "project": { "name": "demo" } }));
    let answer = app.json("POST", "/v3/auth/tokens", &[], login).await.expect(201);
    assert_eq!(answer.body["token"]["project"]["id"].as_str(), Some(app.demo.project_id.as_str()));
}

#[actix_web::test]
async fn a_body_over_the_limit_is_not_read() {
    let app = TestApp::spawn().await;
    let answer = app.send("POST", TOKENS, &[("Content-Type", "application/json")], vec![b' '; 114_689]).await;
    assert_error(&answer, 413, "Payload Too Large", "Request is too large.");
}

#[actix_web::test]
async fn a_body_that_is_said_not_to_be_json_is_refused() {
    let app = TestApp::spawn().await;
    let login = by_password("ann", Value::Null).to_string();
    app.send("POST", TOKENS, &[("Content-Type", "text/plain")], login.clone()).await.expect(400);
    app.send("POST", TOKENS, &[("Content-Type", "application/json; charset=utf-8")], login).await.expect(201);
}

#[actix_web::test]
async fn roles_of_ones_own_making_are_shown_and_imply_nothing() {
    let app = TestApp::spawn().await;
    let auditor = app.user("eve", "audit", Role::parse("auditor").unwrap()).await;
    let login = by_password("eve", json!({ "project": { "id": auditor.project_id } }));
    let answer = log_in(&app, login.clone()).await.expect(201);
    assert_eq!(answer.body["token"]["roles"], json!([{ "id": "auditor", "name": "auditor" }]));
    let eve = app.identity.user_named("eve").await.unwrap().unwrap();
    let project = app.identity.project_named("audit").await.unwrap().unwrap();
    let grant = Grant { user: eve.id, target: GrantTarget::Project(project.id), role: Role::MANAGER };
    app.identity.role_add(grant).await.unwrap();
    let answer = log_in(&app, login).await.expect(201);
    assert_eq!(answer.body["token"]["roles"].as_array().unwrap().len(), 4);
    token_of(&app, by_password("eve", Value::Null)).await;
}
