//! KPS V2.1 over HTTP, and what V3 has of kept private keys.

mod create;
mod custody;
mod errors;
mod gate;
mod private_keys;
mod read;
mod write;

use keypaird::domain::{
    Fingerprint, KeyAlgorithm, KeyKind, KeyPair, KeyPairId, KeyPairName, Owner, ProjectId, Protection, Region,
    Timestamp, UserId,
};
use keypaird::ssh::{Algorithm, LineEnd, generate_ssh};
use keypaird::store::NewKeyPair;
use keypaird::vault::Binding;
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
pub fn refusal(answer: &Answer) -> (u16, &str, &str) {
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
            entry: None,
            also_visible: None,
            limit: 10_000,
        })
        .await
        .unwrap();
}

/// Gives the user's project a key pair whose private key is kept, which no call of these versions can make.
pub async fn store_kept_project_pair(app: &TestApp, user: &User, name: &str) -> String {
    let made = generate_ssh(Algorithm::Ed25519, None, LineEnd::None).unwrap();
    let project = ProjectId::parse(&user.project_id).unwrap();
    let pair = KeyPair {
        id: KeyPairId::new(),
        region: region(app),
        owner: Owner::Project(project.clone()),
        project: Some(project),
        user: UserId::parse(&user.user_id).unwrap(),
        name: KeyPairName::parse(name).unwrap(),
        kind: made.public_key.kind,
        algorithm: made.public_key.algorithm,
        public_key: made.public_key.text,
        fingerprint: made.public_key.fingerprint,
        fingerprint_sha256: made.public_key.fingerprint_sha256,
        description: String::new(),
        has_private_key: true,
        created_at: Timestamp::now(),
        updated_at: None,
    };
    let binding = Binding::of(app.store.instance(), &pair);
    let data_key = app.vault.fresh_data_key(&Protection::Default, &binding.row).await.unwrap();
    let sealed = app.vault.seal(data_key, &binding, &made.private_key).await.unwrap();
    let caller = pair.user.clone();
    let new = NewKeyPair { caller, pair, sealed: Some(sealed), entry: None, also_visible: None, limit: 10_000 };
    app.store.key_pair_create(new).await.unwrap();
    made.private_key.expose().to_owned()
}

pub fn region(app: &TestApp) -> Region {
    Region::parse(&app.settings.region).unwrap()
}

pub fn owner(user: &User) -> Owner {
    Owner::User(UserId::parse(&user.user_id).unwrap())
}
