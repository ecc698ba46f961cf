//! `keypaird access-key`, and what becomes of access keys when the master key changes.

use keypaird::domain::AccessKeyId;
use keypaird::vault::AccessKeyBinding;
use serde_json::{Value, json};

use super::support::TestApp;
use super::{run, told};

const NEW: [&str; 7] = ["access-key", "create", "--user", "ann", "--project", "demo", "--output=json"];

async fn made(app: &TestApp, arguments: &[&str]) -> Value {
    serde_json::from_str(&told(app, arguments).await).unwrap()
}

/// The secret as the service opens it.
async fn secret(app: &TestApp, made: &Value) -> String {
    let id = AccessKeyId::parse(made["access"].as_str().unwrap()).unwrap();
    let key = app.store.access_key_find(&id).await.unwrap().unwrap().key;
    let binding = AccessKeyBinding { instance: app.store.instance(), ids: &key.ids };
    app.vault.access_key_secret(&key.secret, &binding).await.unwrap().expose().to_owned()
}

#[actix_web::test]
async fn an_access_key_is_made_shown_once_listed_without_its_secret_disabled_and_deleted() {
    let app = TestApp::spawn().await;
    let key = made(&app, &NEW).await;
    let (access, shown) = (key["access"].as_str().unwrap(), key["secret"].as_str().unwrap());
    assert!(access.starts_with("KPD") && access.len() == 20, "{access}");
    assert_eq!((&key["user_id"], &key["project_id"]), (&json!(app.demo.user_id), &json!(app.demo.project_id)));
    assert_eq!(secret(&app, &key).await, shown);
    assert!(key.get("security_token").is_none());
    let temporary = made(&app, &[&NEW, ["--lifetime", "3600"].as_slice()].concat()).await;
    assert!(temporary["security_token"].is_string() && temporary["expires_at"].is_string());

    let listed = told(&app, &["access-key", "list", "--output", "json"]).await;
    assert!(!listed.contains(shown) && listed.contains(access), "{listed}");
    assert_eq!(told(&app, &["access-key", "disable", access]).await, format!("disabled access key {access}\n"));
    assert!(told(&app, &["access-key", "list"]).await.contains("  no  "));
    told(&app, &["access-key", "enable", access]).await;
    told(&app, &["access-key", "delete", access]).await;
    for arguments in [["access-key", "delete", access], ["access-key", "disable", "no/such"]] {
        let refused = run(&app, &arguments).await;
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && error.contains("`keypaird access-key list` shows all"), "{error}");
    }
}

#[actix_web::test]
async fn a_key_for_a_project_where_the_user_has_no_role_is_refused() {
    let app = TestApp::spawn().await;
    let refused = run(&app, &["access-key", "create", "--user", "ann", "--project", "admin"]).await;
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && error.contains("keypaird role add"), "{error}");
}

#[actix_web::test]
async fn secrets_of_access_keys_move_with_the_master_key_which_is_not_retired_before() {
    let app = TestApp::spawn().await;
    let key = made(&app, &NEW).await;
    told(&app, &["master-key", "add"]).await;
    told(&app, &["master-key", "set-primary", "default", "2"]).await;
    let refused = run(&app, &["master-key", "retire", "default", "1"]).await;
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && error.contains("1 private keys and secrets are sealed by"), "{error}");
    let moved = told(&app, &["rewrap"]).await;
    assert_eq!(moved, "moved 0 private keys; 0 are left\nmoved 1 secrets of access keys\n");
    assert_eq!(told(&app, &["rewrap"]).await, "moved 0 private keys; 0 are left\n");
    told(&app, &["master-key", "retire", "default", "1"]).await;
    assert_eq!(secret(&app, &key).await, key["secret"].as_str().unwrap());
}
