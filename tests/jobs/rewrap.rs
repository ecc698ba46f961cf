//! `keypaird rewrap`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use keypaird::domain::{Chain, Record};
use keypaird::service::{Pace, Rewrap};
use keypaird::vault::RewrapTarget;
use serde_json::json;

use super::meanwhile::{jobs, meanwhile};
use super::rows::{create, export, keep, status};
use super::support::TestApp;
use super::{command, run, told};

/// How many private keys are moved, and how often the program is killed while it moves them.
const ROWS: usize = 10_000;
const KILLS: usize = 5;

async fn new_primary(app: &TestApp) {
    told(app, &["master-key", "add"]).await;
    told(app, &["master-key", "set-primary", "default", "2"]).await;
}

#[actix_web::test]
async fn s17_ten_thousand_rows_move_under_live_traffic_although_the_program_is_killed_five_times() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1000000")]).await;
    let private_key = keep(&app, &app.demo, ROWS).await;
    new_primary(&app).await;

    let (done, exports) = (AtomicBool::new(false), AtomicUsize::new(0));
    let traffic = async {
        let mut number = 0;
        while !done.load(Ordering::Relaxed) {
            let name = format!("k{}", (number * 7919) % ROWS);
            assert_eq!(export(&app, &app.demo, &name).await, private_key, "{name}");
            if number % 20 == 0 {
                create(&app, &app.demo, &format!("new{number}")).await;
            }
            exports.fetch_add(1, Ordering::Relaxed);
            number += 1;
        }
        number
    };
    let rewrap = async {
        for _ in 0..KILLS {
            let mut running = command(&app, &["rewrap", "--rate", "1200"]).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(1500)).await;
            // SIGKILL. It must not have ended before.
            assert!(running.try_wait().unwrap().is_none(), "it was done before it was killed");
            running.kill().unwrap();
            running.wait().unwrap();
        }
        let told = told(&app, &["rewrap"]).await;
        done.store(true, Ordering::Relaxed);
        told
    };
    let (made, told_last) = tokio::join!(traffic, rewrap);
    assert!(told_last.ends_with("; 0 are left\n"), "{told_last}");
    let created = made.div_ceil(20);
    let expected = json!([{
        "provider": "local", "key": "default", "version": 2, "suite": "aes-256-gcm", "private_keys": ROWS + created,
    }]);
    assert_eq!(status(&app).await, expected);
    assert!(exports.load(Ordering::Relaxed) > 100, "too little went on meanwhile to tell");
    let verified = told(&app, &["verify"]).await;
    assert!(verified.starts_with(&format!("{} private keys are sound\n", ROWS + created)), "{verified}");
    // The old key is of no use any more.
    told(&app, &["master-key", "retire", "default", "1"]).await;
    assert_eq!(export(&app, &app.demo, "k0").await, private_key);
}

#[actix_web::test]
async fn a_row_that_cannot_be_unwrapped_is_left_and_named_and_the_others_move() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 3).await;
    // Two rows change their data keys: neither unwraps for its new row.
    app.sql(
        "UPDATE sealed_private_keys SET wrapped_data_key = (SELECT other.wrapped_data_key FROM sealed_private_keys other \
         WHERE other.key_pair_id = (SELECT id FROM key_pairs WHERE name = 'k0')) \
         WHERE key_pair_id = (SELECT id FROM key_pairs WHERE name = 'k1')",
    )
    .await;
    new_primary(&app).await;
    let output = run(&app, &["rewrap"]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("moved 2 private keys; 1 are left\n"), "{told}");
    assert!(told.contains(" k1: ") && told.contains("not wrapped by this master key for this key pair"), "{told}");
    let refused = run(&app, &["master-key", "retire", "default", "1"]).await;
    assert!(!refused.status.success());
}

#[actix_web::test]
async fn a_rewrap_that_is_broken_off_says_how_far_it_came() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 150).await;
    new_primary(&app).await;
    let (kept, order) =
        (jobs(&app, app.vault.clone()), Rewrap { target: RewrapTarget::Default, pace: Pace::AsFastAsPossible });
    let rewrap =
        async move |pause: &mut (dyn FnMut() + Send)| kept.rewrap(&order, &mut |_| pause()).await.expect("reports");
    let report = meanwhile(rewrap, app.sql("ALTER TABLE sealed_private_keys RENAME TO hidden")).await;
    assert!(report.done == 100 && report.broken_off.is_some(), "{report:?}");
    let ledger = app.store.ledger_page(&app.region(), &Chain::Operator, 0, 10).await.unwrap();
    let last: Record = serde_json::from_str(&ledger.last().unwrap().record).unwrap();
    let detail = "moved 100 data keys to the primary master key, and was broken off";
    assert_eq!((last.outcome.as_str(), last.detail.as_deref()), ("failed", Some(detail)));
}

#[actix_web::test]
async fn what_is_asked_for_wrongly_is_told_on_the_command_line() {
    let app = TestApp::spawn().await;
    for arguments in [["rewrap", "--to", "vault"], ["rewrap", "--to", "kms:a/b"], ["rewrap", "--rate", "0"]] {
        let output = run(&app, &arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let output = run(&app, &["rewrap", "--to", "kms:keys"]).await;
    assert!(output.status.success(), "there is nothing to move");
}
