//! `keypaird doctor`: what is wrong with a set-up is found and named, and nothing is changed.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::{Service, keypaird, run, text};

/// The exit status, and the findings as (check, verdict, what was found and what to do).
fn examined(directory: &Path, arguments: &[&str]) -> (Option<i32>, Vec<(String, String, String)>) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (api, admin) = (format!("http.listen={free}"), format!("admin.listen={admin}"));
    let mut command = keypaird(directory, &["doctor", "--format", "json", "--set", &api, "--set", &admin]);
    let output = command.args(arguments).output().unwrap();
    let told: Vec<Value> =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    let word = |finding: &Value, member: &str| finding[member].as_str().unwrap_or_default().to_owned();
    let finding =
        |it: &Value| (word(it, "check"), word(it, "verdict"), format!("{}; {}", word(it, "found"), word(it, "remedy")));
    (output.status.code(), told.iter().map(finding).collect())
}

/// That this check has this verdict, in words that have these in them.
fn assert_found(findings: &[(String, String, String)], check: &str, verdict: &str, words: &str) {
    let is_it = |(of, is, told): &&(String, String, String)| of == check && is == verdict && told.contains(words);
    assert!(findings.iter().any(|it| is_it(&it)), "{check} {verdict} {words}: {findings:#?}");
}

