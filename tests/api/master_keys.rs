//! Master keys: which file a start takes, and how a running service follows it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use keypaird::app::{Application, StartError};
use keypaird::domain::{
    KekId, KeyPair, KeyPairName, Owner, PrivateKeyPem, Protection, Region, SealedPrivateKey, UserId,
};
use keypaird::store::MasterKeyCheck;
use keypaird::vault::{Binding, MasterKeyFile, MasterKeys};
use serde_json::{Value, json};

use crate::support::TestApp;

fn file(app: &TestApp) -> PathBuf {
    keypaird::app::master_key_file(&app.settings)
}

/// Makes a key pair whose private key is kept; its row.
async fn keep(app: &TestApp, name: &str) -> SealedPrivateKey {
    let body = json!({ "keypair": { "name": name, "key_protection": "default" } });
    app.kps(&app.demo, "POST", "", body).await.expect(200);
    row(app, name).await.1
}

async fn row(app: &TestApp, name: &str) -> (KeyPair, SealedPrivateKey) {
    let region = Region::parse(&app.settings.region).unwrap();
    let owner = Owner::User(UserId::parse(&app.demo.user_id).unwrap());
    app.store.sealed_private_key(&region, &owner, &KeyPairName::parse(name).unwrap()).await.unwrap().unwrap()
}

async fn opens(app: &TestApp, name: &str) -> bool {
    let (pair, sealed) = row(app, name).await;
    app.vault.open(&sealed, &Binding::of(app.store.instance(), &pair)).await.is_ok()
}

/// Why a second service on the same settings does not start; panics if it does.
async fn refusal(app: &TestApp) -> StartError {
    match Application::build(&app.settings).await {
        Ok(_) => panic!("it starts"),
        Err(refused) => refused,
    }
}

async fn known(app: &TestApp) -> Vec<MasterKeyCheck> {
    app.store.master_key_checks().await.unwrap()
}

fn open(app: &TestApp) -> MasterKeyFile {
    MasterKeyFile::open(&file(app)).unwrap()
}

#[actix_web::test]
async fn s20_a_key_that_rows_use_cannot_be_taken_out_of_the_file_and_the_count_is_told() {
    let app = TestApp::spawn().await;
    keep(&app, "one").await;
    keep(&app, "two").await;
    let old = open(&app).keys().primary_id().clone();
    let new = open(&app).add_key(None).unwrap();
    open(&app).set_primary(&new).unwrap();
    open(&app).remove(&old).unwrap();
    let refused = refusal(&app).await;
    assert!(matches!(&refused, StartError::MasterKeyGone { rows: 2, kek, .. } if *kek == old), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("2 private keys") && text.contains("from a backup") && text.contains("rewrap"), "{text}");
}

#[actix_web::test]
async fn s20_a_file_that_is_gone_is_refused_with_the_count_and_not_made_anew() {
    let app = TestApp::spawn().await;
    let path = file(&app);
    let aside = path.with_extension("aside");
    fs::rename(&path, &aside).unwrap();
    let text = refusal(&app).await.to_string();
    assert!(text.contains("0 private keys") && text.contains("retire --missing default 1"), "{text}");
    fs::rename(&aside, &path).unwrap();
    keep(&app, "one").await;
    fs::rename(&path, &aside).unwrap();
    let text = refusal(&app).await.to_string();
    assert!(text.contains("1 private keys") && !text.contains("--missing"), "{text}");
    assert!(!path.exists());
}

