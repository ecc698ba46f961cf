//! KPS over HTTP, V2.1 and V3.

mod create;
mod custody;
mod errors;
mod gate;
mod iam;
mod os_keypairs;
mod private_keys;
mod read;
mod signed;
mod v3;
mod write;

use keypaird::domain::{KeyPair, Owner, ProjectId, UserId};
use keypaird::ssh::{Algorithm, LineEnd, generate_ssh};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, User, key_pair};

const DOCUMENTATION: &str = include_str!("../../vectors/kps_documentation.json");

/// The body of the documentation's request of that name.
fn documented(name: &str) -> Value {
    let documentation: Value = serde_json::from_str(DOCUMENTATION).unwrap();
    let requests = documentation["requests"].as_array().unwrap();
    requests.iter().find(|request| request["name"] == name).unwrap()["body"].clone()
}

/// The documentation's imported public key, under another name.
fn import(name: &str) -> Value {
    let mut body = documented("import a public key");
    body["keypair"]["name"] = json!(name);
    body
}

/// What KPS refuses a request with: status, code, message.
pub fn refusal(answer: &Answer) -> (u16, &str, &str) {
    let text = |member| answer.body[member].as_str().unwrap_or_else(|| panic!("{}", answer.text));
    (answer.code(), text("error_code"), text("error_msg"))
}

/// Gives the user's project a key pair, which no call of this version can make.
pub async fn store_project_pair(app: &TestApp, user: &User, name: &str) {
    let pair = KeyPair { description: "the project's".to_owned(), ..project_pair(app, user, name) };
    app.store.key_pair_create(key_pair::new(pair)).await.unwrap();
}

/// Gives the user's project a key pair whose private key is kept, which no call of these versions can make.
pub async fn store_kept_project_pair(app: &TestApp, user: &User, name: &str) -> String {
    let made = generate_ssh(Algorithm::Ed25519, None, LineEnd::None).unwrap();
    let new = app.kept(project_pair(app, user, name), &made).await;
    app.store.key_pair_create(new).await.unwrap();
    made.private_key.expose().to_owned()
}

fn project_pair(app: &TestApp, user: &User, name: &str) -> KeyPair {
    let project = ProjectId::parse(&user.project_id).unwrap();
    let pair = key_pair::key_pair(&app.region(), &Owner::Project(project.clone()), name);
    KeyPair { project: Some(project), user: UserId::parse(&user.user_id).unwrap(), ..pair }
}

pub fn owner(user: &User) -> Owner {
    Owner::User(UserId::parse(&user.user_id).unwrap())
}
