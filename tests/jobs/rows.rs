//! Kept private keys to work on.

use futures_util::future::join_all;
use keypaird::domain::{
    Actor, Dialect, Entry, Event, KeyPair, KeyPairId, KeyPairName, Owner, ProjectId, Protection, Region, Subject,
    Timestamp, UserId, Via,
};
use keypaird::ssh::{Algorithm, Generated, LineEnd, generate_ssh};
use keypaird::store::NewKeyPair;
use keypaird::vault::Binding;
use serde_json::{Value, json};

use super::support::{TestApp, User};

/// How many are stored at once.
const AT_ONCE: usize = 100;

/// Stores that many key pairs of the user, `k0` to `kN`, all with one private key, each sealed for itself. Returns it.
pub(crate) async fn keep(app: &TestApp, user: &User, count: usize) -> String {
    let made = generate_ssh(Algorithm::Ed25519, None, LineEnd::None).unwrap();
    let names: Vec<String> = (0..count).map(|number| format!("k{number}")).collect();
    for names in names.chunks(AT_ONCE) {
        join_all(names.iter().map(|name| keep_one(app, user, name, &made))).await;
    }
    made.private_key.expose().to_owned()
}

async fn keep_one(app: &TestApp, user: &User, name: &str, made: &Generated) {
    let id = UserId::parse(&user.user_id).unwrap();
    let pair = KeyPair {
        id: KeyPairId::new(),
        region: Region::parse(&app.settings.region).unwrap(),
        owner: Owner::User(id.clone()),
        project: Some(ProjectId::parse(&user.project_id).unwrap()),
        user: id.clone(),
        name: KeyPairName::parse(name).unwrap(),
        kind: made.public_key.kind,
        algorithm: made.public_key.algorithm,
        public_key: made.public_key.text.clone(),
        fingerprint: made.public_key.fingerprint.clone(),
        fingerprint_sha256: made.public_key.fingerprint_sha256.clone(),
        description: String::new(),
        has_private_key: true,
        created_at: Timestamp::now(),
        updated_at: None,
    };
    let binding = Binding::of(app.store.instance(), &pair);
    let data_key = app.vault.fresh_data_key(&Protection::Default, &binding.row).await.unwrap();
    let sealed = app.vault.seal(data_key, &binding, &made.private_key).await.unwrap();
    let entry = Entry::done(Event::Keep, actor(&id), Subject::of(&pair, Some(&sealed)));
    let new =
        NewKeyPair { caller: id, pair, sealed: Some(sealed), entry: Some(entry), also_visible: None, limit: u32::MAX };
    app.store.key_pair_create(new).await.unwrap();
}

fn actor(user: &UserId) -> Actor {
    let via = Via { dialect: Dialect::Kps, client: None, request_id: None };
    Actor { user: user.to_string(), project: None, via }
}

/// Makes a key pair over HTTP whose private key is kept.
pub(crate) async fn create(app: &TestApp, user: &User, name: &str) {
    let keypair = json!({ "name": name, "algorithm": "ed25519", "key_protection": "default" });
    app.kps(user, "POST", "", json!({ "keypair": keypair })).await.expect(200);
}

/// The private key as an export over HTTP hands it out.
pub(crate) async fn export(app: &TestApp, user: &User, name: &str) -> String {
    let wish = json!({ "keypair": { "name": name } });
    let answer = app.kps_v3(user, "POST", "/private-key/export", wish).await.expect(200);
    answer.body["keypair"]["private_key"].as_str().unwrap().to_owned()
}

/// `keypaird vault status`, as a program reads it.
pub(crate) async fn status(app: &TestApp) -> Value {
    serde_json::from_str(&super::told(app, &["vault", "status", "--output", "json"]).await).unwrap()
}
