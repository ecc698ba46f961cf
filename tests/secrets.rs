//! The whole flow with logging at TRACE, and traces: no private key, password or token in any line, of any crate, nor in any span.
//!
//! A binary of its own, because the subscriber must be global: a scoped one does not hear the threads that generate
//! keys and write to the database.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, dead_code, unused_imports)]

#[path = "api/support/mod.rs"]
mod support;

use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keypaird::telemetry;
use keypaird::telemetry::traces::Traces;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use serde_json::{Value, json};
use support::access_key::{Key, key_of};
use support::{TestApp, User, alibaba};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpKzW98qeX9FUOG5kdm2cuHpSVGip6/b9D9CIEj3dXY ann@laptop";

const PASSPHRASE: &str = "a-passphrase-for-tests-only";

/// Where all log lines go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Where all spans go that a collector would get.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<String>>);

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().push_str(&format!("{batch:?}\n"));
        Ok(())
    }
}

/// The one log of all tests, from the first use on.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
    let lines = lines.with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL);
    // As log.level = "trace" has it: the driver's own lines, which have each parameter, are left out there too.
    let all = telemetry::filter("trace").unwrap();
    tracing_subscriber::registry().with(lines.with_filter(all)).with(TRACES.0.layer()).init();
    log
});

/// The traces of all tests.
static TRACES: LazyLock<(Traces, Spans)> = LazyLock::new(|| {
    let spans = Spans::default();
    (Traces::over(spans.clone(), 1.0), spans)
});

#[actix_web::test]
async fn s46_at_trace_no_line_of_a_private_key_and_no_credential_is_logged() {
    let log = LOG.clone();
    let app = TestApp::spawn().await;
    let mut private_keys = every_create(&app).await;
    private_keys.extend(every_refusal(&app).await);
    private_keys.extend(every_way_out(&app).await);
    everything_else(&app).await;

    let log = log.text();
    assert!(log.contains("created key pair kept-by-kps"), "the log was heard:\n{log}");
    TRACES.0.stop();
    let spans = TRACES.1.0.lock().unwrap().clone();
    for seen in ["db.query.text", "kept-by-kps", "POST /v2.1/{project_id}/keypairs", "export"] {
        assert!(spans.contains(seen), "{seen} is in no span");
    }
    let log = log + &spans;
    for private_key in &private_keys {
        for line in private_key.lines().filter(|line| !line.starts_with("-----")) {
            assert!(line.len() < 16 || !log.contains(line), "a line of a private key was logged");
        }
        for written in [raw_middle(private_key), hex::encode(raw_middle(private_key)).into_bytes()] {
            let found = log.as_bytes().windows(written.len()).any(|window| window == written);
            assert!(!found, "bytes of a private key were logged");
        }
    }
    assert!(!log.contains("PRIVATE KEY"), "the head of a private key was logged");
    for secret in credentials(&app) {
        assert!(!log.contains(&secret), "a credential was logged");
    }
}

/// The private keys of key pairs made in every way there is.
async fn every_create(app: &TestApp) -> Vec<String> {
    let keep = json!({ "encryption": { "type": "default" } });
    let mut made = Vec::new();
    for (name, extension) in [
        ("plain", json!({})),
        ("kept", json!({ "key_protection": keep })),
        ("kept-by-word", json!({ "key_protection": "default" })),
        ("ed25519", json!({ "algorithm": "ed25519" })),
        ("p256", json!({ "algorithm": "ecdsa-p256", "private_key_format": "pkcs8" })),
        ("certificate", json!({ "type": "x509" })),
    ] {
        let body = keypair(name, &extension);
        let answer = app.nova(&app.demo, "2.10", "POST", "/os-keypairs", body).await.expect(201);
        made.push(private_key(&answer.body));
    }
    let answer = app.kps(&app.demo, "POST", "", keypair("kept-by-kps", &json!({ "key_protection": keep }))).await;
    let answer = answer.expect(200);
    let pair = &answer.body["keypair"];
    let own = json!({ "encryption": { "type": "default" }, "private_key": pair["private_key"] });
    let import = json!({ "public_key": pair["public_key"], "key_protection": own });
    app.kps(&app.demo, "POST", "", keypair("imported", &import)).await.expect(200);
    made.push(private_key(&answer.body));
    made
}

