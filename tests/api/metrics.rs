//! What the operator's listener shows.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use keypaird::domain::{Owner, UserId};
use serde_json::{Value, json};

use crate::support::access_key::key_of;
use crate::support::{Answer, TestApp, alibaba};

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

fn requests(labels: &str) -> String {
    format!("http_server_request_duration_seconds_count{{{labels}}}")
}

fn operations(dialect: &str, operation: &str, outcome: &str) -> String {
    format!(r#"keypair_operations_total{{dialect="{dialect}",operation="{operation}",outcome="{outcome}"}}"#)
}

#[actix_web::test]
async fn requests_are_counted_by_method_template_status_and_dialect_and_key_pairs_by_operation_and_outcome() {
    let app = TestApp::spawn_with(&[("keypair.limit", "2")]).await;
    for (name, code) in [("one", 201), ("two", 201), ("three", 403)] {
        let body = json!({ "keypair": { "name": name, "algorithm": "ed25519" } });
        app.nova(&app.demo, "2.10", "POST", "/os-keypairs", body).await.expect(code);
    }
    app.nova(&app.demo, "2.10", "GET", "/os-keypairs/one", Value::Null).await.expect(200);
    app.nova(&app.demo, "2.10", "DELETE", "/os-keypairs/one", Value::Null).await.expect(204);
    app.send("GET", "//v2.1//os-keypairs", &[("X-Auth-Token", &app.demo.token)], "").await.expect(200);
    app.kps(&app.demo, "GET", "", Value::Null).await.expect(200);
    export(&app, "two").await.expect(400);
    let template = "/v2.1/os-keypairs/{keypair_name}";
    for (line, times) in [
        (requests(r#"dialect="nova",method="POST",route="/v2.1/os-keypairs",status="201""#), 2),
        (requests(r#"dialect="nova",method="POST",route="/v2.1/os-keypairs",status="403""#), 1),
        (requests(r#"dialect="nova",method="GET",route="/v2.1/os-keypairs",status="200""#), 1),
        (requests(&format!(r#"dialect="nova",method="DELETE",route="{template}",status="204""#)), 1),
        (requests(r#"dialect="kps",method="GET",route="/v2.1/{project_id}/keypairs",status="200""#), 1),
        (operations("nova", "create", "done"), 2),
        (operations("nova", "create", "refused"), 1),
        (operations("nova", "show", "done"), 1),
        (operations("nova", "list", "done"), 1),
        (operations("nova", "delete", "done"), 1),
        (operations("kps", "list", "done"), 1),
        (operations("kps", "export", "refused"), 1),
        ("quota_rejections_total".to_owned(), 1),
        // The look itself.
        ("http_server_active_requests".to_owned(), 1),
    ] {
        assert_eq!(value(&app, &line).await, times, "{line}: {}", text(&app).await);
    }
}

#[actix_web::test]
async fn alibabas_actions_are_counted_as_what_they_do_with_key_pairs() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for (action, code) in [("DescribeKeyPairs", 200), ("NoSuchAction", 404)] {
        let given = [("Version", alibaba::ENS), ("Action", action)];
        alibaba::in_query("POST", &alibaba::rpc(&key, "POST", &given)).to(&app).await.expect(code);
    }
    assert_eq!(value(&app, &operations("ens", "list", "done")).await, 1, "{}", text(&app).await);
    assert_eq!(value(&app, &requests(r#"dialect="ens",method="POST",route="/",status="404""#)).await, 1);
    assert_eq!(value(&app, r#"auth_requests_total{method="signature",outcome="accepted"}"#).await, 2);
    assert!(!text(&app).await.contains("NoSuchAction"));
}

#[actix_web::test]
async fn credentials_are_counted_by_method_and_outcome() {
    let app = TestApp::spawn().await;
    let counted = async |method: &str, outcome: &str| {
        value(&app, &format!(r#"auth_requests_total{{method="{method}",outcome="{outcome}"}}"#)).await
    };
    let before = (counted("password", "accepted").await, counted("token", "accepted").await);
    app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await.expect(200);
    for name in [app.demo.name.as_str(), "nobody"] {
        let user = json!({ "name": name, "domain": { "id": "default" }, "password": "wrong" });
        let login = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } } } });
        app.json("POST", "/identity/v3/auth/tokens", &[], login).await.expect(401);
    }
    let token = [("X-Auth-Token", "a-token-that-nobody-issued")];
    app.send("GET", "/v2.1/os-keypairs", &token, "").await.expect(401);
    assert_eq!((counted("password", "refused").await, counted("token", "refused").await), (2, 1));
    let after = (counted("password", "accepted").await, counted("token", "accepted").await);
    assert_eq!(after, (before.0, before.1 + 1));
}

#[actix_web::test]
async fn a_thousand_odd_paths_and_methods_make_no_new_labels() {
    let app = TestApp::spawn().await;
    let odd = async |number: usize| {
        for (method, path) in [
            (format!("ODD{number}"), format!("/v2.1/os-keypairs/pair-{number}")),
            ("GET".to_owned(), format!("/odd-{number}/{number}?Action=Odd{number}&Version={number}")),
            ("GET".to_owned(), format!("/v2.1/odd-{number}")),
            (format!("ODD{number}"), format!("/v3/odd-{number}/keypairs/{number}/{number}")),
            ("PUT".to_owned(), format!("/identity/v3/odd/{number}")),
        ] {
            app.send(&method, &path, &[("X-Auth-Token", "none")], "").await;
        }
    };
    let series = async || {
        let shown = text(&app).await;
        let of_requests =
            shown.lines().filter(|line| line.starts_with("http_") || line.starts_with("keypair_operations"));
        of_requests.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect::<BTreeSet<_>>()
    };
    odd(0).await;
    // The first look makes lines of its own.
    series().await;
    let before = series().await;
    for number in 1..=200 {
        odd(number).await;
    }
    assert_eq!(series().await.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(before.iter().any(|line| line.contains(r#"method="_OTHER""#)));
    assert!(!before.iter().any(|line| line.to_lowercase().contains("odd")), "{before:?}");
}

#[actix_web::test]
async fn the_process_the_build_the_schema_and_the_writer_are_shown() {
    let app = TestApp::spawn().await;
    create(&app, "one", None).await;
    let shown = text(&app).await;
    assert!(shown.contains(r#"build_info{openssl="OpenSSL 3."#), "{shown}");
    assert!(shown.contains(&format!(r#"version="{}"}} 1"#, env!("CARGO_PKG_VERSION"))));
    for name in ["db_schema_version", "db_transaction_duration_seconds_count", "db_write_wait_duration_seconds_count"] {
        assert!(value(&app, name).await > 0, "{name}: {shown}");
    }
    #[cfg(target_os = "linux")]
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
        assert!(value(&app, name).await > 0, "{name}: {shown}");
    }
    assert_eq!(value(&app, "db_write_queue_depth").await, 0);
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
