//! `keypaird audit`: what somebody with write access to the database can do to the ledger, and how it is found.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keypaird::domain::{Actor, Chain, Dialect, Entry, Event, Region, Subject, Via};
use keypaird::service::{Audit, Trust};
use serde_json::{Value, json};

use super::rows::{create, export, keep};
use super::support::TestApp;
use super::{run, told};

/// Faults with their place: `edited 2`.
async fn faults(app: &TestApp, arguments: &[&str]) -> Vec<String> {
    let arguments = [&["audit", "verify", "--output", "json"], arguments].concat();
    let output = run(app, &arguments).await;
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let found = report["findings"].as_array().unwrap();
    assert_eq!(output.status.success(), found.is_empty(), "{report}");
    found.iter().map(|it| format!("{} {}", it["fault"].as_str().unwrap(), it["seq"])).collect()
}

/// A ledger with five records of one user, and a checkpoint over them; the checkpoint is in the file `kept.json`.
async fn with_records() -> (TestApp, String) {
    let app = TestApp::spawn().await;
    create(&app, &app.demo, "web").await;
    for _ in 0..4 {
        export(&app, &app.demo, "web").await;
    }
    let kept = app.directory.path().join("kept.json").display().to_string();
    fs::write(&kept, told(&app, &["audit", "checkpoint"]).await).unwrap();
    assert_eq!(faults(&app, &["--checkpoint", &kept]).await, Vec::<String>::new());
    (app, kept)
}

/// Only the user's chain, not the operator's.
const OF_USER: &str = "owner LIKE 'u:%'";

#[actix_web::test]
async fn s40_an_edited_record_is_named() {
    let (app, _) = with_records().await;
    app.sql(&format!("UPDATE ledger SET record = replace(record, 'export', 'remove') WHERE seq = 3 AND {OF_USER}"))
        .await;
    assert_eq!(faults(&app, &[]).await, ["edited 3"]);
}

#[actix_web::test]
async fn s40_a_deleted_record_is_named() {
    let (app, _) = with_records().await;
    app.sql(&format!("DELETE FROM ledger WHERE seq = 2 AND {OF_USER}")).await;
    assert_eq!(faults(&app, &[]).await, ["missing 2", "edited 3"]);
}

#[actix_web::test]
async fn s40_two_records_that_changed_places_are_named() {
    let (app, _) = with_records().await;
    for (from, to) in [(2, 100), (3, 2), (100, 3)] {
        app.sql(&format!("UPDATE ledger SET seq = {to} WHERE seq = {from} AND {OF_USER}")).await;
    }
    assert!(faults(&app, &[]).await.contains(&"edited 2".to_owned()));
}

#[actix_web::test]
async fn s40_a_tail_that_was_cut_off_is_found_by_the_head_and_where_that_was_changed_by_the_checkpoint() {
    let (app, kept) = with_records().await;
    app.sql(&format!("DELETE FROM ledger WHERE seq > 3 AND {OF_USER}")).await;
    assert_eq!(faults(&app, &[]).await, ["cut 4"]);
    app.sql(&format!(
        "UPDATE owners SET ledger_seq = 3, ledger_head = (SELECT hash FROM ledger WHERE seq = 3 AND {OF_USER}) \
         WHERE {OF_USER}"
    ))
    .await;
    assert_eq!(faults(&app, &[]).await, ["cut 5"], "the checkpoint was signed over five records");
    // With the checkpoints cut off too, the one that was kept elsewhere tells.
    app.sql("DELETE FROM ledger_checkpoint_heads; DELETE FROM ledger_checkpoints").await;
    assert_eq!(faults(&app, &[]).await, Vec::<String>::new());
    assert_eq!(faults(&app, &["--checkpoint", &kept]).await, ["kept-checkpoint 1"]);
}

/// Two signed heads of one number: the one that was put back says that the other was made later.
#[actix_web::test]
async fn s40_a_tail_that_was_written_anew_under_a_second_checkpoint_is_found_by_the_first() {
    let (app, kept) = with_records().await;
    app.sql(&format!("DELETE FROM ledger WHERE seq > 3 AND {OF_USER}")).await;
    app.sql(&format!(
        "UPDATE owners SET ledger_seq = 3, ledger_head = (SELECT hash FROM ledger WHERE seq = 3 AND {OF_USER}) \
         WHERE {OF_USER}"
    ))
    .await;
    app.sql(&format!("UPDATE ledger_checkpoint_heads SET seq = 0 WHERE checkpoint = 1 AND {OF_USER}")).await;
    for _ in 0..2 {
        export(&app, &app.demo, "web").await;
    }
    told(&app, &["audit", "checkpoint"]).await;
    app.sql(&format!("UPDATE ledger_checkpoint_heads SET seq = 5 WHERE checkpoint = 1 AND {OF_USER}")).await;
    assert_eq!(faults(&app, &["--checkpoint", &kept]).await, ["rewritten 5"]);
}

#[actix_web::test]
async fn s40_a_chain_that_is_gone_as_a_whole_is_found_by_the_checkpoint() {
    let (app, _) = with_records().await;
    app.sql(&format!("DELETE FROM ledger WHERE {OF_USER}")).await;
    app.sql(&format!("UPDATE owners SET ledger_seq = 0, ledger_head = NULL WHERE {OF_USER}")).await;
    assert_eq!(faults(&app, &[]).await, ["cut 5"]);
}

