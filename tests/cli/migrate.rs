//! `keypaird migrate`: the database alone, whatever else is not set up yet.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::{keypaird, run, text};

/// The number of the newest migration.
fn newest() -> String {
    let migrations = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap();
    let names = migrations.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    names.max().unwrap().split('_').next().unwrap().to_owned()
}

fn migrate(directory: &Path) -> Output {
    // An identity that has not been set up.
    run(directory, &["migrate", "--set", "identity.mode=keystone"])
}

#[test]
fn it_tells_the_schema_before_and_after_and_makes_nothing_but_the_database() {
    let directory = TempDir::new().unwrap();
    let newest = newest();
    for found in ["none", &newest] {
        let output = migrate(directory.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), format!("schema found: {found}\nschema now: {newest}\n"));
        let made = fs::read_dir(directory.path().join("data")).unwrap();
        let names: Vec<String> = made.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().all(|name| name.starts_with("keypaird.sqlite")), "{names:?}");
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_as_by_serve() {
    let directory = TempDir::new().unwrap();
    assert!(migrate(directory.path()).status.success());
    let path = directory.path().join("data/keypaird.sqlite");
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    database.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").unwrap();
    for command in ["migrate", "serve"] {
        let output =
            run(directory.path(), &[command, "--set", "http.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{command}: {stderr}");
        assert!(
            stderr.contains("has the migration 9999 of a newer version, which does not let this one serve"),
            "{command}: {stderr}"
        );
    }
}

#[test]
fn a_database_setting_that_cannot_be_used_ends_it_with_status_2() {
    let directory = TempDir::new().unwrap();
    let output = run(directory.path(), &["migrate", "--set", "database.url=mysql://db"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("'database.url'"), "{}", text(&output.stderr));
}

#[test]
fn the_databases_url_may_stand_in_a_file_that_is_private() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("url");
    let with = |content: &str, mode| {
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        run(directory.path(), &["migrate", "--set", "database.url_file=url"])
    };
    let output = with("sqlite:here.sqlite\n", 0o400);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(directory.path().join("here.sqlite").exists());
    fs::remove_file(&file).unwrap();
    let unreachable = "postgres://keypaird:hunter2@127.0.0.1:1/keypaird\n";
    let cases = [
        (
            unreachable,
            0o644,
            "database.url_file: the database URL file url can be read by everybody; make it private by",
        ),
        ("\n", 0o600, "database.url_file: the database URL file url is empty"),
        (unreachable, 0o600, "cannot open the database postgres://keypaird:***@127.0.0.1:1/keypaird: "),
        ("hunter2", 0o600, "must be postgres://USER@HOST/DATABASE"),
    ];
    for (content, mode, said) in cases {
        let output = with(content, mode);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(said) && !stderr.contains("hunter2"), "{stderr}");
    }
    fs::remove_file(&file).unwrap();
    let output = run(directory.path(), &["migrate", "--set", "database.url_file=url"]);
    assert!(text(&output.stderr).contains("cannot read the database URL file url: No such file"));
}

/// Statements of requests may take 5 s; a migration of a large table takes longer.
#[tokio::test]
async fn a_migration_on_postgresql_takes_the_time_that_it_needs_and_no_master_keys() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return };
    let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
    tokio::spawn(connection);
    let schema = format!("migrate_{}", std::process::id());
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let url = format!("{server}?options=-csearch_path%3D{schema}");
    let directory = TempDir::new().unwrap();
    let mut command = keypaird(directory.path(), &["migrate"]);
    command.env("KEYPAIRD__DATABASE__URL", url).stdout(Stdio::piped()).stderr(Stdio::piped());
    assert!(command.output().unwrap().status.success());

    let lock = format!("BEGIN; LOCK TABLE {schema}.__diesel_schema_migrations IN ACCESS EXCLUSIVE MODE");
    client.batch_execute(&lock).await.unwrap();
    let waiting = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    client.batch_execute("COMMIT").await.unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let newest = newest();
    assert_eq!(text(&output.stdout), format!("schema found: {newest}\nschema now: {newest}\n"));
    client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
