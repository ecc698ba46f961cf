//! Key pairs of others: S25, S26, S27.

use keypaird::domain::{Owner, Role};
use serde_json::{Value, json};

use super::{of_project, of_user, seen, stored};
use crate::kps::store_project_pair;
use crate::nova::{ED25519, fault, import, imported};
use crate::support::{Answer, TestApp, User};

const VERSIONS: [&str; 6] = ["2.1", "2.2", "2.10", "2.35", "2.75", "latest"];

/// Key pairs that `app.demo` has nothing to do with: whose they are, and their names.
async fn foreign(app: &TestApp) -> Vec<(Owner, &'static str)> {
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let eve = app.user("eve", "elsewhere", Role::MEMBER).await;
    imported(app, &bob, &["foreign-1"]).await;
    imported(app, &eve, &["foreign-2"]).await;
    store_project_pair(app, &eve, "foreign-3").await;
    vec![(of_user(&bob), "foreign-1"), (of_user(&eve), "foreign-2"), (of_project(&eve), "foreign-3")]
}

/// Every request about a key pair that a Nova takes, as a caller who does not know better sends it.
async fn by_nova(app: &TestApp, user: &User, name: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for version in VERSIONS {
        for method in ["GET", "DELETE"] {
            answers.push(app.nova(user, version, method, &format!("/os-keypairs/{name}"), Value::Null).await);
        }
        answers.push(app.nova(user, version, "GET", &format!("/os-keypairs?marker={name}"), Value::Null).await);
    }
    for method in ["GET", "DELETE"] {
        let path = format!("/v2/os-keypairs/{name}");
        answers.push(app.json(method, &path, &[("X-Auth-Token", &user.token)], Value::Null).await);
    }
    // A name that others have is free.
    answers.push(app.nova(user, "2.92", "POST", "/os-keypairs", import(name)).await);
    answers.push(app.nova(user, "2.92", "DELETE", &format!("/os-keypairs/{name}"), Value::Null).await);
    answers
}

async fn by_kps(app: &TestApp, user: &User, name: &str) -> Vec<Answer> {
    let description = json!({ "keypair": { "description": "taken over" } });
    let mut answers = Vec::new();
    for (method, body) in [("GET", Value::Null), ("PUT", description), ("DELETE", Value::Null)] {
        answers.push(app.kps(user, method, &format!("/{name}"), body).await);
    }
    answers.push(app.kps(user, "POST", "", import(name)).await);
    answers.push(app.kps(user, "DELETE", &format!("/{name}"), Value::Null).await);
    answers
}

async fn all(app: &TestApp, user: &User, name: &str) -> Vec<Answer> {
    let mut answers = by_nova(app, user, name).await;
    answers.extend(by_kps(app, user, name).await);
    answers
}

#[actix_web::test]
async fn s25_a_foreign_key_pair_answers_exactly_as_a_missing_one() {
    let app = TestApp::spawn().await;
    let pairs = foreign(&app).await;
    let unscoped = app.rescoped(&app.demo, json!("unscoped")).await;
    for caller in [&app.demo, &app.admin, &unscoped] {
        for (_, name) in &pairs {
            // As long as the other, so that the length of an answer is no difference either.
            let missing = name.replace("foreign", "missing");
            let (there, not_there) = (all(&app, caller, name).await, all(&app, caller, &missing).await);
            for (there, not_there) in there.iter().zip(&not_there) {
                assert_eq!(seen(there, name), seen(not_there, &missing), "{} asks for {name}", caller.name);
            }
            assert!(there.iter().filter(|answer| answer.code() == 404).count() >= 14, "they were answered");
        }
    }
    for (owner, name) in &pairs {
        let pair = stored(&app, owner, name).await.expect("nobody deleted it");
        assert!(pair.updated_at.is_none() && pair.description != "taken over", "{name}");
    }
}

