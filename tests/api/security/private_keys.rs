//! Where private keys stand in answers: S29. Each route of the fixed list is asked for all that it does, and for what it
//! refuses, with private keys that are known.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use keypaird::domain::Role;
use serde::Deserialize;
use serde_json::{Value, json};
use zip::ZipArchive;

use super::routes::METHODS;
use super::unauthenticated::{fixed, path};
use crate::support::known_key::KnownKey;
use crate::support::{Answer, TestApp, User};

/// The only routes that answer with private keys, and that by POST.
const CARRIERS: [&str; 4] =
    ["/os-keypairs", "/{project_id}/keypairs", "/private-key/export", "/private-key/batch-export"];

#[derive(Deserialize)]
struct Requests {
    valid: Vec<Valid>,
    bad: Vec<Value>,
}

#[derive(Deserialize)]
struct Valid {
    routes: Vec<String>,
    method: String,
    #[serde(default = "oldest")]
    versions: Vec<String>,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    carries: bool,
    #[serde(default)]
    refused: bool,
}

fn oldest() -> Vec<String> {
    vec!["2.1".to_owned()]
}

impl Valid {
    fn is_of(&self, template: &str) -> bool {
        let template = template.trim_end_matches('/');
        self.routes.iter().any(|route| if route.is_empty() { template.is_empty() } else { template.ends_with(route) })
    }

    fn has_method(&self, method: &str) -> bool {
        self.method == method || self.method == "*" || self.method == "GET" && method == "HEAD"
    }
}

fn requests() -> Requests {
    serde_json::from_str(include_str!("private_keys.json")).unwrap()
}

fn may_carry(template: &str) -> bool {
    CARRIERS.iter().any(|carrier| template.ends_with(carrier))
}

// Places in `Scene::kept`.
const RSA: usize = 0;
const CERTIFICATE: usize = 2;

/// A service whose user may do everything there is, and whose key pairs' private keys are known.
struct Scene {
    app: TestApp,
    boss: User,
    /// Kept: one of each kind, the last one imported.
    kept: Vec<KnownKey>,
    /// All that were made meanwhile.
    made: Vec<KnownKey>,
    names: usize,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::spawn_with(&[("keypair.limit", "1000")]).await;
        let boss = app.user("boss", "demo", Role::ADMIN).await;
        let mut kept = Vec::new();
        for keypair in [
            json!({ "name": "rsa", "algorithm": "rsa-2048" }),
            json!({ "name": "ed25519", "algorithm": "ed25519" }),
            json!({ "name": "certificate", "type": "x509" }),
            json!({ "name": "imported", "algorithm": "ecdsa-p256", "private_key_format": "pkcs8" }),
        ] {
            let made = app.kps(&boss, "POST", "", json!({ "keypair": keypair })).await.expect(200);
            kept.push(KnownKey::new(&made.body["keypair"]));
        }
        let scene = Self { app, boss, kept, made: Vec::new(), names: 0 };
        for key in &scene.kept {
            scene.keep(key).await;
        }
        scene
    }

    /// Puts the key pair back as it was at first, whatever was done to it.
    async fn keep(&self, key: &KnownKey) {
        self.app.kps(&self.boss, "DELETE", &format!("/{}", key.name), Value::Null).await;
        let key_protection = json!({ "private_key": key.private_key, "encryption": { "type": "default" } });
        let keypair = json!({
            "name": key.name, "type": kind(key), "public_key": key.public_key, "key_protection": key_protection,
        });
        self.app.kps(&self.boss, "POST", "", json!({ "keypair": keypair })).await.expect(200);
    }

    /// The body as text, with what its placeholders stand for.
    fn filled(&mut self, body: &Value, place: usize) -> String {
        self.names += 1;
        let (key, other) = (&self.kept[place], &self.kept[(place + 1) % self.kept.len()]);
        let mut text = if body.is_null() { String::new() } else { body.to_string() };
        for (placeholder, value) in [
            ("name", &format!("new{}", self.names)),
            ("kept", &key.name),
            ("other", &other.name),
            ("type", &kind(key).to_owned()),
            ("public_key", &key.public_key),
            ("others_public_key", &other.public_key),
            ("private_key", &key.private_key),
            ("token", &self.boss.token),
        ] {
            let quoted = json!(value).to_string();
            text = text.replace(&format!("{{{placeholder}}}"), quoted.trim_matches('"'));
        }
        text
    }

    /// The bodies as text, and what is no JSON: the private key as it is, and a body that breaks off behind it.
    fn broken(&mut self, bodies: &[Value], place: usize) -> Vec<String> {
        let mut texts: Vec<String> = bodies.iter().map(|body| self.filled(body, place)).collect();
        let private_key = &self.kept[place].private_key;
        texts.push(private_key.clone());
        if !bodies.is_empty() {
            texts.push(format!("{{\"keypair\": {{\"name\": {}", json!(private_key)));
        }
        texts
    }

    async fn ask(&self, method: &str, path: &str, version: &str, body: &str) -> Answer {
        let version = format!("compute {version}");
        let mut headers = vec![("X-Auth-Token", self.boss.token.as_str()), ("OpenStack-API-Version", &version)];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        // A token to look at and to revoke.
        let spare = if path.contains("/auth/tokens") {
            self.app.rescoped(&self.boss, json!("unscoped")).await.token
        } else {
            String::new()
        };
        if !spare.is_empty() {
            headers.push(("X-Subject-Token", &spare));
        }
        self.app.send(method, path, &headers, body).await
    }

    /// Whether anything of any known private key, or of any other, stands in the answer.
    fn carries(&self, answer: &Answer) -> bool {
        let headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        let whole = format!("{}\n{}\n{}\n{}", answer.status, headers.join("\n"), answer.text, unpacked(answer));
        whole.contains("PRIVATE KEY") || self.kept.iter().chain(&self.made).any(|key| key.is_in(&whole))
    }
}

