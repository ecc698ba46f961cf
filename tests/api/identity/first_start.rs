//! The first start: who is made, and what is written where.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use keypaird::app::first_start::{self, FirstStart};
use keypaird::auth::{CredentialMetrics, Identity};
use keypaird::store::Backend;
use prometheus::Registry;
use serde_json::json;

use super::{log_in, scoped};
use crate::support::TestApp;

/// The values of a member in `clouds.yaml`: those of `keypaird` and of `keypaird-admin`.
fn values(clouds: &str, member: &str) -> Vec<String> {
    let start = format!("      {member}: ");
    clouds
        .lines()
        .filter_map(|line| line.strip_prefix(&start))
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

#[actix_web::test]
async fn clouds_yaml_works_as_it_is() {
    let app = TestApp::spawn().await;
    let path = app.directory.path().join("clouds.yaml");
    let clouds = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let auth_url = format!("http://{}/identity/v3", app.address);
    assert_eq!(values(&clouds, "auth_url"), [auth_url.as_str(), &auth_url]);
    assert_eq!(values(&clouds, "username"), ["demo", "admin"]);
    let passwords = values(&clouds, "password");
    assert_eq!(passwords[0].len(), 32);
    assert_eq!(passwords[1], TestApp::PASSWORD);
    for (name, password) in [("demo", &passwords[0]), ("admin", &passwords[1])] {
        let user = json!({ "name": name, "domain": { "name": "Default" }, "password": password });
        let project = json!({ "project": { "name": name, "domain": { "name": "Default" } } });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        log_in(&app, scoped(identity.clone(), project)).await.expect(201);
        log_in(&app, scoped(identity, json!({ "domain": { "name": "Default" } }))).await.expect(201);
    }
    let openrc = fs::read_to_string(app.directory.path().join("openrc")).unwrap();
    assert!(openrc.contains(&format!("export OS_PASSWORD='{}'\n", passwords[0])));
    assert!(openrc.contains(&format!("export OS_AUTH_URL='{auth_url}'\n")));
}

#[actix_web::test]
async fn a_second_start_writes_nothing() {
    let app = TestApp::spawn().await;
    let clouds = app.directory.path().join("clouds.yaml");
    fs::write(&clouds, "the operator's own").unwrap();
    let again = first_start::at_serve(&app.settings, Backend::Sqlite, &app.identity, app.address).await.unwrap();
    assert_eq!(again, FirstStart::Before);
    let by_hand = first_start::run(&app.settings, &app.identity, app.address, None).await.unwrap();
    assert_eq!(by_hand, None);
    assert_eq!(fs::read_to_string(&clouds).unwrap(), "the operator's own");
    assert_eq!(app.identity.users_list().await.unwrap().len(), 3);
}

/// An identity without users, on a database of its own in `directory`.
async fn empty(app: &TestApp, directory: &Path) -> (keypaird::settings::Settings, Identity) {
    let mut settings = app.settings.clone();
    settings.data.dir = directory.to_owned();
    let url = format!("sqlite:{}", directory.join("empty.sqlite").display());
    let store = keypaird::store::Store::open(&url).await.unwrap();
    let metrics = CredentialMetrics::new(&Registry::new()).unwrap();
    (settings.clone(), Identity::new(settings.identity.token_lifetime(), store, &metrics))
}

#[actix_web::test]
async fn on_a_shared_database_nobody_is_made_without_a_password_file() {
    let app = TestApp::spawn().await;
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, identity) = empty(&app, directory.path()).await;
    settings.identity.bootstrap_password_file = None;
    let done = first_start::at_serve(&settings, Backend::Postgres, &identity, app.address).await.unwrap();
    assert_eq!(done, FirstStart::ToBeDone);
    assert!(identity.has_no_users().await.unwrap());
    let done = first_start::at_serve(&settings, Backend::Sqlite, &identity, app.address).await.unwrap();
    assert!(matches!(done, FirstStart::Done(_)));
    let clouds = fs::read_to_string(directory.path().join("clouds.yaml")).unwrap();
    assert!(values(&clouds, "password").iter().all(|password| password.len() == 32));
}

#[actix_web::test]
async fn a_password_file_that_everybody_may_read_stops_the_first_start() {
    let app = TestApp::spawn().await;
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, identity) = empty(&app, directory.path()).await;
    let file = directory.path().join("password");
    fs::write(&file, TestApp::PASSWORD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    settings.identity.bootstrap_password_file = Some(file);
    let refused = first_start::at_serve(&settings, Backend::Postgres, &identity, app.address).await.unwrap_err();
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
    assert!(!directory.path().join("clouds.yaml").exists());
    assert!(identity.has_no_users().await.unwrap());
}

#[actix_web::test]
async fn of_two_first_starts_at_once_one_writes_files_and_those_are_right() {
    let app = TestApp::spawn().await;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (settings, identity) = empty(&app, one.path()).await;
    let mut elsewhere = settings.clone();
    elsewhere.data.dir = other.path().to_owned();
    let here = first_start::run(&settings, &identity, app.address, None);
    let there = first_start::run(&elsewhere, &identity, app.address, None);
    let (here, there) = futures_util::future::join(here, there).await;
    let outcomes = [here.unwrap(), there.unwrap()];
    assert_eq!(outcomes.iter().filter(|made| made.is_none()).count(), 1);
    assert_eq!(identity.users_list().await.unwrap().len(), 2);
    let files = [one.path(), other.path()].map(|directory| directory.join("clouds.yaml"));
    assert_eq!(files.iter().filter(|file| file.exists()).count(), 1);
    let left: Vec<_> = fs::read_dir(other.path()).unwrap().collect();
    assert!(files[1].exists() || left.is_empty(), "{left:?}");
}
