//! What lies on disk after the service has worked: S49.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::support::TestApp;
use super::support::known_key::KnownKey;
use super::told;

/// Ten each are made of these.
const KINDS: [[(&str, &str); 2]; 6] = [
    [("algorithm", "rsa-2048"), ("key_protection", "default")],
    [("algorithm", "ed25519"), ("key_protection", "default")],
    [("algorithm", "ecdsa-p256"), ("private_key_format", "pkcs8")],
    [("algorithm", "rsa-2048"), ("private_key_format", "openssh")],
    [("algorithm", "ed25519"), ("private_key_format", "pkcs8")],
    [("type", "x509"), ("key_protection", "default")],
];

/// Creates, exports, imports, moves, seals anew and clears. Returns all private keys.
async fn load(app: &TestApp) -> Vec<KnownKey> {
    let mut keys = Vec::new();
    for number in 0..60 {
        let mut keypair = json!({ "name": format!("k{number}") });
        for (member, value) in KINDS[number % KINDS.len()] {
            keypair[member] = json!(value);
        }
        let made = app.kps(&app.demo, "POST", "", json!({ "keypair": keypair })).await.expect(200);
        keys.push(KnownKey::new(&made.body["keypair"]));
    }
    for (number, key) in keys.iter().enumerate() {
        let key_protection = json!({ "private_key": key.private_key, "encryption": { "type": "default" } });
        let import = json!({ "keypair": { "name": key.name, "key_protection": key_protection } });
        app.kps_v3(&app.demo, "POST", "/private-key/import", import.clone()).await.expect(200);
        let mut wishes = vec![json!({}), json!({ "private_key_format": "pkcs8" })];
        // bcrypt takes its time, and its cipher has no other way out.
        wishes.extend((number < KINDS.len()).then(|| json!({ "passphrase": "correct horse" })));
        for wish in wishes {
            let mut keypair = json!({ "name": key.name });
            keypair.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
            let answer = app.kps_v3(&app.demo, "POST", "/private-key/export", json!({ "keypair": keypair })).await;
            let is_certificate = key.public_key.starts_with("-----BEGIN CERTIFICATE");
            answer.expect(if is_certificate && wish != json!({}) { 400 } else { 200 });
        }
        if number % 4 == 0 {
            app.kps_v3(&app.demo, "DELETE", &format!("/{}/private-key", key.name), Value::Null).await.expect(200);
        }
        if number % 8 == 0 {
            app.kps_v3(&app.demo, "POST", "/private-key/import", import).await.expect(200);
        }
    }
    for command in [&["master-key", "add"][..], &["master-key", "set-primary", "default", "2"], &["rewrap"]] {
        told(app, command).await;
    }
    told(app, &["reseal", "--suite", "chacha20-poly1305", "--set", "vault.suite=chacha20-poly1305"]).await;
    keys
}