#[actix_web::test]
async fn s40_a_checkpoint_that_was_changed_or_signed_by_another_is_named() {
    let (app, _) = with_records().await;
    app.sql("UPDATE ledger_checkpoints SET at = at + 1").await;
    assert_eq!(faults(&app, &[]).await, ["checkpoint 1"]);
    app.sql("UPDATE ledger_checkpoints SET at = at - 1, key_name = 'nobodys'").await;
    assert_eq!(faults(&app, &[]).await, ["signature 1"], "it is good for whoever made the key, and for nobody else");
    // Nothing is signed on top of it, which would vouch for it.
    export(&app, &app.demo, "web").await;
    let refused = run(&app, &["audit", "checkpoint"]).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--trust-last"));
    told(&app, &["audit", "checkpoint", "--trust-last"]).await;
    assert_eq!(faults(&app, &[]).await, Vec::<String>::new());
}

#[actix_web::test]
async fn s40_a_retired_master_keys_checkpoints_are_vouched_for_by_the_next() {
    let (app, kept) = with_records().await;
    told(&app, &["master-key", "add"]).await;
    told(&app, &["master-key", "set-primary", "default", "2"]).await;
    told(&app, &["rewrap"]).await;
    told(&app, &["master-key", "retire", "default", "1"]).await;
    assert_eq!(faults(&app, &["--checkpoint", &kept]).await, Vec::<String>::new());
}

#[actix_web::test]
async fn s40_a_ledger_that_grows_while_it_is_verified_is_valid() {
    let app = TestApp::spawn().await;
    create(&app, &app.demo, "web").await;
    let exports = async {
        for _ in 0..150 {
            export(&app, &app.demo, "web").await;
        }
    };
    let verifying = async {
        for _ in 0..4 {
            assert_eq!(faults(&app, &[]).await, Vec::<String>::new());
        }
    };
    tokio::join!(exports, verifying);
}

/// The signing has a thread of its own: on SQLite, reading never lets another task in.
#[actix_web::test]
async fn s40_a_ledger_that_is_signed_while_it_is_verified_is_valid() {
    let app = TestApp::spawn().await;
    let region = Region::parse(&app.settings.region).unwrap();
    let audit = Audit::new(app.store.clone(), app.vault.clone(), region.clone());
    let chains: Vec<Chain> = (0..40).map(|n| Chain::parse(&format!("u:{n:02}")).unwrap()).collect();
    for chain in &chains {
        app.store.ledger_append(&region, chain, exported()).await.unwrap();
    }
    let (store, signer, over) = (app.store.clone(), audit.clone(), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&over);
    let signing = async move {
        for chain in chains.iter().rev().cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
            store.ledger_append(&region, chain, exported()).await.unwrap();
            signer.checkpoint(Trust::KnownKeys, &mut |_| {}).await.unwrap();
        }
    };
    let signing = std::thread::spawn(|| actix_web::rt::Runtime::new().unwrap().block_on(signing));
    let mut found = Vec::new();
    for _ in 0..15 {
        found.extend(audit.verify(None).await.unwrap().findings);
    }
    over.store(true, Ordering::Relaxed);
    signing.join().unwrap();
    assert_eq!(found, []);
}

fn exported() -> Entry {
    let via = Via { dialect: Dialect::Cli, client: None, request_id: None };
    Entry::done(Event::Export, Actor { user: "os:test".to_owned(), project: None, via }, Subject::default())
}

#[actix_web::test]
async fn s40_many_writers_leave_one_valid_chain() {
    let app = TestApp::spawn().await;
    keep(&app, &app.demo, 20).await;
    let names: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
    futures_util::future::join_all(names.iter().map(|name| export(&app, &app.demo, name))).await;
    told(&app, &["audit", "checkpoint"]).await;
    let told = told(&app, &["audit", "verify"]).await;
    assert_eq!(told, "40 records in 1 chains, 1 checkpoints\n");
}

#[actix_web::test]
async fn s42_what_is_shown_of_the_ledger_is_recorded_in_it() {
    let app = TestApp::spawn().await;
    create(&app, &app.demo, "web").await;
    create(&app, &app.demo, "other").await;
    export(&app, &app.demo, "web").await;
    let user = app.demo.user_id.clone();
    let arguments = ["audit", "list", "--user-id", &user, "--key-pair", "web", "--output", "json"];
    let shown: Value = serde_json::from_str(&told(&app, &arguments).await).unwrap();
    let events: Vec<_> = shown.as_array().unwrap().iter().map(|record| record["event"].clone()).collect();
    assert_eq!(events, [json!("create"), json!("export"), json!("audit-read")]);
    assert!(shown[2]["user_id"].as_str().unwrap().starts_with("os:"));
    let table = told(&app, &["audit", "list", "--user-id", &user]).await;
    assert!(table.lines().next().unwrap().starts_with("SEQ "), "{table}");
    assert_eq!(table.matches("audit-read").count(), 2, "{table}");
    let too_many = ["audit", "list", "--operator", "--limit", "1001"];
    for arguments in [&["audit", "list"][..], &["audit", "list", "--operator", "--user-id", "x"], &too_many] {
        assert_eq!(run(&app, arguments).await.status.code(), Some(2));
    }
}