#[actix_web::test]
async fn s26_another_users_key_pair_is_missing_and_an_administrators_who_names_the_user() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MANAGER).await;
    imported(&app, &app.demo, &["anns"]).await;
    let named = format!("/os-keypairs/anns?user_id={}", app.demo.user_id);
    for (method, done) in [("GET", 200), ("DELETE", 204)] {
        for other in [&bob, &app.admin] {
            let refused = app.nova(other, "2.92", method, "/os-keypairs/anns", Value::Null).await;
            let told = format!("Keypair anns not found for user {}", other.user_id);
            assert_eq!(fault(&refused), ("itemNotFound", 404, told.as_str()), "{method}");
        }
        app.nova(&bob, "2.92", method, &named, Value::Null).await.expect(403);
        assert!(stored(&app, &of_user(&app.demo), "anns").await.is_some());
        let answer = app.nova(&app.admin, "2.92", method, &named, Value::Null).await.expect(done);
        assert_eq!(method == "GET", answer.text.contains(ED25519));
    }
    assert!(stored(&app, &of_user(&app.demo), "anns").await.is_none());
}

#[actix_web::test]
async fn s27_naming_another_user_is_refused_and_changes_nothing() {
    let app = TestApp::spawn().await;
    imported(&app, &app.admin, &["theirs"]).await;
    let other = &app.admin.user_id;
    let mut create = import("planted");
    create["keypair"]["user_id"] = json!(other);
    for role in ["reader", "member", "manager", "service", "auditor"] {
        let user = app.user(role, "demo", Role::parse(role).unwrap()).await;
        let both = format!("?user_id={other}&user_id={}", user.user_id);
        for (method, path, body, policy) in [
            ("POST", "/os-keypairs".to_owned(), create.clone(), "create"),
            ("GET", format!("/os-keypairs?user_id={other}"), Value::Null, "index"),
            ("GET", format!("/os-keypairs{both}"), Value::Null, "index"),
            ("GET", format!("/os-keypairs/theirs?user_id={other}"), Value::Null, "show"),
            ("GET", format!("/os-keypairs/missing?user_id={other}"), Value::Null, "show"),
            ("DELETE", format!("/os-keypairs/theirs?user_id={other}"), Value::Null, "delete"),
            ("DELETE", format!("/os-keypairs/theirs{both}"), Value::Null, "delete"),
        ] {
            for version in ["2.10", "2.35", "latest"] {
                let refused = app.nova(&user, version, method, &path, body.clone()).await;
                let told = format!("Policy doesn't allow os_compute_api:os-keypairs:{policy} to be performed.");
                assert_eq!(fault(&refused), ("forbidden", 403, told.as_str()), "{role} {method} {path}");
            }
        }
        let refused = app.kps(&user, "POST", "", create.clone()).await;
        assert_eq!((refused.code(), &refused.body["error_code"]), (403, &json!("KPS.9003")), "{role}");
        for owner in [of_user(&user), of_user(&app.admin), of_project(&user), of_project(&app.admin)] {
            assert!(stored(&app, &owner, "planted").await.is_none(), "{role}: {owner}");
        }
    }
    assert!(stored(&app, &of_user(&app.admin), "theirs").await.is_some());
}

#[actix_web::test]
async fn s27_an_administrator_keeps_no_private_key_for_another_user() {
    let app = TestApp::spawn().await;
    let mut create = json!({ "keypair": { "name": "planted", "key_protection": "default" } });
    create["keypair"]["user_id"] = json!(app.demo.user_id);
    app.nova(&app.admin, "2.10", "POST", "/os-keypairs", create.clone()).await.expect(403);
    app.kps(&app.admin, "POST", "", create.clone()).await.expect(403);
    assert!(stored(&app, &of_user(&app.demo), "planted").await.is_none());
    create["keypair"]["user_id"] = json!(app.admin.user_id);
    app.nova(&app.admin, "2.10", "POST", "/os-keypairs", create).await.expect(201);
}
