//! What callers see while the KMS is away, slow or throttling.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::between::Mood;
use super::support::Answer;
use super::{Scene, by_name, refusal};

fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.code(), refusal(answer).0), (503, "KPS.0003"), "{}", answer.text);
    let after: u64 = answer.header("Retry-After")[0].parse().unwrap();
    assert!((1..=5).contains(&after), "{after}");
}

#[actix_web::test]
async fn f19_without_its_kms_everything_else_works_and_kms_creates_are_told_to_try_again() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    scene.create_mine("before").await.expect(200);
    scene.between.go_away().await;
    for number in 0..12 {
        let started = Instant::now();
        assert_unavailable(&scene.create_mine("x").await);
        assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
        if number > 6 {
            assert!(started.elapsed() < Duration::from_millis(500), "the breaker is open: {:?}", started.elapsed());
        }
    }
    scene.assert_nothing_stored(&demo, "x").await;
    scene.create(&demo, "default", json!({ "type": "default" })).await.expect(200);
    scene.app.kps(&demo, "POST", "", json!({ "keypair": { "name": "plain" } })).await.expect(200);
    scene.app.kps(&demo, "GET", "/before", Value::Null).await.expect(200);
    assert!(matches!(scene.open("before").await, Err(keypaird::domain::Error::Unavailable { .. })));
    is_told(&scene, "degraded", "unavailable").await;
    assert_eq!((scene.metric("keypaird_kms_up").await, scene.metric("kms_breaker_state").await), (0, 1));
    scene.between.come_back();
    recovers(&scene).await;
}

async fn recovers(scene: &Scene) {
    let deadline = Instant::now() + Duration::from_secs(12);
    let mut number = 0;
    while scene.create_mine(&format!("after-{number}")).await.code() != 200 {
        assert!(Instant::now() < deadline, "it does not recover");
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
        number += 1;
    }
    is_told(scene, "ready", "ok").await;
    assert_eq!((scene.metric("keypaird_kms_up").await, scene.metric("kms_breaker_state").await), (1, 0));
}

/// Waits until the operator's listener says so of the service and of the KMS, and has requests sent here all the time.
async fn is_told(scene: &Scene, status: &str, kms: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let ready = scene.app.send_admin("GET", "/health/ready").await.expect(200);
        if (&ready.body["status"], &ready.body["checks"]["kms"]) == (&json!(status), &json!(kms)) {
            return;
        }
        assert!(Instant::now() < deadline, "{}", ready.text);
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
    }
}

#[actix_web::test]
async fn f20_a_slow_kms_costs_no_more_than_the_configured_time_and_nobody_else() {
    let scene = Scene::set(&[("vault.kms.timeout_seconds", "2"), ("keypair.limit", "1000")]).await;
    let demo = scene.app.demo.clone();
    scene.between.turn(Mood::Slow(Duration::from_secs(5)));
    let started = Instant::now();
    let slow = join_all((0..40).map(|number| {
        let scene = &scene;
        async move { scene.create_mine(&format!("x{number}")).await }
    }));
    let others = async {
        let mut longest = Duration::ZERO;
        for _ in 0..50 {
            let started = Instant::now();
            scene.app.kps(&demo, "GET", "", Value::Null).await.expect(200);
            longest = longest.max(started.elapsed());
        }
        longest
    };
    let (answers, longest) = futures_util::future::join(slow, others).await;
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    answers.iter().for_each(assert_unavailable);
    assert!(longest < Duration::from_secs(1), "another call took {longest:?}");
    let started = Instant::now();
    assert_unavailable(&scene.create_mine("y").await);
    assert!(started.elapsed() < Duration::from_millis(500), "the breaker is open: {:?}", started.elapsed());
    scene.between.turn(Mood::Passing);
    recovers(&scene).await;
}

#[actix_web::test]
async fn f21_throttling_of_half_of_all_calls_is_not_seen_by_callers() {
    let scene = Scene::set(&[]).await;
    scene.between.turn(Mood::Throttling);
    for number in 0..10 {
        scene.create_mine(&format!("x{number}")).await.expect(200);
    }
    assert!(scene.metric(r#"kms_attempts_total{outcome="throttled"}"#).await >= 5);
}

#[actix_web::test]
async fn a_kms_that_throttles_everything_is_unavailable_and_no_fault_of_the_caller() {
    let scene = Scene::set(&[]).await;
    scene.between.turn(Mood::Refusing(400, "ThrottlingException", "Rate exceeded"));
    assert_unavailable(&scene.create_mine("x").await);
    scene.assert_nothing_stored(&scene.app.demo.clone(), "x").await;
}

#[actix_web::test]
async fn faults_of_the_kms_and_of_its_credentials_are_unavailability() {
    for (status, error) in [
        (500, "KMSInternalException"),
        (503, "ServiceUnavailable"),
        (500, "KeyUnavailableException"),
        (400, "ExpiredTokenException"),
        (400, "UnrecognizedClientException"),
    ] {
        let scene = Scene::set(&[]).await;
        scene.between.turn(Mood::Refusing(status, error, "why"));
        assert_unavailable(&scene.create_mine("x").await);
        scene.between.turn(Mood::Babbling);
        assert_unavailable(&scene.create_mine("x").await);
        scene.between.turn(Mood::Passing);
        scene.create_mine("x").await.expect(200);
    }
}

#[actix_web::test]
async fn one_tenants_key_that_is_away_leaves_the_kms_in_use_for_others() {
    let scene = Scene::set(&[]).await;
    scene.between.turn(Mood::Refusing(500, "KeyUnavailableException", "why"));
    for _ in 0..6 {
        assert_unavailable(&scene.create_mine("x").await);
    }
    scene.between.turn(Mood::Passing);
    scene.create_mine("x").await.expect(200);
}

#[actix_web::test]
async fn the_service_starts_without_its_kms_and_finds_it_later() {
    let moto = super::Moto::required();
    let between = super::Between::start(&moto.url);
    between.go_away().await;
    let url = between.url();
    let settings =
        [("vault.kms.provider", "aws"), ("vault.kms.region", "eu-central-1"), ("vault.kms.endpoint_url", url.as_str())];
    let started = Instant::now();
    let app = super::TestApp::spawn_with(&settings).await;
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    let key = moto.key_of(&app.demo.project_id, "mine").await;
    let body = json!({ "keypair": { "name": "x", "key_protection": { "encryption": by_name("mine") } } });
    assert_unavailable(&app.kps(&app.demo, "POST", "", body).await);
    between.come_back();
    let scene = Scene { moto, between, app, key };
    recovers(&scene).await;
}
