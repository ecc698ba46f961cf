//! Kept private keys to work on.

use futures_util::future::join_all;
use keypaird::domain::{Actor, Dialect, Entry, Event, KeyPair, Owner, ProjectId, Subject, UserId, Via};
use keypaird::ssh::{Algorithm, Generated, LineEnd, generate_ssh};
use keypaird::store::NewKeyPair;
use serde_json::{Value, json};

use super::support::key_pair::key_pair;
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
    let pair = key_pair(&app.region(), &Owner::User(id.clone()), name);
    let project = Some(ProjectId::parse(&user.project_id).unwrap());
    let new = app.kept(KeyPair { project, user: id.clone(), ..pair }, made).await;
    let entry = Entry::done(Event::Keep, actor(&id), Subject::of(&new.pair, new.sealed.as_ref()));
    app.store.key_pair_create(NewKeyPair { entry: Some(entry), ..new }).await.unwrap();
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