/// Private keys that were sent in requests that are refused: each kind of refusal.
async fn every_refusal(app: &TestApp) -> Vec<String> {
    let answer = app.kps(&app.demo, "POST", "", keypair("other", &json!({}))).await.expect(200);
    let sent = private_key(&answer.body);
    let protection = |encryption: Value| json!({ "private_key": sent, "encryption": encryption });
    for extension in [
        // Matches no public key; names a KMS that is not there; is not readable; stands where it does not belong.
        json!({ "public_key": "ssh-rsa AAAA", "key_protection": protection(json!({ "type": "default" })) }),
        json!({ "key_protection": protection(json!({ "type": "kms", "kms_key_name": "a" })) }),
        json!({ "key_protection": protection(json!({ "type": 7 })) }),
        json!({ "private_key": sent }),
        json!({ "public_key": sent }),
        json!({ "public_key": { "private_key": sent } }),
    ] {
        let body = keypair("refused", &extension);
        app.kps(&app.demo, "POST", "", body.clone()).await.expect(400);
        let refused = app.nova(&app.demo, "2.10", "POST", "/os-keypairs", body).await.expect(400);
        assert!(!sent.lines().any(|line| line.len() > 20 && refused.text.contains(line)), "the answer echoes the key");
    }
    let cut = format!("{{\"keypair\": {{\"name\": \"cut\", \"private_key\": \"{}", sent.replace('\n', "\\n"));
    let headers = [("X-Auth-Token", app.demo.token.as_str()), ("Content-Type", "application/json")];
    app.send("POST", "/v2.1/os-keypairs", &headers, cut).await.expect(400);
    vec![sent]
}

/// Kept private keys that leave, come in and are forgotten; also where that is refused.
async fn every_way_out(app: &TestApp) -> Vec<String> {
    let v3 =
        async |path: &str, keypair: Value| app.kps_v3(&app.demo, "POST", path, json!({ "keypair": keypair })).await;
    let mut out = Vec::new();
    for wish in [
        json!({ "name": "kept-by-kps" }),
        json!({ "name": "kept-by-kps", "private_key_format": "pkcs8" }),
        json!({ "name": "kept-by-kps", "private_key_format": "openssh" }),
        json!({ "name": "kept-by-kps", "passphrase": PASSPHRASE }),
    ] {
        out.push(private_key(&v3("/private-key/export", wish).await.expect(200).body));
    }
    v3("/private-key/export", json!({ "name": "nope", "passphrase": PASSPHRASE })).await.expect(404);
    let pkcs8 = json!({ "private_key": out[1], "encryption": { "type": "default" } });
    v3("/private-key/import", json!({ "name": "kept-by-kps", "key_protection": pkcs8 })).await.expect(200);
    v3("/private-key/import", json!({ "name": "ed25519", "key_protection": pkcs8 })).await.expect(400);
    app.kps_v3(&app.demo, "DELETE", "/kept-by-kps/private-key", Value::Null).await.expect(200);
    out
}

/// Some of what a private key's base64 stands for.
fn raw_middle(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = STANDARD.decode(base64).unwrap();
    bytes[bytes.len() / 2..][..24].to_vec()
}

async fn everything_else(app: &TestApp) {
    let none = Value::Null;
    app.nova(&app.demo, "2.35", "GET", "/os-keypairs?limit=2", none.clone()).await.expect(200);
    app.nova(&app.demo, "2.10", "GET", "/os-keypairs/kept", none.clone()).await.expect(200);
    app.kps(&app.demo, "GET", "/kept", none.clone()).await.expect(200);
    app.nova(&app.demo, "2.10", "DELETE", "/os-keypairs/kept", none.clone()).await.expect(204);
    app.nova(&app.demo, "2.10", "DELETE", "/os-keypairs/kept", none.clone()).await.expect(404);
    let stranger = User { token: "a-token-that-nobody-issued".to_owned(), ..app.demo.clone() };
    app.nova(&stranger, "2.10", "GET", "/os-keypairs", none).await.expect(401);
}

