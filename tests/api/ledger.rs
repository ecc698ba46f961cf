//! The ledger on the operator's listener.

use keypaird::domain::Owner;
use keypaird::domain::{Role, UserId};
use serde_json::{Value, json};

use crate::support::{TestApp, User};

async fn create(app: &TestApp, user: &User, name: &str) {
    let keypair = json!({ "name": name, "algorithm": "ed25519", "key_protection": "default" });
    app.kps(user, "POST", "", json!({ "keypair": keypair })).await.expect(200);
}

#[actix_web::test]
async fn s42_an_auditor_sees_what_became_of_a_private_key_and_that_is_recorded() {
    let app = TestApp::spawn().await;
    let audra = app.user("audra", "demo", Role::AUDITOR).await;
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
    let last = app.ask_admin(&audra, &format!("/ledger?user_id={ann}&limit=1")).await.expect(200);
    assert_eq!(last.body["records"].as_array().unwrap().len(), 1);
    let of_project = app.ask_admin(&audra, &format!("/ledger?project_id={}", audra.project_id)).await.expect(200);
    assert_eq!(of_project.body["records"][0]["event"], "audit-read");
    let chain = app.ledger(&Owner::User(UserId::parse(ann).unwrap())).await;
    assert_eq!(chain.iter().filter(|record| record.event == "audit-read").count(), 2);
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