/// The files of an answer that is an archive, as they are and in base64, in which certificates' private keys are known.
fn unpacked(answer: &Answer) -> String {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(&answer.bytes)) else { return String::new() };
    let mut texts = String::new();
    for place in 0..archive.len() {
        let mut content = Vec::new();
        archive.by_index(place).unwrap().read_to_end(&mut content).unwrap();
        texts.push_str(&String::from_utf8_lossy(&content));
        texts.push_str(&openssl::base64::encode_block(&content));
    }
    texts
}

fn kind(key: &KnownKey) -> &'static str {
    if key.public_key.starts_with("-----BEGIN CERTIFICATE") { "x509" } else { "ssh" }
}

/// Plays a valid request for each kept key pair. Returns what is wrong with its answers.
async fn play(scene: &mut Scene, template: &str, method: &str, case: &Valid) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_about_keys = template.contains("name}") || template.contains("keypairs") && !case.body.is_null();
    for place in 0..if is_about_keys { scene.kept.len() } else { 1 } {
        for version in &case.versions {
            if is_about_keys {
                scene.keep(&scene.kept[place]).await;
            }
            let body = scene.filled(&case.body, place);
            let path = path(&scene.boss, template, &scene.kept[place].name);
            let answer = scene.ask(method, &path, version, &body).await;
            if case.carries && answer.body["keypair"].get("public_key").is_some() {
                scene.made.push(KnownKey::new(&answer.body["keypair"]));
            }
            let is_as_told = (answer.code() > 300) == case.refused || method == "HEAD";
            if !is_as_told || scene.carries(&answer) != case.carries {
                wrong.push(format!("{method} {path} {version}: {} {:.200}", answer.status, answer.text));
            }
        }
    }
    wrong
}

#[actix_web::test]
async fn s29_only_creates_and_exports_answer_with_a_private_key_whatever_route_is_asked() {
    let mut scene = Scene::set().await;
    let (cases, mut wrong, mut carriers) = (requests().valid, Vec::new(), BTreeSet::new());
    for route in fixed("routes").iter().filter(|route| !route.template.ends_with("{rest}")) {
        let template = route.template.as_str();
        assert!(cases.iter().any(|case| case.is_of(template)), "add to private_keys.json what {template} is asked");
        for method in METHODS {
            let mut played = false;
            for case in cases.iter().filter(|case| case.is_of(template) && case.has_method(method)) {
                assert!(!case.carries || may_carry(template), "{template} carries no private keys");
                wrong.extend(play(&mut scene, template, method, case).await);
                carriers.extend(case.carries.then(|| template.to_owned()));
                played = true;
            }
            if !played {
                let answer = scene.ask(method, &path(&scene.boss, template, "rsa"), "2.1", "").await;
                assert!([404, 405].contains(&answer.code()), "add to private_keys.json: {method} {template}");
                assert!(!scene.carries(&answer), "{method} {template}: {}", answer.text);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // The same search found the private keys where they belong, so that it would have found them elsewhere.
    assert!(carriers.len() >= 6 && scene.made.len() > 30, "{carriers:?}, {}", scene.made.len());
}

#[actix_web::test]
async fn s29_the_operators_listener_has_no_private_key() {
    let scene = Scene::set().await;
    let audra = scene.app.auditor("audra").await;
    for route in fixed("operator") {
        let query =
            if route.template == "/ledger" { format!("?user_id={}", scene.boss.user_id) } else { String::new() };
        let answer = scene.app.ask_admin(&audra, &format!("{}{query}", route.template)).await.expect(200);
        assert!(!scene.carries(&answer), "{}: {}", route.template, answer.text);
    }
}

/// Each bad body goes to each route that takes bodies, with a private key in PEM and with one that is base64 alone; to the
/// others goes the key as it is.
#[actix_web::test]
async fn s29_no_error_repeats_a_private_key_that_was_sent() {
    let mut scene = Scene::set().await;
    let Requests { valid, bad } = requests();
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for route in fixed("routes") {
        let template = route.template.as_str();
        for method in METHODS {
            let takes_bodies = |case: &Valid| case.is_of(template) && case.method == method && !case.body.is_null();
            let bodies = if valid.iter().any(takes_bodies) { &bad[..] } else { &[] };
            for place in [RSA, CERTIFICATE] {
                for text in scene.broken(bodies, place) {
                    let key = &scene.kept[place];
                    let answer = scene.ask(method, &path(&scene.boss, template, &key.name), "2.92", &text).await;
                    let is_error = answer.code() >= 400;
                    refused += usize::from(is_error);
                    if scene.carries(&answer) && (is_error || !may_carry(template)) {
                        wrong.push(format!("{method} {template}: {text:.120} … {:.200}", answer.text));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(refused > 1000, "{refused} were refused: too few to tell");
}
