//! The ledger on the operator's listener.

use keypaird::domain::{Owner, Record, Role, UserId};
use serde_json::{Value, json};

use crate::support::{TestApp, User};

async fn create(app: &TestApp, user: &User, name: &str) {
    let keypair = json!({ "name": name, "algorithm": "ed25519", "key_protection": "default" });
    app.kps(user, "POST", "", json!({ "keypair": keypair })).await.expect(200);
}

async fn chain_of(app: &TestApp, user: &User) -> Vec<Record> {
    app.ledger(&Owner::User(UserId::parse(&user.user_id).unwrap())).await
}

#[actix_web::test]
async fn s42_an_auditor_sees_what_became_of_a_private_key_and_that_is_recorded() {
    let app = TestApp::spawn().await;
    let audra = app.auditor("audra").await;
    for name in ["web", "other"] {
        create(&app, &app.demo, name).await;
    }
    app.kps_v3(&app.demo, "DELETE", "/web/private-key", Value::Null).await.expect(200);

    let path = format!("/ledger?user_id={}&key_pair=web", app.demo.user_id);
    let shown = app.ask_admin(&audra, &path).await.expect(200);
    assert_eq!(shown.header("cache-control"), ["no-store"]);
    let records = shown.body["records"].as_array().unwrap();
    let told: Vec<_> =
        records.iter().map(|it| (it["event"].as_str().unwrap(), it["user_id"].as_str().unwrap())).collect();
    let (ann, audra_id) = (app.demo.user_id.as_str(), audra.user_id.as_str());
    assert_eq!(told, [("create", ann), ("clear", ann), ("audit-read", audra_id)]);
    assert_eq!(records[2]["dialect"], "admin");
    let last = app.ask_admin(&audra, &format!("/ledger?user_id={ann}&limit=2")).await.expect(200);
    let events: Vec<_> = last.body["records"].as_array().unwrap().iter().map(|it| it["event"].clone()).collect();
    assert_eq!(events, ["audit-read", "audit-read"]);
    let of_project = app.ask_admin(&audra, &format!("/ledger?project_id={}", audra.project_id)).await.expect(200);
    assert_eq!(of_project.body["records"][0]["event"], "audit-read");
    assert_eq!(chain_of(&app, &app.demo).await.iter().filter(|record| record.event == "audit-read").count(), 2);
}

#[actix_web::test]
async fn s42_nobody_else_sees_the_ledger_an_administrator_neither() {
    let app = TestApp::spawn().await;
    let audra = app.user("audra", "demo", Role::AUDITOR).await;
    let path = format!("/ledger?user_id={}", app.demo.user_id);
    for user in [&app.demo, &app.admin] {
        app.ask_admin(user, &path).await.expect(403);
    }
    app.ask_admin(&User { token: "nobodys".to_owned(), ..audra.clone() }, &path).await.expect(401);
    let unscoped = app.rescoped(&audra, json!("unscoped")).await;
    app.ask_admin(&unscoped, &path).await.expect(403);
    // The public listener has no such path.
    app.send("GET", &path, &[("X-Auth-Token", &audra.token)], "").await.expect(300);
    for query in ["", "?user_id=a&project_id=b", "?user=a", "?user_id=", "?user_id=a&limit=x"] {
        let refused = app.ask_admin(&audra, &format!("/ledger{query}")).await.expect(400);
        assert!(refused.body["error"].is_string(), "{query}: {}", refused.text);
    }
    assert!(app.ledger(&Owner::User(UserId::parse(&app.demo.user_id).unwrap())).await.is_empty());
}

#[actix_web::test]
async fn s42_nobody_sees_the_ledger_without_a_token_nor_by_the_public_listener() {
    let app = TestApp::spawn().await;
    let audra = app.auditor("audra").await;
    let path = format!("/ledger?user_id={}", app.demo.user_id);
    app.ask_admin(&User { token: "nobodys".to_owned(), ..audra.clone() }, &path).await.expect(401);
    app.send("GET", &path, &[("X-Auth-Token", &audra.token)], "").await.expect(300);
    for query in ["", "?user_id=a&project_id=b", "?user=a", "?user_id=", "?user_id=a&limit=x", "?user_id=a&limit=0"] {
        let refused = app.ask_admin(&audra, &format!("/ledger{query}")).await.expect(400);
        assert!(refused.body["error"].is_string(), "{query}: {}", refused.text);
    }
    assert!(chain_of(&app, &app.demo).await.is_empty());
}

#[actix_web::test]
async fn more_records_at_once_than_a_page_are_refused_with_the_number_that_may_be_asked_for() {
    let app = TestApp::spawn().await;
    let audra = app.auditor("audra").await;
    let path = format!("/ledger?user_id={}&limit=", app.demo.user_id);
    for limit in ["1001", "18446744073709551615"] {
        let refused = app.ask_admin(&audra, &format!("{path}{limit}")).await.expect(400);
        assert!(refused.body["error"].as_str().unwrap().contains("1 to 1000"), "{}", refused.text);
    }
    app.ask_admin(&audra, &format!("{path}1000")).await.expect(200);
    assert_eq!(chain_of(&app, &app.demo).await.len(), 1);
}

/// A record that nobody can read stands for those that are not read.
#[actix_web::test]
async fn the_last_records_are_read_from_the_end_of_the_chain() {
    let app = TestApp::spawn().await;
    let audra = app.auditor("audra").await;
    for name in ["first", "web", "last"] {
        create(&app, &app.demo, name).await;
    }
    app.sql("UPDATE ledger SET record = 'unreadable' WHERE seq = 1").await;
    let path = format!("/ledger?user_id={}", app.demo.user_id);
    let numbers = async |query: &str| {
        let shown = app.ask_admin(&audra, &format!("{path}{query}")).await.expect(200);
        shown.body["records"].as_array().unwrap().iter().map(|it| it["seq"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("&limit=2").await, [3, 4]);
    assert_eq!(numbers("&key_pair=web&limit=2").await, [2, 5]);
    app.ask_admin(&audra, &path).await.expect(500);
}

#[actix_web::test]
async fn the_ledger_is_asked_by_get_alone_because_each_look_is_recorded() {
    let app = TestApp::spawn().await;
    let audra = app.auditor("audra").await;
    let path = format!("/ledger?user_id={}", app.demo.user_id);
    for method in ["HEAD", "POST"] {
        let refused = app.ask_admin_to(&audra, method, &path).await.expect(405);
        assert_eq!(refused.header("Allow"), ["GET"]);
    }
    assert!(chain_of(&app, &app.demo).await.is_empty());
}