#[actix_web::test]
async fn s21_another_key_under_a_known_name_is_refused_and_nothing_is_written() {
    let app = TestApp::spawn().await;
    keep(&app, "one").await;
    let before = known(&app).await;
    let path = file(&app);
    let own = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    MasterKeys::create(&path).unwrap();
    // A further key, which the database does not know: it is not made known by a file that does not fit.
    open(&app).add_key(Some("further")).unwrap();
    let refused = refusal(&app).await;
    assert!(matches!(refused, StartError::MasterKeyWrong { rows: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("restore the right file"), "{refused}");
    assert_eq!(known(&app).await, before);
    fs::write(&path, own).unwrap();
    assert!(Application::build(&app.settings).await.is_ok(), "with its own key it starts");
}

#[actix_web::test]
async fn s21_a_second_instance_with_a_key_of_its_own_is_refused() {
    let app = TestApp::spawn().await;
    let mut second = app.settings.clone();
    let path = app.directory.path().join("second.key");
    MasterKeys::create(&path).unwrap();
    second.vault.master_key_file = Some(path);
    let refused = Application::build(&second).await.err().unwrap();
    assert!(matches!(refused, StartError::MasterKeyWrong { .. }), "{refused}");
}

/// Waits until the service seals by that key. What it seals meanwhile is deleted again.
async fn until_sealed_by(app: &TestApp, kek: &KekId) {
    let begun = Instant::now();
    loop {
        let sealed_by = keep(app, "try").await.kek;
        app.kps(&app.demo, "DELETE", "/try", Value::Null).await.expect(202);
        if sealed_by == *kek {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the service does not follow its file");
        actix_web::rt::time::sleep(Duration::from_millis(500)).await;
    }
}

#[actix_web::test]
async fn a_running_service_follows_its_file_and_a_damaged_one_changes_nothing() {
    let app = TestApp::spawn_with(&[("keypair.algorithm", "ed25519")]).await;
    keep(&app, "one").await;
    let old = open(&app).keys().primary_id().clone();
    let new = open(&app).add_key(None).unwrap();
    open(&app).set_primary(&new).unwrap();
    until_sealed_by(&app, &new).await;
    assert!(opens(&app, "one").await);
    assert_eq!(known(&app).await.len(), 2, "the new key's check value is there");

    let path = file(&app);
    let good = fs::read(&path).unwrap();
    fs::write(&path, "damaged").unwrap();
    assert!(app.vault.reload_master_keys().await.unwrap_err().to_string().contains("line 1"));
    assert_eq!(keep(&app, "damaged").await.kek, new);
    assert!(opens(&app, "one").await && opens(&app, "damaged").await);

    // A file without a key that rows need is no better.
    fs::write(&path, good).unwrap();
    open(&app).remove(&old).unwrap();
    let failed = app.vault.reload_master_keys().await.unwrap_err().to_string();
    assert!(failed.contains("1 private keys and secrets are sealed by it"), "{failed}");
    assert!(opens(&app, "one").await);
}

#[actix_web::test]
async fn a_row_of_a_key_that_another_replica_has_added_opens_at_once() {
    let app = TestApp::spawn().await;
    let mut settings = app.settings.clone();
    settings.http.listen.set_port(0);
    let new = open(&app).add_key(None).unwrap();
    open(&app).set_primary(&new).unwrap();
    let replica = Application::build(&settings).await.unwrap();
    keep(&app, "one").await;
    let (pair, _) = row(&app, "one").await;
    let binding = Binding::of(app.store.instance(), &pair);
    let fresh = replica.vault().fresh_data_key(&Protection::Default, &binding.row).await.unwrap();
    let text = PrivateKeyPem::new("text".to_owned());
    let sealed = replica.vault().seal(fresh, &binding, &text).await.unwrap();
    assert_eq!(sealed.kek, new);
    assert_eq!(app.vault.open(&sealed, &binding).await.unwrap().expose(), "text");
}

/// Runs `keypaird master-key …` on the app's own settings: exit status, stdout, stderr.
fn command(app: &TestApp, arguments: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keypaird"));
    command.current_dir(app.directory.path()).env_clear().env("KEYPAIRD__DATA__DIR", app.directory.path());
    if let Some(url) = &app.settings.database.url {
        command.env("KEYPAIRD__DATABASE__URL", url).env("KEYPAIRD__VAULT__MASTER_KEY_FILE", file(app));
    }
    let output = command.arg("master-key").args(arguments.split_whitespace()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn done(app: &TestApp, arguments: &str) -> String {
    let (code, stdout, stderr) = command(app, arguments);
    assert_eq!(code, Some(0), "{arguments}: {stderr}");
    stdout
}

fn refused(app: &TestApp, arguments: &str, said: &str) {
    let (code, stdout, stderr) = command(app, arguments);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{arguments}");
    assert!(stderr.starts_with("keypaird: ") && stderr.contains(said), "{arguments}: {stderr}");
}

/// Each key's name and version, whether it is the primary, how many rows it has, and its state.
fn listed(app: &TestApp) -> Vec<(String, bool, u64, String)> {
    let keys: Vec<Value> = serde_json::from_str(&done(app, "list --output json")).unwrap();
    let key = |key: &Value| {
        assert_eq!(key["check_value"].as_str().unwrap().len(), 16);
        let text = |member: &str| key[member].as_str().unwrap().to_owned();
        let name = format!("{} {}", text("name"), key["version"]);
        (name, key["primary"].as_bool().unwrap(), key["rows"].as_u64().unwrap(), text("state"))
    };
    keys.iter().map(key).collect()
}

fn key(name: &str, primary: bool, rows: u64, state: &str) -> (String, bool, u64, String) {
    (name.to_owned(), primary, rows, state.to_owned())
}

/// As if the file had been left alone for a minute.
fn leave_alone(app: &TestApp) {
    let opened = fs::File::options().append(true).open(file(app)).unwrap();
    opened.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
}

#[actix_web::test]
async fn keys_are_added_used_and_retired_by_commands_beside_a_running_service() {
    let app = TestApp::spawn_with(&[("keypair.algorithm", "ed25519")]).await;
    let old = keep(&app, "one").await.kek;
    assert!(done(&app, "add").contains("keypaird master-key set-primary default 2"));
    assert!(done(&app, "add --name spare").contains("'spare' version 1"));
    assert_eq!(listed(&app)[0], key("default 1", true, 1, "ok"));
    assert!(done(&app, "set-primary default 2").contains("follow within seconds"));
    let new = KekId { version: 2, ..old };
    until_sealed_by(&app, &new).await;
    leave_alone(&app);
    refused(
        &app,
        "retire default 1",
        "1 private keys and secrets are sealed by master key 'default' version 1: run `keypaird rewrap`",
    );
    refused(&app, "retire default 2", "set-primary");
    refused(&app, "retire default 3", "holds no master key 'default' version 3");
    refused(&app, "set-primary default 3", "holds no master key");
    refused(&app, "retire --missing default 2", "leave out --missing");
    refused(&app, "retire --missing default 9", "knows no master key");
    app.kps(&app.demo, "DELETE", "/one", Value::Null).await.expect(202);
    assert!(done(&app, "retire default 1").contains("is retired"));
    done(&app, "retire spare 1");
    let rows = listed(&app);
    assert!(rows.len() == 1 && rows[0].0 == "default 2" && rows[0].1 && rows[0].3 == "ok", "{rows:?}");
    assert!(done(&app, "list").starts_with("NAME     VERSION  PRIMARY  CHECK             ROWS  STATE\ndefault  2"));
    assert!(Application::build(&app.settings).await.is_ok());
}

#[actix_web::test]
async fn retiring_waits_until_every_service_has_followed_the_last_change_of_the_file() {
    let app = TestApp::spawn().await;
    done(&app, "add");
    leave_alone(&app);
    let file = open(&app);
    assert!(file.age() > Duration::from_secs(50));
    drop(file);
    done(&app, "set-primary default 2");
    let begun = Instant::now();
    let (code, _, stderr) = command(&app, "retire default 1");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("waiting") && begun.elapsed() > Duration::from_secs(8), "{stderr}");
}

#[actix_web::test]
async fn s21_a_key_that_is_lost_before_any_private_key_was_kept_can_be_forgotten() {
    let app = TestApp::spawn().await;
    fs::remove_file(file(&app)).unwrap();
    assert_eq!(listed(&app), [key("default 1", false, 0, "missing")]);
    assert!(refusal(&app).await.to_string().contains("`keypaird master-key retire --missing default 1`"));
    done(&app, "retire --missing default 1");
    if app.settings.vault.master_key_file.is_some() {
        assert!(refusal(&app).await.to_string().contains("keypaird master-key create"));
        MasterKeys::create(&file(&app)).unwrap();
    }
    assert!(Application::build(&app.settings).await.is_ok());
    assert_eq!(listed(&app), [key("default 1", true, 0, "ok")]);
}

#[actix_web::test]
async fn s21_a_wrong_file_is_shown_and_its_lost_key_cannot_be_forgotten_while_rows_need_it() {
    let app = TestApp::spawn().await;
    keep(&app, "one").await;
    fs::remove_file(file(&app)).unwrap();
    MasterKeys::create(&file(&app)).unwrap();
    assert_eq!(listed(&app), [key("default 1", true, 1, "another")]);
    refused(&app, "retire --missing default 1", "1 private keys and secrets are sealed by");
}
