//! Identity, over HTTP: what clients of Keystone v3 send and what they must get back.

mod commands;
mod first_start;
mod login;
mod reads;
mod tokens;
mod versions;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const TOKENS: &str = "/identity/v3/auth/tokens";

/// A login of the user by password; a `Null` scope is none.
fn by_password(name: &str, scope: Value) -> Value {
    let user = json!({ "name": name, "domain": { "id": "default" }, "password": TestApp::PASSWORD });
    scoped(json!({ "methods": ["password"], "password": { "user": user } }), scope)
}

/// A login by a token.
fn by_token(token: &str, scope: Value) -> Value {
    scoped(json!({ "methods": ["token"], "token": { "id": token } }), scope)
}

fn scoped(identity: Value, scope: Value) -> Value {
    match scope {
        Value::Null => json!({ "auth": { "identity": identity } }),
        scope => json!({ "auth": { "identity": identity, "scope": scope } }),
    }
}

async fn log_in(app: &TestApp, login: Value) -> Answer {
    app.json("POST", TOKENS, &[], login).await
}

/// The token of a login that must succeed.
async fn token_of(app: &TestApp, login: Value) -> String {
    log_in(app, login).await.expect(201).header("X-Subject-Token")[0].to_owned()
}

/// Asks about a token.
async fn check(app: &TestApp, method: &str, token: &str, subject: &str) -> Answer {
    app.json(method, TOKENS, &[("X-Auth-Token", token), ("X-Subject-Token", subject)], Value::Null).await
}

async fn get(app: &TestApp, token: &str, path: &str) -> Answer {
    app.json("GET", path, &[("X-Auth-Token", token)], Value::Null).await
}

/// Keystone's shape of an error.
#[track_caller]
fn assert_error(answer: &Answer, code: u16, title: &str, message: &str) {
    assert_eq!(answer.body, json!({ "error": { "code": code, "message": message, "title": title } }));
    assert_eq!(answer.code(), code);
    assert_eq!(answer.header("Vary"), ["X-Auth-Token"]);
    let id = answer.header("x-openstack-request-id");
    assert!(id.len() == 1 && id[0].starts_with("req-") && id[0].len() == 40, "{id:?}");
}

/// The one thing that is said of whoever cannot log in, and where to.
#[track_caller]
fn assert_unauthenticated(app: &TestApp, answer: &Answer) {
    assert_error(answer, 401, "Unauthorized", "The request you have made requires authentication.");
    assert_eq!(answer.header("WWW-Authenticate"), [format!("Keystone uri=\"http://{}/identity/v3\"", app.address)]);
}
