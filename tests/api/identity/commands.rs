//! `keypaird user`, `project`, `role` and `bootstrap`, beside a running service.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{by_password, get, log_in, scoped, token_of};
use crate::support::TestApp;

/// Runs the program on the service's own data directory and database.
fn keypaird(app: &TestApp, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keypaird"));
    command.args(arguments).arg("--data-dir").arg(&app.settings.data.dir).current_dir(app.directory.path());
    if let Some(url) = &app.settings.database.url {
        command.env("KEYPAIRD__DATABASE__URL", url);
        command.env("KEYPAIRD__VAULT__MASTER_KEY_FILE", app.settings.vault.master_key_file.as_ref().unwrap());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What it prints, where it must succeed.
#[track_caller]
fn ok(app: &TestApp, arguments: &[&str]) -> String {
    let output = keypaird(app, arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Its exit status and what it says, where it must not succeed.
#[track_caller]
fn fails(app: &TestApp, arguments: &[&str]) -> (i32, String) {
    let output = keypaird(app, arguments, "");
    assert!(!output.status.success(), "{arguments:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn password_file(directory: &Path, password: &str, mode: u32) -> PathBuf {
    let path = directory.join(format!("password-{mode:o}"));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).unwrap();
    file.write_all(password.as_bytes()).unwrap();
    path
}

#[actix_web::test]
async fn a_user_made_with_a_random_password_logs_in_with_it() {
    let app = TestApp::spawn().await;
    let made: Value = serde_json::from_str(&ok(&app, &["user", "create", "ci", "--output", "json"])).unwrap();
    let user = json!({ "id": made["id"], "password": made["password"] });
    let login = |scope| scoped(json!({ "methods": ["password"], "password": { "user": user } }), scope);
    log_in(&app, login(Value::Null)).await.expect(201);
    let demo = json!({ "project": { "name": "demo" } });
    log_in(&app, login(demo.clone())).await.expect(401);
    ok(&app, &["role", "add", "--user", "ci", "--project", "demo", "member"]);
    log_in(&app, login(demo)).await.expect(201);
    assert!(ok(&app, &["role", "list", "--user", "ci"]).contains("ci    member  project  demo"));
}

#[actix_web::test]
async fn passwords_come_from_private_files_or_stdin() {
    let app = TestApp::spawn().await;
    let private = password_file(app.directory.path(), &format!("{}\n", TestApp::PASSWORD), 0o600);
    let made = ok(&app, &["user", "create", "one", "--password-file", private.to_str().unwrap()]);
    assert!(!made.contains("password"), "{made}");
    log_in(&app, by_password("one", Value::Null)).await.expect(201);
    let output = keypaird(&app, &["user", "create", "two", "--password-file", "-"], TestApp::PASSWORD);
    assert!(output.status.success());
    log_in(&app, by_password("two", Value::Null)).await.expect(201);
    let open = password_file(app.directory.path(), TestApp::PASSWORD, 0o644);
    let (code, said) = fails(&app, &["user", "create", "three", "--password-file", open.to_str().unwrap()]);
    assert!(code == 1 && said.contains("chmod 600"), "{said}");
    let short = keypaird(&app, &["user", "create", "three", "--password-file", "-"], "short");
    assert!(String::from_utf8(short.stderr).unwrap().contains("12 characters"));
}

#[actix_web::test]
async fn a_disabled_user_is_refused_within_five_seconds_and_may_come_back() {
    let app = TestApp::spawn().await;
    let token = token_of(&app, by_password("ann", Value::Null)).await;
    get(&app, &token, "/identity/v3/auth/projects").await.expect(200);
    ok(&app, &["user", "set", "ann", "--disable"]);
    log_in(&app, by_password("ann", Value::Null)).await.expect(401);
    actix_web::rt::time::sleep(Duration::from_secs(5)).await;
    get(&app, &token, "/identity/v3/auth/projects").await.expect(401);
    ok(&app, &["user", "set", "ann", "--enable"]);
    log_in(&app, by_password("ann", Value::Null)).await.expect(201);
}

#[actix_web::test]
async fn projects_are_made_listed_disabled_and_deleted() {
    let app = TestApp::spawn().await;
    ok(&app, &["project", "create", "new"]);
    ok(&app, &["role", "add", "--user", "ann", "--project", "new", "reader"]);
    let new = json!({ "project": { "name": "new" } });
    log_in(&app, by_password("ann", new.clone())).await.expect(201);
    ok(&app, &["project", "set", "new", "--disable"]);
    log_in(&app, by_password("ann", new.clone())).await.expect(401);
    let listed: Value = serde_json::from_str(&ok(&app, &["project", "list", "--output", "json"])).unwrap();
    let of_name = |name: &str| listed.as_array().unwrap().iter().find(|project| project["name"] == name).cloned();
    assert_eq!(of_name("new").unwrap()["enabled"], json!(false));
    ok(&app, &["project", "set", "new", "--enable"]);
    log_in(&app, by_password("ann", new.clone())).await.expect(201);
    ok(&app, &["project", "delete", "new"]);
    log_in(&app, by_password("ann", new)).await.expect(401);
    assert!(!ok(&app, &["role", "list"]).contains("new"));
}

#[actix_web::test]
async fn roles_are_taken_again_and_users_deleted() {
    let app = TestApp::spawn().await;
    let demo = json!({ "project": { "name": "demo" } });
    ok(&app, &["role", "remove", "--user", "ann", "--project", "demo", "member"]);
    log_in(&app, by_password("ann", demo)).await.expect(401);
    let (code, said) = fails(&app, &["role", "remove", "--user", "ann", "--project", "demo", "member"]);
    assert!(code == 1 && said.contains("role list --user 'ann'"), "{said}");
    ok(&app, &["role", "add", "--user", "ann", "--system", "reader"]);
    log_in(&app, by_password("ann", json!({ "system": { "all": true } }))).await.expect(201);
    ok(&app, &["role", "add", "--user", "ann", "--domain", "reader"]);
    log_in(&app, by_password("ann", json!({ "domain": { "id": "default" } }))).await.expect(201);
    ok(&app, &["user", "delete", "ann"]);
    log_in(&app, by_password("ann", Value::Null)).await.expect(401);
    assert!(!ok(&app, &["user", "list"]).contains("ann"));
}

#[actix_web::test]
async fn mistakes_are_named_with_what_helps() {
    let app = TestApp::spawn().await;
    for (arguments, code, says) in [
        (&["user", "set", "nobody", "--disable"][..], 1, "there is no user 'nobody'"),
        (&["project", "delete", "none"], 1, "there is no project 'none'"),
        (&["user", "create", "ann"], 1, "name: "),
        (&["project", "create", "demo"], 1, "name: "),
        (&["project", "create", " demo"], 1, "no blanks around"),
        (&["role", "add", "--user", "ann", "--system", "Ad min"], 1, "role: "),
        (&["role", "add", "--user", "ann", "member"], 2, "--project"),
        (&["role", "add", "--user", "ann", "--system", "--domain", "member"], 2, "cannot be used with"),
        (&["user", "set", "ann"], 2, "--enable"),
        (&["user", "set", "ann", "--enable", "--disable"], 2, "cannot be used with"),
    ] {
        let (status, said) = fails(&app, arguments);
        assert_eq!(status, code, "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

#[actix_web::test]
async fn bootstrap_does_nothing_where_there_are_users() {
    let app = TestApp::spawn().await;
    assert_eq!(ok(&app, &["bootstrap"]), "there are users already: nothing to do\n");
    assert_eq!(ok(&app, &["user", "list"]).lines().count(), 4);
}

#[test]
fn bootstrap_makes_the_first_users_with_the_given_password() {
    let directory = tempfile::tempdir().unwrap();
    let password = password_file(directory.path(), TestApp::PASSWORD, 0o600);
    let bootstrap = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keypaird"));
        command
            .current_dir(directory.path())
            .args(["bootstrap", "--data-dir", "fresh", "--password-file"])
            .arg(&password);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let said = bootstrap();
    assert!(said.contains("fresh/clouds.yaml") && !said.contains(TestApp::PASSWORD), "{said}");
    let clouds = fs::read_to_string(directory.path().join("fresh/clouds.yaml")).unwrap();
    assert!(clouds.contains(TestApp::PASSWORD));
    assert_eq!(bootstrap(), "there are users already: nothing to do\n");
    assert_eq!(fs::read_to_string(directory.path().join("fresh/clouds.yaml")).unwrap(), clouds);
}
