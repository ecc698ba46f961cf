//! What the operator's listener shows of kept private keys and of the ledger.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use keypaird::domain::{Owner, UserId};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const MASTER_KEY: &str = r#"rows_by_kek{kek="default",version="1"}"#;
const FAILURES: &str = "audit_write_failures_total";
const CHECKPOINT: &str = "audit_checkpoint_timestamp_seconds";

fn records(event: &str, outcome: &str) -> String {
    format!(r#"audit_records_total{{event="{event}",outcome="{outcome}"}}"#)
}

async fn text(app: &TestApp) -> String {
    app.send_admin("GET", "/metrics").await.expect(200).text
}

/// The value of a line; 0 where there is none.
async fn value(app: &TestApp, name: &str) -> i64 {
    let text = text(app).await;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().unwrap())
}

/// The rows are counted again after a rest.
async fn comes_to(app: &TestApp, name: &str, expected: i64) {
    for _ in 0..100 {
        if value(app, name).await == expected {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{name} does not come to {expected}:\n{}", text(app).await);
}

async fn create(app: &TestApp, name: &str, key_protection: Option<&str>) {
    let mut keypair = json!({ "name": name, "algorithm": "ed25519" });
    if let Some(key_protection) = key_protection {
        keypair["key_protection"] = json!(key_protection);
    }
    app.kps(&app.demo, "POST", "", json!({ "keypair": keypair })).await.expect(200);
}

async fn export(app: &TestApp, name: &str) -> Answer {
    app.kps_v3(&app.demo, "POST", "/private-key/export", json!({ "keypair": { "name": name } })).await
}

#[actix_web::test]
async fn kept_private_keys_are_counted_by_what_protects_them_and_a_key_that_protects_none_any_more_shows_0() {
    let app = TestApp::spawn().await;
    assert_eq!(value(&app, MASTER_KEY).await, 0);
    for name in ["one", "two"] {
        create(&app, name, Some("default")).await;
    }
    create(&app, "given-away", None).await;
    comes_to(&app, MASTER_KEY, 2).await;
    app.kps_v3(&app.demo, "DELETE", "/one/private-key", Value::Null).await.expect(200);
    comes_to(&app, MASTER_KEY, 1).await;

    app.sql("UPDATE sealed_private_keys SET kek_provider = 'aws-kms', kek_name = 'arn:of-a-tenant'").await;
    comes_to(&app, MASTER_KEY, 0).await;
    let shown = text(&app).await;
    for line in [&format!("{MASTER_KEY} 0"), r#"rows_by_kek{kek="aws-kms",version="0"} 1"#, "# HELP rows_by_kek "] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("arn:"), "the keys of tenants are no labels");
}

#[actix_web::test]
async fn no_number_is_shown_rather_than_an_old_one_while_private_keys_cannot_be_counted() {
    let app = TestApp::spawn().await;
    create(&app, "one", Some("default")).await;
    comes_to(&app, MASTER_KEY, 1).await;
    app.sql("ALTER TABLE sealed_private_keys RENAME TO away").await;
    comes_to(&app, MASTER_KEY, 0).await;
    assert!(!text(&app).await.contains(MASTER_KEY));
    app.sql("ALTER TABLE away RENAME TO sealed_private_keys").await;
    comes_to(&app, MASTER_KEY, 1).await;
}

#[actix_web::test]
async fn each_record_of_the_ledger_is_counted_by_event_and_outcome_and_nothing_else_is() {
    let app = TestApp::spawn().await;
    let audra = app.auditor("audra").await;
    for (event, outcome) in [("create", "done"), ("export", "done"), ("export", "refused")] {
        assert_eq!(value(&app, &records(event, outcome)).await, 0);
    }
    create(&app, "kept", Some("default")).await;
    // Of eight that ask for one name at once, all but one are refused, most of them by the database.
    let keypair = json!({ "keypair": { "name": "given-away", "algorithm": "rsa-2048" } });
    let racing = join_all((0..8).map(|_| app.kps(&app.demo, "POST", "", keypair.clone()))).await;
    assert_eq!(racing.iter().filter(|answer| answer.code() == 409).count(), 7);
    for _ in 0..3 {
        export(&app, "kept").await.expect(200);
    }
    export(&app, "nobodys").await.expect(404);
    app.kps_v3(&app.demo, "DELETE", "/kept/private-key", Value::Null).await.expect(200);
    create(&app, "deleted", Some("default")).await;
    for name in ["deleted", "given-away"] {
        app.kps(&app.demo, "DELETE", &format!("/{name}"), Value::Null).await.expect(202);
    }
    app.ask_admin(&audra, &format!("/ledger?user_id={}", app.demo.user_id)).await.expect(200);

    let expected = [
        ("create", "done", 3),
        ("export", "done", 3),
        ("export", "refused", 1),
        ("clear", "done", 1),
        ("delete", "done", 1),
        ("audit-read", "done", 1),
    ];
    let mut counted = 0;
    for (event, outcome, times) in expected {
        assert_eq!(value(&app, &records(event, outcome)).await, times, "{event} {outcome}");
        counted += times;
    }
    let chain = app.ledger(&Owner::User(UserId::parse(&app.demo.user_id).unwrap())).await;
    assert_eq!(i64::try_from(chain.len()).unwrap(), counted);
    assert_eq!(value(&app, FAILURES).await, 0, "to refuse somebody is no failure");
}

#[actix_web::test]
async fn a_record_that_cannot_be_written_is_a_failure_and_no_record() {
    let app = TestApp::spawn().await;
    create(&app, "kept", Some("default")).await;
    app.sql("ALTER TABLE ledger RENAME TO away").await;
    export(&app, "kept").await.expect(500);
    assert_eq!(value(&app, &records("export", "done")).await, 0);
    assert_eq!(value(&app, &records("export", "failed")).await, 0);
    // The hand-out, and that it failed.
    assert_eq!(value(&app, FAILURES).await, 2);
    let keypair = json!({ "keypair": { "name": "next" } });
    app.kps(&app.demo, "POST", "", keypair).await.expect(500);
    assert_eq!(value(&app, FAILURES).await, 3);
    app.sql("ALTER TABLE away RENAME TO ledger").await;
    export(&app, "kept").await.expect(200);
    assert_eq!(value(&app, &records("export", "done")).await, 1);
    assert_eq!(value(&app, FAILURES).await, 3);
}

#[actix_web::test]
async fn the_last_checkpoint_grows_old_when_the_ledger_cannot_be_signed() {
    let app = TestApp::spawn_with(&[("ledger.checkpoint_seconds", "1")]).await;
    create(&app, "kept", Some("default")).await;
    sleep(Duration::from_secs(2)).await;
    let first = value(&app, CHECKPOINT).await;
    assert!(first > 1_700_000_000, "{first}");
    sleep(Duration::from_millis(2500)).await;
    assert!(value(&app, CHECKPOINT).await > first, "also where no chain has grown");

    app.sql("UPDATE ledger_checkpoints SET key_name = 'nobodys'").await;
    create(&app, "next", Some("default")).await;
    sleep(Duration::from_millis(1500)).await;
    let last = value(&app, CHECKPOINT).await;
    sleep(Duration::from_millis(2500)).await;
    assert_eq!(value(&app, CHECKPOINT).await, last);
}

#[actix_web::test]
async fn nobodys_name_or_id_is_in_the_metrics() {
    let app = TestApp::spawn().await;
    create(&app, "secret-name", Some("default")).await;
    export(&app, "secret-name").await.expect(200);
    export(&app, "foreign-name").await.expect(404);
    comes_to(&app, MASTER_KEY, 1).await;
    let shown = text(&app).await;
    for private in ["secret-name", "foreign-name", &app.demo.user_id, &app.demo.project_id, &app.demo.name] {
        assert!(!shown.contains(&format!("\"{private}\"")), "{private}: {shown}");
    }
}
