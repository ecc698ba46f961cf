//! The ledger on the operator's listener.

use keypaird::domain::{GrantTarget, Owner, Record, Role, UserId};
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

/// As `docs/ledger.md` has it. Whoever may give roles in a project may make auditors there, of that project alone.
#[actix_web::test]
async fn s42_a_token_for_a_project_shows_that_projects_chain_and_one_for_the_system_shows_all() {
    let app = TestApp::spawn().await;
    let of_project = app.user("paula", "demo", Role::AUDITOR).await;
    let elsewhere = app.user("elsa", "other", Role::AUDITOR).await;
    app.grant(&of_project, GrantTarget::Domain, Role::AUDITOR).await;
    let of_domain = app.rescoped(&of_project, json!({ "domain": { "id": "default" } })).await;
    let unscoped = app.rescoped(&of_project, json!("unscoped")).await;
    let of_system = app.auditor("audra").await;
    let system_admin = app.rescoped(&app.admin, json!({ "system": { "all": true } })).await;
    let (yes, no) = (200, 403);
    // The project's chain, another project's, a user's, the caller's own.
    let cases = [
        ("auditor, the project", &of_project, [yes, no, no, no]),
        ("auditor, another project", &elsewhere, [no, yes, no, no]),
        ("auditor, the system", &of_system, [yes, yes, yes, yes]),
        ("auditor, the domain", &of_domain, [no, no, no, no]),
        ("auditor, no scope", &unscoped, [no, no, no, no]),
        ("member, the project", &app.demo, [no, no, no, no]),
        ("admin, the project", &app.admin, [no, no, no, no]),
        ("admin, the system", &system_admin, [no, no, no, no]),
    ];
    for (who, caller, expected) in cases {
        let chains = [
            format!("project_id={}", app.demo.project_id),
            format!("project_id={}", elsewhere.project_id),
            format!("user_id={}", elsewhere.user_id),
            format!("user_id={}", caller.user_id),
        ];
        for (chain, status) in chains.iter().zip(expected) {
            let answer = app.ask_admin(caller, &format!("/ledger?{chain}")).await;
            assert_eq!(answer.code(), status, "{who}, {chain}: {}", answer.text);
            assert_eq!(answer.body["error"].is_string(), status == no, "{who}, {chain}: {}", answer.text);
        }
    }
}

#[actix_web::test]
async fn s42_whoever_is_refused_the_ledger_is_recorded_once_and_counted_and_its_owner_sees_nothing_of_it() {
    let app = TestApp::spawn().await;
    let paula = app.user("paula", "demo", Role::AUDITOR).await;
    let path = format!("/ledger?user_id={}&key_pair=web", app.demo.user_id);
    for _ in 0..3 {
        app.ask_admin(&paula, &path).await.expect(403);
    }
    let records = chain_of(&app, &paula).await;
    let [refused] = <[Record; 1]>::try_from(records).unwrap();
    assert_eq!((refused.event.as_str(), refused.outcome.as_str()), ("audit-read", "refused"));
    assert_eq!((refused.dialect.as_str(), refused.key_pair_name.as_deref()), ("admin", Some("web")));
    assert!(refused.detail.unwrap().contains(&format!("u:{}", app.demo.user_id)));
    assert!(chain_of(&app, &app.demo).await.is_empty());
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
