//! What holds when fifty clients ask at once.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::TestApp;

const CLIENTS: usize = 50;

/// An Ed25519 key that tests import; nobody has its private half.
pub const PUBLIC_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZ test";

async fn import_at_once(app: &TestApp, name: impl Fn(usize) -> String) -> Vec<u16> {
    let import = |client| {
        let body = json!({ "keypair": { "name": name(client), "public_key": PUBLIC_KEY } });
        async move { app.nova(&app.demo, "2.10", "POST", "/os-keypairs", body).await.code() }
    };
    let mut codes = join_all((0..CLIENTS).map(import)).await;
    codes.sort_unstable();
    codes
}

#[actix_web::test]
async fn of_fifty_clients_that_want_one_name_one_gets_it() {
    let app = TestApp::spawn().await;
    let codes = import_at_once(&app, |_| "one".to_owned()).await;
    assert_eq!(codes[0], 201);
    assert!(codes[1..].iter().all(|code| *code == 409), "{codes:?}");
}

#[actix_web::test]
async fn at_a_limit_of_five_exactly_five_of_fifty_are_made() {
    let app = TestApp::spawn_with(&[("keypair.limit", "5")]).await;
    let codes = import_at_once(&app, |client| format!("key-{client}")).await;
    assert_eq!(codes.iter().filter(|code| **code == 201).count(), 5);
    assert_eq!(codes.iter().filter(|code| **code == 403).count(), 45);
    let listed = app.nova(&app.demo, "2.10", "GET", "/os-keypairs", json!(null)).await.expect(200);
    assert_eq!(listed.body["keypairs"].as_array().unwrap().len(), 5);
}
