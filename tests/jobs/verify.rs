//! `keypaird verify`: what somebody with write access to the database can do, and how it is found.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use keypaird::domain::Timestamp;
use keypaird::service::{Fault, Pace, PassMetrics};
use keypaird::store::Rewrapped;
use keypaird::vault::{Binding, MasterKeys, RewrapTarget, Vault};
use prometheus::{Registry, TextEncoder};
use serde_json::{Value, json};

use super::meanwhile::{jobs, meanwhile};
use super::rows::{create, keep};
use super::run;
use super::support::TestApp;

async fn findings(app: &TestApp) -> Value {
    let output = run(app, &["verify", "--output", "json"]).await;
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let found = report["findings"].as_array().unwrap();
    assert_eq!(output.status.success(), found.is_empty(), "{report}");
    let short = |finding: &Value| json!([finding["name"], finding["fault"]]);
    json!({ "sound": report["sound"], "findings": found.iter().map(short).collect::<Vec<_>>() })
}

/// Runs SQL in which `{k0}` stands for the id of that key pair.
async fn tamper(app: &TestApp, sql: &str) {
    let id = |name: &str| format!("(SELECT id FROM key_pairs WHERE name = '{name}')");
    app.sql(&sql.replace("{k0}", &id("k0")).replace("{k1}", &id("k1"))).await;
}

#[actix_web::test]
async fn s06_a_row_that_was_tampered_with_is_named_and_the_others_pass() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 3).await;
    create(&app, &app.demo, "other").await;
    assert_eq!(findings(&app).await, json!({ "sound": 4, "findings": [] }));

    tamper(
        &app,
        "UPDATE key_pairs SET public_key = (SELECT public_key FROM key_pairs WHERE name = 'other') WHERE id = {k0}",
    )
    .await;
    tamper(&app, "UPDATE sealed_private_keys SET suite = 77 WHERE key_pair_id = {k1}").await;
    assert_eq!(findings(&app).await, json!({ "sound": 2, "findings": [["k0", "integrity"], ["k1", "unreadable"]] }));
}

#[actix_web::test]
async fn s07_an_older_row_that_was_put_back_is_reported() {
    let app = TestApp::spawn().await;
    create(&app, &app.demo, "k0").await;
    create(&app, &app.demo, "k1").await;
    app.sql("CREATE TABLE saved AS SELECT * FROM sealed_private_keys").await;
    // k0 is cleared, k1 gets its private key sealed once more: from now on the saved rows are old ones.
    app.kps_v3(&app.demo, "DELETE", "/k0/private-key", Value::Null).await.expect(200);
    let private_key = super::rows::export(&app, &app.demo, "k1").await;
    let key_protection = json!({ "private_key": private_key, "encryption": { "type": "default" } });
    let body = json!({ "keypair": { "name": "k1", "key_protection": key_protection } });
    app.kps_v3(&app.demo, "POST", "/private-key/import", body).await.expect(200);
    assert_eq!(findings(&app).await, json!({ "sound": 1, "findings": [] }));

    app.sql("DELETE FROM sealed_private_keys").await;
    app.sql("INSERT INTO sealed_private_keys SELECT * FROM saved").await;
    assert_eq!(findings(&app).await, json!({ "sound": 0, "findings": [["k0", "rolled-back"], ["k1", "rolled-back"]] }));
}

#[actix_web::test]
async fn a_private_key_that_is_gone_from_the_database_is_missing() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 2).await;
    tamper(&app, "DELETE FROM sealed_private_keys WHERE key_pair_id = {k0}").await;
    assert_eq!(findings(&app).await, json!({ "sound": 1, "findings": [["k0", "missing"]] }));
}

#[actix_web::test]
async fn the_slow_pass_counts_what_it_finds() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 4).await;
    tamper(&app, "UPDATE sealed_private_keys SET suite = 77 WHERE key_pair_id = {k0}").await;
    tamper(&app, "DELETE FROM sealed_private_keys WHERE key_pair_id = {k1}").await;
    let registry = Registry::new();
    let metrics = PassMetrics::new(&registry).unwrap();
    let kept = jobs(&app, app.vault.clone());
    kept.verify_once(Pace::RowsPerMinute(60_000), &metrics).await.unwrap();
    let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    for (outcome, rows) in [("sound", 2), ("unreadable", 1), ("missing", 1)] {
        assert!(text.contains(&format!("verify_rows_total{{outcome=\"{outcome}\"}} {rows}")), "{text}");
    }
    assert!(!text.contains("verify_last_complete_timestamp_seconds 0"), "{text}");
    let shown = app.send_admin("GET", "/metrics").await.expect(200).text;
    assert!(shown.contains("verify_last_complete_timestamp_seconds"), "the service has them too");
}

/// The keys of a master key file with that text.
fn master_keys(app: &TestApp, text: &str) -> MasterKeys {
    let path = app.directory.path().join("other.key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let keys = MasterKeys::load(&path).unwrap();
    fs::remove_file(path).unwrap();
    keys
}

#[actix_web::test]
async fn rows_that_moved_to_another_key_since_they_were_read_are_sound() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 20).await;
    let key = format!("key default 2 {}=\n", "A".repeat(43));
    let file = app.settings.vault.master_key_file.clone().unwrap_or_else(|| app.directory.path().join("master.key"));
    let both = fs::read_to_string(file).unwrap().replace("primary default 1", "primary default 2") + &key;
    let both = Vault::new(master_keys(&app, &both));
    let new = master_keys(&app, &format!("keypaird-master-keys 1\nprimary default 2\n{key}"));
    let (kek, check_value) = new.check_values().remove(0);
    app.store.master_key_check_insert(&kek, &check_value, Timestamp::now()).await.unwrap();

    // The old key is gone from the file already; of the page that was read, the first row is looked at before all move.
    let kept = jobs(&app, Vault::new(new));
    let verify = async move |pause: &mut (dyn FnMut() + Send)| {
        kept.verify(Pace::AsFastAsPossible, &mut |_| pause()).await.unwrap()
    };
    let found = meanwhile(verify, async {
        let mut moves = Vec::new();
        for row in app.store.kept_rows(None, 100).await.unwrap() {
            let (pair, sealed) = row.content.unwrap();
            let binding = Binding::of(app.store.instance(), &pair);
            let now = both.rewrap(&sealed, &binding, &RewrapTarget::Default).await.unwrap();
            moves.push(Rewrapped { key: row.key, was: sealed.wrapped_data_key, now });
        }
        assert_eq!(app.store.rewrap_rows(moves).await.unwrap(), [true; 20]);
    });
    let found = found.await;
    assert_eq!((found.sound, found.faults), (19, BTreeMap::from([(Fault::Integrity, 1)])));
}

#[actix_web::test]
async fn a_private_key_whose_suite_may_not_be_opened_does_not_pass() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 1).await;
    let closed = ["--set", "vault.suite=chacha20-poly1305", "--set", "vault.open_suites=chacha20-poly1305"];
    let output = run(&app, &[&["verify"], closed.as_slice()].concat()).await;
    let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success() && told.contains("vault.open_suites does not allow"), "{told}{error}");
}