/// The files below those folders that have one of the needles. They go to grep by a pipe, not by a file that it would find.
fn files_with(needles: &[Vec<u8>], folders: &[&Path]) -> Vec<String> {
    let mut grep = Command::new("grep");
    grep.env("LC_ALL", "C").args(["--recursive", "--text", "--fixed-strings", "--files-with-matches", "--file=-"]);
    grep.args(folders).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = grep.spawn().unwrap();
    // A needle is a line to grep: of one that has line ends, the longest part.
    let lines = needles.iter().map(|needle| needle.split(|byte| *byte == b'\n').max_by_key(|part| part.len()).unwrap());
    let lines: Vec<&[u8]> = lines.filter(|line| line.len() >= 8).collect();
    running.stdin.take().unwrap().write_all(&lines.join(&b'\n')).unwrap();
    let output = running.wait_with_output().unwrap();
    // A database's files come and go. Whatever else cannot be read was not searched.
    let complaints = String::from_utf8(output.stderr).unwrap();
    let unread: Vec<_> = complaints.lines().filter(|line| !line.ends_with(": No such file or directory")).collect();
    assert!(unread.is_empty(), "not searched: {unread:#?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Private keys in each form in which they could lie there. What two of them share is their file's form, and no secret.
fn needles(keys: &[KnownKey]) -> Vec<Vec<u8>> {
    let mut times: HashMap<Vec<u8>, usize> = HashMap::new();
    keys.iter().flat_map(KnownKey::stored).for_each(|needle| *times.entry(needle).or_default() += 1);
    times.into_iter().filter(|(_, times)| *times == 1).map(|(needle, _)| needle).collect()
}

/// Fails if one of the private keys is in a file of the folder, or if its public keys are not: then this is not where the
/// service writes, or the search does not see.
fn assert_none_in(folder: &Path, keys: &[KnownKey]) {
    let public: Vec<Vec<u8>> = keys.iter().map(|key| key.public_key[..200.min(key.public_key.len())].into()).collect();
    assert!(!files_with(&public, &[folder]).is_empty(), "{}: no public key is there", folder.display());
    assert_eq!(files_with(&needles(keys), &[folder]), Vec::<String>::new(), "private keys");
}

/// A copy of the database, as a backup has it, in a folder of its own.
async fn dumped(app: &TestApp) -> TempDir {
    let folder = TempDir::new().unwrap();
    let dump = folder.path().join("dump");
    let Some(url) = &app.settings.database.url else {
        app.sql(&format!("VACUUM INTO '{}'", dump.display())).await;
        return folder;
    };
    let tools = shown(url, "SELECT setting FROM pg_config WHERE name = 'BINDIR'").await;
    let schema = shown(url, "SELECT current_schema()").await;
    let mut pg_dump = Command::new(Path::new(&tools).join("pg_dump"));
    pg_dump.arg("--schema").arg(schema).arg("--file").arg(&dump).arg("--dbname").arg(url);
    let output = pg_dump.output().unwrap_or_else(|error| panic!("{tools}/pg_dump: {error}"));
    assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// One word that PostgreSQL answers.
async fn shown(url: &str, sql: &str) -> String {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let driver = actix_web::rt::spawn(connection);
    let shown = client.query_one(sql, &[]).await.unwrap().get::<_, String>(0);
    drop(client);
    driver.await.unwrap().unwrap();
    shown
}

/// Where PostgreSQL has its tables, its write-ahead log and its log.
async fn server_directory(url: &str) -> PathBuf {
    let directory = PathBuf::from(shown(url, "SHOW data_directory").await);
    let is_readable = fs::read_dir(&directory).is_ok();
    assert!(is_readable, "the PostgreSQL of TEST_DATABASE_URL has its files in {}, out of reach", directory.display());
    directory
}

#[actix_web::test]
async fn s49_neither_the_database_nor_its_log_nor_a_dump_holds_a_private_key() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1000")]).await;
    let keys = load(&app).await;
    let dump = dumped(&app).await;
    match &app.settings.database.url {
        None => assert_none_in(app.directory.path(), &keys),
        Some(url) => {
            app.sql("CHECKPOINT").await;
            assert_none_in(&server_directory(url).await, &keys);
            let beside = [app.directory.path()];
            assert_eq!(files_with(&needles(&keys), &beside), Vec::<String>::new(), "in the data directory");
        }
    }
    assert_none_in(dump.path(), &keys);
}

#[actix_web::test]
async fn s49_the_search_sees_a_private_key_in_each_form() {
    let app = TestApp::spawn().await;
    for kind in KINDS {
        let mut keypair = json!({ "name": "seen" });
        kind.iter().for_each(|(member, value)| keypair[*member] = json!(value));
        let made = app.kps(&app.demo, "POST", "", json!({ "keypair": keypair })).await.expect(200);
        app.kps(&app.demo, "DELETE", "/seen", Value::Null).await.expect(202);
        let key = KnownKey::new(&made.body["keypair"]);
        let folder = TempDir::new().unwrap();
        for (place, form) in key.stored().into_iter().chain([key.private_key.clone().into_bytes()]).enumerate() {
            let inside = [&[0, 255, 1][..], &form, &[0, 7]].concat();
            fs::write(folder.path().join(place.to_string()), inside).unwrap();
        }
        let written = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files_with(&needles(&[key]), &[folder.path()]).len(), written, "{kind:?}");
    }
}