#[test]
fn before_the_first_start_there_is_no_problem_and_nothing_is_made() {
    let directory = TempDir::new().unwrap();
    let (status, findings) = examined(directory.path(), &[]);
    assert_eq!(status, Some(0), "{findings:#?}");
    for check in ["files", "schema", "master keys"] {
        assert_found(&findings, check, "ok", "the first start makes it");
    }
    assert_found(&findings, "ports", "ok", "(http.listen) is free");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn beside_a_service_that_runs_everything_is_looked_at() {
    let service = Service::start(&[]);
    let listens = ["api", "health"].map(|listener| service.started[listener].as_str().unwrap().to_owned());
    let (api, admin) = (format!("http.listen={}", listens[0]), format!("admin.listen={}", listens[1]));
    let arguments = ["--set", &api, "--set", &admin];
    let (status, findings) = examined(service.directory.path(), &arguments);
    assert_eq!(status, Some(0), "{findings:#?}");
    assert_found(&findings, "service", "ok", "it runs: {\"status\":\"ready\"");
    assert_found(&findings, "ports", "ok", "is taken by the service that runs");
    assert_found(&findings, "schema", "ok", "this version's");
    assert_found(&findings, "master keys", "ok", "are the database's");
    assert_found(&findings, "clouds.yaml", "ok", "logs in");
    let table = keypaird(service.directory.path(), &["doctor"]).args(arguments).output().unwrap();
    assert!(text(&table.stdout).starts_with("CHECK "), "{}", text(&table.stdout));

    let password = service.directory.path().join("password");
    fs::write(&password, "another password").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let set = run(service.directory.path(), &["user", "set", "demo", "--password-file", "password"]);
    assert!(set.status.success(), "{}", text(&set.stderr));
    let (status, findings) = examined(service.directory.path(), &arguments);
    assert_eq!(status, Some(0), "a warning is no problem");
    assert_found(&findings, "clouds.yaml", "warning", "does not log in");
}

#[test]
fn files_that_are_wrong_are_named_with_what_to_do() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let settings = ["--data-dir", data.to_str().unwrap()];
    assert_eq!(Service::start(&settings).stop().0, Some(0));
    let key = data.join("master.key");
    let own = fs::read_to_string(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (status, findings) = examined(directory.path(), &[]);
    assert_eq!(status, Some(1));
    assert_found(&findings, "files", "problem", "run `chmod 600 data/master.key`");
    assert_found(&findings, "master keys", "problem", "has mode 0644");
    fs::remove_file(&key).unwrap();
    assert_found(&examined(directory.path(), &[]).1, "master keys", "problem", "master.key");
    assert!(run(directory.path(), &["master-key", "create", "data/master.key"]).status.success());
    assert_found(&examined(directory.path(), &[]).1, "master keys", "problem", "restore the right file");
    fs::write(&key, &own).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let (status, findings) = examined(directory.path(), &[]);
    assert_eq!(status, Some(0), "{findings:#?}");
    assert_found(&findings, "files", "warning", "run `chmod 700 data`");
}

#[test]
fn a_schema_of_another_version_is_told_and_left_as_it_is() {
    let directory = TempDir::new().unwrap();
    assert!(run(directory.path(), &["migrate"]).status.success());
    let path = directory.path().join("data/keypaird.sqlite");
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let newest = "(SELECT max(version) FROM __diesel_schema_migrations)";
    database.batch_execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = {newest}")).unwrap();
    for _ in 0..2 {
        let (status, findings) = examined(directory.path(), &[]);
        assert_eq!(status, Some(0), "{findings:#?}");
        assert_found(&findings, "schema", "warning", "back the database up before");
    }
    database.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").unwrap();
    let (status, findings) = examined(directory.path(), &[]);
    assert_eq!(status, Some(1));
    assert_found(&findings, "schema", "problem", "run the newer version here");
}

#[test]
fn a_database_a_port_and_an_identity_that_cannot_be_used_are_all_told_at_once() {
    let directory = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (name, content) in
        [("url", format!("postgres://keypaird:hunter2@{free}/keypaird")), ("password", "secret".into())]
    {
        fs::write(directory.path().join(name), content).unwrap();
        fs::set_permissions(directory.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let listen = format!("http.listen={}", taken.local_addr().unwrap());
    let mut settings = super::keystone::KEYSTONE.to_vec();
    settings.extend(["--set", "identity.keystone.password_file=password", "--set", &listen]);
    settings.extend(["--set", "database.url_file=url", "--set", "vault.master_key_file=master.key"]);
    let (status, findings) = examined(directory.path(), &settings);
    assert_eq!(status, Some(1));
    assert_found(&findings, "database", "problem", "cannot open the database postgres://keypaird:***@");
    assert_found(&findings, "ports", "problem", "end what listens there");
    assert_found(&findings, "keystone", "problem", "identity.keystone.auth_url");
    assert_found(&findings, "master keys", "problem", "master.key");
}

#[test]
fn settings_that_do_not_fit_are_the_first_finding() {
    let directory = TempDir::new().unwrap();
    let (status, findings) = examined(directory.path(), &["--set", "http.listn=1", "--set", "region=?"]);
    assert_eq!(status, Some(1));
    assert_found(&findings, "settings", "problem", "http.listn");
}

#[tokio::test]
async fn a_postgresql_is_looked_at_without_being_migrated() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return };
    let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
    tokio::spawn(connection);
    let schema = format!("doctor_{}", std::process::id());
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let directory = TempDir::new().unwrap();
    let url = directory.path().join("url");
    fs::write(&url, format!("{server}?options=-csearch_path%3D{schema}")).unwrap();
    fs::set_permissions(&url, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(run(directory.path(), &["master-key", "create", "master.key"]).status.success());
    let settings = ["--set", "database.url_file=url", "--set", "vault.master_key_file=master.key"];

    let (status, findings) = examined(directory.path(), &settings);
    assert_eq!(status, Some(0), "{findings:#?}");
    assert_found(&findings, "schema", "ok", "there is none yet");
    let tables = format!("SELECT count(*) FROM information_schema.tables WHERE table_schema = '{schema}'");
    let tables: i64 = client.query_one(&tables, &[]).await.unwrap().get(0);
    assert_eq!(tables, 0, "nothing was made");

    assert!(run(directory.path(), &[&["migrate"], &settings[..]].concat()).status.success());
    let (status, findings) = examined(directory.path(), &settings);
    assert_eq!(status, Some(0), "{findings:#?}");
    assert_found(&findings, "schema", "ok", "this version's");
    assert_found(&findings, "clock", "ok", "agrees");
    assert_found(&findings, "master keys", "ok", "are the database's");
    client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
