//! KPS V2.1 over HTTP.

mod create;
mod custody;
mod errors;
mod gate;
mod read;
mod write;

use keypaird::domain::{
    Fingerprint, KeyAlgorithm, KeyKind, KeyPair, KeyPairId, KeyPairName, Owner, ProjectId, Region, Timestamp, UserId,
};
use keypaird::store::NewKeyPair;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, User};

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
fn refusal(answer: &Answer) -> (u16, &str, &str) {
    let text = |member| answer.body[member].as_str().unwrap_or_else(|| panic!("{}", answer.text));
    (answer.code(), text("error_code"), text("error_msg"))
}

/// Gives the user's project a key pair, which no call of this version can make.
pub async fn store_project_pair(app: &TestApp, user: &User, name: &str) {
    let project = ProjectId::parse(&user.project_id).unwrap();
    let pair = KeyPair {
        id: KeyPairId::new(),
        region: region(app),
        owner: Owner::Project(project.clone()),
        project: Some(project),
        user: UserId::parse(&user.user_id).unwrap(),
        name: KeyPairName::parse(name).unwrap(),
        kind: KeyKind::Ssh,
        algorithm: KeyAlgorithm::Ed25519,
        public_key: "ssh-ed25519 of the project".to_owned(),
        fingerprint: Fingerprint::from_written("aa:bb".to_owned()),
        fingerprint_sha256: Fingerprint::from_written("SHA256:AA".to_owned()),
        description: "the project's".to_owned(),
        has_private_key: false,
        created_at: Timestamp::now(),
        updated_at: None,
    };
    app.store
        .key_pair_create(NewKeyPair {
            caller: pair.user.clone(),
            pair,
            sealed: None,
            also_visible: None,
            limit: 10_000,
        })
        .await
        .unwrap();
}

fn region(app: &TestApp) -> Region {
    Region::parse(&app.settings.region).unwrap()
}

fn owner(user: &User) -> Owner {
    Owner::User(UserId::parse(&user.user_id).unwrap())
}