fn keypair(name: &str, more: &Value) -> Value {
    let mut keypair = json!({ "name": name });
    keypair.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "keypair": keypair })
}

fn private_key(body: &Value) -> String {
    body["keypair"]["private_key"].as_str().expect("the answer carries the private key").to_owned()
}

/// Tokens, passwords and the master key.
fn credentials(app: &TestApp) -> Vec<String> {
    let mut found = vec![
        PASSPHRASE.to_owned(),
        app.demo.token.clone(),
        app.admin.token.clone(),
        "a-token-that-nobody-issued".to_owned(),
    ];
    for name in ["password", "clouds.yaml", "master.key", "postgres-master.key"] {
        let Ok(text) = fs::read_to_string(app.directory.path().join(name)) else { continue };
        let words = text.split(|c: char| c.is_whitespace() || c == '"').filter(|word| word.len() >= 24);
        found.extend(words.filter(|word| !word.contains('/') || word.ends_with('=')).map(str::to_owned));
    }
    found
}

/// The steps of the work on a request, as the log tells them: without times, and without all that is in braces, which is
/// names and ids. Whether the token was still remembered is chance, and left out.
fn steps(log: &str, request_id: &str) -> Vec<String> {
    let is_step = |line: &&str| {
        let is_repeated = [": enter", ": exit", ": close"].iter().any(|word| line.contains(word));
        line.contains(request_id) && !is_repeated && !line.contains(":token_find")
    };
    let without_fields = |line: &str| {
        let (_time, line) = line.split_once(' ').expect("begins with a time");
        outside_braces(line).split(" in ").next().unwrap_or_default().to_owned()
    };
    log.lines().filter(is_step).map(without_fields).collect()
}

fn outside_braces(text: &str) -> String {
    let mut depth = 0;
    let mut is_outside = |c: char| {
        depth += i32::from(c == '{');
        let outside = depth == 0;
        depth -= i32::from(c == '}');
        outside
    };
    text.chars().filter(|c| is_outside(*c)).collect()
}

/// The same steps in the same order, rather than the same time by a clock, which no test could measure on a busy machine.
#[actix_web::test]
async fn s25_a_foreign_key_pair_is_the_same_work_as_a_missing_one() {
    let log = LOG.clone();
    let app = TestApp::spawn().await;
    let import = |name: &str| keypair(name, &json!({ "public_key": ED25519 }));
    app.nova(&app.admin, "2.92", "POST", "/os-keypairs", import("foreign")).await.expect(201);
    let description = json!({ "keypair": { "description": "x" } });
    for (dialect, method, body, header) in [
        ("/v2.1/os-keypairs", "GET", Value::Null, "x-openstack-request-id"),
        ("/v2.1/os-keypairs", "DELETE", Value::Null, "x-openstack-request-id"),
        ("/v2/os-keypairs", "GET", Value::Null, "x-openstack-request-id"),
        ("/v2.1/PROJECT/keypairs", "GET", Value::Null, "x-request-id"),
        ("/v2.1/PROJECT/keypairs", "PUT", description, "x-request-id"),
        ("/v2.1/PROJECT/keypairs", "DELETE", Value::Null, "x-request-id"),
        ("/v3/PROJECT/keypairs/private-key/export", "POST", json!({ "keypair": { "name": "NAME" } }), "x-request-id"),
    ] {
        let mut seen = Vec::new();
        for name in ["foreign", "missing"] {
            let path = dialect.replace("PROJECT", &app.demo.project_id);
            let path = if method == "POST" { path } else { format!("{path}/{name}") };
            let body = serde_json::from_str(&body.to_string().replace("NAME", name)).unwrap();
            let token = [("X-Auth-Token", app.demo.token.as_str())];
            let answer = app.json(method, &path, &token, body).await.expect(404);
            let id = answer.header(header)[0].trim_start_matches("req-").to_owned();
            seen.push(steps(&log.text(), &id));
        }
        assert!(seen[0].iter().any(|step| step.contains("key_pair")), "{method} {dialect}: {:#?}", seen[0]);
        assert_eq!(seen[0], seen[1], "{method} {dialect}");
    }
}

