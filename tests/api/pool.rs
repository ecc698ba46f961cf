//! Keys that are generated before anybody asks for them.

use std::collections::HashSet;
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::concurrency::PUBLIC_KEY;
use crate::support::{Answer, TestApp};

const READY: &str = r#"keypair_pool_keys{algorithm="rsa-2048"}"#;
const HITS: &str = r#"keypair_pool_draws_total{algorithm="rsa-2048",result="hit"}"#;
const MISSES: &str = r#"keypair_pool_draws_total{algorithm="rsa-2048",result="miss"}"#;

/// A service that keeps `size` keys ready, all of which are.
async fn warm(size: usize, settings: &[(&str, &str)]) -> TestApp {
    let size_text = size.to_string();
    let settings = [settings, &[("keypair.pool.size", size_text.as_str())]].concat();
    let app = TestApp::spawn_with(&settings).await;
    // Beside other tests, which go first, a key takes seconds.
    for _ in 0..6000 {
        if value(&app, READY).await == Some(size as u64) {
            return app;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the pool does not fill: {}", text(&app).await);
}

async fn text(app: &TestApp) -> String {
    app.send_admin("GET", "/metrics").await.expect(200).text
}

/// The value of a line of the metrics, where it is there.
async fn value(app: &TestApp, name: &str) -> Option<u64> {
    let text = text(app).await;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

async fn create(app: &TestApp, members: Value) -> Answer {
    app.nova(&app.demo, "2.10", "POST", "/os-keypairs", json!({ "keypair": members })).await
}

fn public_key(created: &Answer) -> String {
    assert_eq!(created.code(), 201, "{}", created.text);
    created.body["keypair"]["public_key"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn s61_two_services_never_hand_out_the_same_key_nor_one_of_them_a_key_twice() {
    let mut keys = HashSet::new();
    for app in [warm(2, &[]).await, warm(2, &[]).await] {
        let names = ["a", "b", "c", "d"];
        for created in join_all(names.map(|name| create(&app, json!({ "name": name })))).await {
            assert!(keys.insert(public_key(&created)), "a key came twice");
        }
        assert!(value(&app, HITS).await >= Some(2));
    }
    assert_eq!(keys.len(), 8);
}

#[actix_web::test]
async fn s58_a_burst_that_finds_keys_ready_needs_no_generator_whatever_formats_it_asks_for() {
    let app = warm(3, &[("keypair.generators", "1"), ("keypair.generator_queue", "1")]).await;
    let wishes = [
        (json!({ "name": "a" }), "RSA PRIVATE KEY"),
        (json!({ "name": "b", "private_key_format": "pkcs8" }), "PRIVATE KEY"),
        (json!({ "name": "c", "private_key_format": "openssh" }), "OPENSSH PRIVATE KEY"),
    ];
    let burst = join_all(wishes.iter().map(|(members, _)| create(&app, members.clone()))).await;
    for (created, (_, label)) in burst.iter().zip(&wishes) {
        assert!(public_key(created).ends_with(" Generated-by-Nova"));
        let private_key = created.body["keypair"]["private_key"].as_str().unwrap();
        assert!(private_key.starts_with(&format!("-----BEGIN {label}-----\n")));
    }
    assert_eq!((value(&app, HITS).await, value(&app, MISSES).await), (Some(3), None));
    assert_eq!(value(&app, "keypair_generate_wait_duration_seconds_count").await, Some(0));
}

#[actix_web::test]
async fn a_create_that_is_refused_for_name_or_quota_draws_no_key() {
    let app = warm(1, &[("keypair.limit", "2")]).await;
    public_key(&create(&app, json!({ "name": "taken" })).await);
    create(&app, json!({ "name": "taken" })).await.expect(409);
    create(&app, json!({ "name": "imported", "public_key": PUBLIC_KEY })).await.expect(201);
    create(&app, json!({ "name": "other" })).await.expect(403);
    assert_eq!((value(&app, HITS).await, value(&app, MISSES).await), (Some(1), None));
}

#[actix_web::test]
async fn a_certificate_is_made_of_a_key_that_is_ready() {
    let app = warm(1, &[]).await;
    let created = create(&app, json!({ "name": "x", "type": "x509" })).await;
    assert!(public_key(&created).starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!((value(&app, HITS).await, value(&app, MISSES).await), (Some(1), None));
}

#[actix_web::test]
async fn without_a_pool_keys_are_generated_and_its_metrics_show_none() {
    let app = TestApp::spawn().await;
    public_key(&create(&app, json!({ "name": "a" })).await);
    assert_eq!((value(&app, READY).await, value(&app, HITS).await, value(&app, MISSES).await), (None, None, Some(1)));
    let generated = r#"keypair_generate_duration_seconds_count{algorithm="rsa-2048"}"#;
    assert_eq!(value(&app, generated).await, Some(1));
    assert_eq!(value(&app, "keypair_generate_queue_depth").await, Some(0));
}
