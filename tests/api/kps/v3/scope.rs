//! Key pairs of the user, and of the whole project.

use keypaird::domain::{GrantTarget, Role};
use serde_json::{Value, json};

use super::super::refusal;
use super::{import_as, small};
use crate::support::{TestApp, User};

async fn scope_of(app: &TestApp, user: &User, name: &str) -> Option<String> {
    let answer = app.kps_v3(user, "GET", &format!("/{name}"), Value::Null).await;
    answer.body["keypair"]["scope"].as_str().map(str::to_owned)
}

#[actix_web::test]
async fn a_key_pair_of_scope_domain_is_all_the_projects_users_and_of_scope_user_its_makers() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let eve = app.user("eve", "elsewhere", Role::MEMBER).await;
    let made = app.kps_v3(&app.demo, "POST", "", import_as("domain", "shared")).await.expect(200);
    assert_eq!(made.body["keypair"]["user_id"], app.demo.user_id.as_str());
    app.kps_v3(&app.demo, "POST", "", import_as("user", "mine")).await.expect(200);
    for (user, shared, mine) in
        [(&app.demo, Some("domain"), Some("user")), (&bob, Some("domain"), None), (&eve, None, None)]
    {
        assert_eq!(scope_of(&app, user, "shared").await.as_deref(), shared, "{}", user.name);
        assert_eq!(scope_of(&app, user, "mine").await.as_deref(), mine, "{}", user.name);
    }
    let listed = app.kps_v3(&bob, "GET", "", Value::Null).await.expect(200);
    assert_eq!(listed.body["keypairs"][0]["keypair"]["scope"], "domain");
    assert_eq!(listed.body["page_info"]["current_count"], 1);

    let description = json!({ "keypair": { "description": "ours" } });
    app.kps_v3(&bob, "PUT", "/shared", description).await.expect(200);
    app.kps_v3(&eve, "DELETE", "/shared", Value::Null).await.expect(404);
    app.kps_v3(&bob, "DELETE", "/shared", Value::Null).await.expect(204);
    assert_eq!(scope_of(&app, &app.demo, "shared").await, None);
}

#[actix_web::test]
async fn a_reader_of_the_project_reads_its_key_pairs_and_changes_none() {
    let app = TestApp::spawn().await;
    let rita = app.user("rita", "demo", Role::READER).await;
    app.kps_v3(&app.demo, "POST", "", import_as("domain", "shared")).await.expect(200);
    assert_eq!(scope_of(&app, &rita, "shared").await.as_deref(), Some("domain"));
    let description = json!({ "keypair": { "description": "mine" } });
    for (method, path, body) in [
        ("POST", "", import_as("domain", "another")),
        ("PUT", "/shared", description),
        ("DELETE", "/shared", Value::Null),
    ] {
        let refused = app.kps_v3(&rita, method, path, body).await;
        assert_eq!((refusal(&refused).0, refusal(&refused).1), (403, "KPS.9003"), "{method}");
    }
}

#[actix_web::test]
async fn an_administrator_makes_key_pairs_for_another_user_but_none_of_scope_domain_in_anothers_name() {
    let app = TestApp::spawn().await;
    let boss = app.user("boss", "demo", Role::ADMIN).await;
    let mut body = import_as("user", "gift");
    body["keypair"]["user_id"] = json!(app.demo.user_id);
    app.kps_v3(&boss, "POST", "", body.clone()).await.expect(200);
    assert_eq!(scope_of(&app, &app.demo, "gift").await.as_deref(), Some("user"));
    body["keypair"]["scope"] = json!("domain");
    let refused = app.kps_v3(&boss, "POST", "", body).await;
    assert!(refusal(&refused).2.starts_with("user_id: names another user"), "{}", refused.text);
}

#[actix_web::test]
async fn a_delete_sent_twice_leaves_the_projects_key_pair_of_the_same_name_for_ten_minutes() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let both = || async {
        app.kps_v3(&app.demo, "POST", "", small("web")).await.expect(200);
        app.kps_v3(&bob, "POST", "", import_as("domain", "web")).await.expect(200);
    };
    both().await;
    assert_eq!(scope_of(&app, &app.demo, "web").await.as_deref(), Some("user"));
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204);
    for _ in 0..2 {
        let refused = app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await;
        let (status, code, message) = refusal(&refused);
        assert_eq!((status, code), (404, "KPS.4016"));
        assert!(message.contains("was just deleted; the project's of the same name can be deleted some minutes later"));
    }
    assert_eq!(scope_of(&app, &app.demo, "web").await.as_deref(), Some("domain"));

    // It hinders nobody else, nobody's key pair that was made since by who deleted, and nobody for longer.
    app.kps_v3(&bob, "DELETE", "/web", Value::Null).await.expect(204);
    both().await;
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204);
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(404);
    app.sql("UPDATE recent_deletions SET deleted_at = deleted_at - 600000000").await;
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204);
    assert_eq!(scope_of(&app, &app.demo, "web").await, None);
    app.kps_v3(&app.demo, "POST", "", small("web")).await.expect(200);
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204);
    app.kps_v3(&app.demo, "POST", "", import_as("domain", "web")).await.expect(200);
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204);
}

#[actix_web::test]
async fn a_repeated_delete_leaves_what_another_made_meanwhile_and_hinders_nothing_in_another_project() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    app.kps_v3(&app.demo, "POST", "", small("web")).await.expect(200);
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(204);
    app.kps_v3(&bob, "POST", "", import_as("domain", "web")).await.expect(200);
    app.kps_v3(&app.demo, "DELETE", "/web", Value::Null).await.expect(404);
    assert_eq!(scope_of(&app, &bob, "web").await.as_deref(), Some("domain"));

    let other = app.identity.project_create("other").await.unwrap().id;
    app.grant(&app.demo, GrantTarget::Project(other.clone()), Role::MEMBER).await;
    let elsewhere = app.rescoped(&app.demo, json!({ "project": { "id": other.as_str() } })).await;
    let elsewhere = User { project_id: other.to_string(), ..elsewhere };
    app.kps_v3(&elsewhere, "POST", "", import_as("domain", "web")).await.expect(200);
    let of_demo = app.user("eve", "other", Role::MEMBER).await;
    assert_eq!(scope_of(&app, &of_demo, "web").await.as_deref(), Some("domain"));
    app.kps_v3(&elsewhere, "DELETE", "/web", Value::Null).await.expect(204);
}

#[actix_web::test]
async fn a_project_has_a_limit_of_its_own() {
    let app = TestApp::spawn_with(&[("keypair.limit", "2")]).await;
    for name in ["a", "b"] {
        app.kps_v3(&app.demo, "POST", "", import_as("domain", &format!("{name}-shared"))).await.expect(200);
        app.kps_v3(&app.demo, "POST", "", small(name)).await.expect(200);
    }
    for body in [import_as("domain", "c"), small("c")] {
        let refused = app.kps_v3(&app.demo, "POST", "", body).await;
        assert_eq!(refusal(&refused), (403, "KPS.0002", "the limit of 2 key pairs is reached"));
    }
}