#[actix_web::test]
async fn s54_a_private_key_pasted_for_a_public_one_is_not_logged() {
    let log = LOG.clone();
    let app = TestApp::spawn().await;
    let before = log.text().len();
    let vectors: Value = serde_json::from_str(include_str!("vectors/ssh_private_keys.json")).unwrap();
    let mut pasted: Vec<String> = vectors["cases"].as_array().unwrap().iter().take(18).map(text_of).collect();
    pasted.push(format!("{ED25519}\n{}", pasted[0]));
    for kind in ["ssh", "x509"] {
        for public_key in &pasted {
            let body = keypair("pasted", &json!({ "public_key": public_key, "type": kind }));
            app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body.clone()).await.expect(400);
            app.kps(&app.demo, "POST", "", body).await.expect(400);
        }
    }
    let log = log.text().split_off(before);
    assert!(log.contains("it contains a private key; only the public half belongs here"), "the log says why");
    for line in pasted.iter().flat_map(|text| text.lines()).filter(|line| line.len() > 20 && *line != ED25519) {
        assert!(line.starts_with("-----") || !log.contains(line), "a line of a private key was logged");
    }
    assert!(!log.contains("PRIVATE KEY"), "the head of a private key was logged");
}

fn text_of(case: &Value) -> String {
    case["private_key"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn s46_a_call_of_alibabas_is_logged_by_product_and_action_and_with_nothing_that_it_sent() {
    let log = LOG.clone();
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, Some(std::time::Duration::from_secs(60))).await;
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    let given = [("Version", alibaba::ENS), ("Action", "NoSuchAction"), ("PublicKeyBody", "a-text-of-the-callers")];
    for (key, code) in [(&key, 404), (&wrong, 400)] {
        let answer = alibaba::in_query("POST", &alibaba::rpc(key, "POST", &given)).to(&app).await.expect(code);
        let id = answer.body["RequestId"].as_str().unwrap().to_lowercase();
        let log = log.text();
        let line = log.lines().find(|line| line.contains(&id) && line.contains(": POST / NoSuchAction: ")).unwrap();
        assert!(line.contains(r#"dialect="ens""#) && line.contains(r#"action="NoSuchAction""#), "{line}");
        assert!(line.contains(answer.body["Code"].as_str().unwrap()), "{line}");
    }
    let named = [("Version", alibaba::ENS), ("Action", "a-secret-1")];
    alibaba::in_query("POST", &alibaba::rpc(&key, "POST", &named)).to(&app).await.expect(404);
    let log = log.text();
    for secret in [key.secret.as_str(), key.security_token.as_deref().unwrap(), "a-text-of-the-callers", "a-secret-1"] {
        assert!(!log.contains(secret), "{}", log.lines().find(|line| line.contains(secret)).unwrap());
    }
}

#[actix_web::test]
async fn a_signed_request_on_novas_paths_is_logged_as_kpss() {
    let log = LOG.clone();
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let path = format!("/v2.1/{}/os-keypairs", app.demo.project_id);
    let signed = key.ask(&app, "GET", &path, &[], Value::Null).await.expect(200);
    let by_token = app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await.expect(200);
    for (answer, dialect) in [(signed, "kps"), (by_token, "nova")] {
        let id = answer.headers.iter().find(|(name, _)| name.as_str().ends_with("request-id")).unwrap().1;
        let id = id.to_str().unwrap().trim_start_matches("req-");
        let log = log.text();
        let line = log.lines().find(|line| line.contains(id) && line.contains("os-keypairs: 200 in ")).unwrap();
        assert!(line.contains(&format!("dialect=\"{dialect}\"")), "{line}");
    }
}
