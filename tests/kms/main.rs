//! The service with a KMS, moto's, which `tests/run kms` starts. Run alone, these tests need `TEST_KMS_URL` and some AWS
//! credentials in the environment.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, dead_code)]

mod away;
mod between;
mod create;
mod figures;
mod foreign;
mod integrity;
mod keys;
mod log;
mod per_project;
#[path = "../support/proxy.rs"]
mod proxy;
mod refused;
mod rewrap;
#[path = "../api/support/mod.rs"]
mod support;

use keypaird::domain::{KeyPair, KeyPairName, Owner, Region, Result, SealedPrivateKey, UserId};
use keypaird::vault::Binding;
use serde_json::{Value, json};

use self::between::Between;
use self::keys::{Key, Moto};
use self::support::{Answer, TestApp, User};

/// A service whose KMS is behind something that can be told to fail, and a key named `mine` of the first user's project.
struct Scene {
    moto: Moto,
    between: Between,
    app: TestApp,
    key: Key,
}

impl Scene {
    async fn set(changed: &[(&str, &str)]) -> Self {
        let moto = Moto::required();
        let between = Between::start(&moto.url);
        let url = between.url();
        let mut settings = vec![
            ("vault.kms.provider", "aws"),
            ("vault.kms.region", "eu-central-1"),
            ("vault.kms.endpoint_url", url.as_str()),
            ("keypair.algorithm", "ed25519"),
        ];
        settings.extend(changed);
        let app = TestApp::spawn_with(&settings).await;
        let key = moto.key_of(&app.demo.project_id, "mine").await;
        Self { moto, between, app, key }
    }

    /// Creates a key pair by KPS V2.1.
    async fn create(&self, user: &User, name: &str, encryption: Value) -> Answer {
        let body = json!({ "keypair": { "name": name, "key_protection": { "encryption": encryption } } });
        self.app.kps(user, "POST", "", body).await
    }

    /// Creates one under the key `mine`.
    async fn create_mine(&self, name: &str) -> Answer {
        self.create(&self.app.demo.clone(), name, by_name("mine")).await
    }

    async fn stored(&self, name: &str) -> (KeyPair, SealedPrivateKey) {
        let region = Region::parse(&self.app.settings.region).unwrap();
        let owner = Owner::User(UserId::parse(&self.app.demo.user_id).unwrap());
        let name = KeyPairName::parse(name).unwrap();
        self.app.store.sealed_private_key(&region, &owner, &name).await.unwrap().expect("a private key is kept")
    }

    /// Opens a kept private key as an export does.
    async fn open(&self, name: &str) -> Result<String> {
        let (pair, sealed) = self.stored(name).await;
        self.open_as(&pair, &sealed).await
    }

    async fn open_as(&self, pair: &KeyPair, sealed: &SealedPrivateKey) -> Result<String> {
        let opened = self.app.vault.open(sealed, &Binding::of(self.app.store.instance(), pair)).await?;
        Ok(opened.expose().to_owned())
    }

    /// Fails if a key pair of that name is there.
    async fn assert_nothing_stored(&self, user: &User, name: &str) {
        self.app.kps(user, "GET", &format!("/{name}"), Value::Null).await.expect(404);
    }

    /// The value of a line of the metrics.
    async fn metric(&self, line: &str) -> u64 {
        let text = self.app.send_admin("GET", "/metrics").await.expect(200).text;
        let value = text.lines().find_map(|it| it.strip_prefix(line));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }
}

fn by_name(name: &str) -> Value {
    json!({ "type": "kms", "kms_key_name": name })
}

fn by_id(id: &str) -> Value {
    json!({ "type": "kms", "kms_key_id": id })
}

fn private_key(made: &Answer) -> &str {
    made.body["keypair"]["private_key"].as_str().unwrap()
}

/// What KPS refuses a request with: code and message.
fn refusal(answer: &Answer) -> (&str, &str) {
    (answer.body["error_code"].as_str().unwrap(), answer.body["error_msg"].as_str().unwrap())
}
