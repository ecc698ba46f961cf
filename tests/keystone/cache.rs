//! How long an answer of Keystone's holds, and how often it is asked.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use futures_util::future::join_all;
use serde_json::Value;

use super::between::Mood;
use super::{Scene, assert_refused, metric};

const HIT: &str = r#"auth_token_cache_lookups_total{result="hit"}"#;
const MISS: &str = r#"auth_token_cache_lookups_total{result="miss"}"#;

fn tokens(outcome: &str) -> String {
    format!(r#"auth_requests_total{{method="keystone_token",outcome="{outcome}"}}"#)
}

#[actix_web::test]
async fn keystone_is_asked_once_about_a_token_that_is_used_often() {
    let scene = Scene::set(&[]).await;
    for _ in 0..20 {
        scene.list(&scene.demo).await.expect(200);
    }
    assert_eq!((scene.between.validations(), scene.between.logins()), (1, 0));
}

#[actix_web::test]
async fn requests_that_come_at_once_with_a_new_token_ask_once() {
    let scene = Scene::set(&[]).await;
    scene.between.turn(Mood::Slow(Duration::from_millis(300)));
    let answers = join_all((0..40).map(|_| scene.list(&scene.demo))).await;
    assert!(answers.iter().all(|answer| answer.code() == 200));
    assert_eq!(scene.between.validations(), 1);
}

#[actix_web::test]
async fn a_revoked_token_dies_within_the_configured_seconds() {
    let scene = Scene::set(&[("identity.keystone.token_cache_seconds", "2")]).await;
    scene.list(&scene.demo).await.expect(200);
    let validated = Instant::now();
    scene.realm.revoke(&scene.demo.token).await;
    let mut asked = validated.elapsed();
    while scene.list(&scene.demo).await.code() == 200 {
        assert!(asked < Duration::from_secs(2), "it is still taken");
        sleep(Duration::from_millis(50)).await;
        asked = validated.elapsed();
    }
    assert_refused(&scene.list(&scene.demo).await, &scene.between.url());
}

#[actix_web::test]
async fn without_a_cache_a_revoked_token_dies_at_once() {
    let scene = Scene::set(&[("identity.keystone.token_cache_seconds", "0")]).await;
    scene.list(&scene.demo).await.expect(200);
    scene.realm.revoke(&scene.demo.token).await;
    assert_eq!(scene.list(&scene.demo).await.code(), 401);
}

#[actix_web::test]
async fn s31_a_token_ends_at_its_own_time_although_it_is_remembered() {
    let scene = Scene::set(&[("identity.keystone.token_cache_seconds", "300")]).await;
    let time = Duration::from_secs(8);
    let user = scene.realm.short_lived(&scene.demo, time, Value::Null).await;
    scene.list(&user).await.expect(200);
    sleep(time).await;
    assert_refused(&scene.list(&user).await, &scene.between.url());
    assert_eq!(scene.between.validations(), 1, "its end is known without asking");
}

#[actix_web::test]
async fn s31_a_refusal_is_remembered_briefly() {
    let scene = Scene::set(&[]).await;
    for _ in 0..10 {
        assert_eq!(super::list(&scene.service, "gAAAAAB-no-token").await.code(), 401);
    }
    assert_eq!(scene.between.validations(), 1);
    sleep(Duration::from_millis(5200)).await;
    assert_eq!(super::list(&scene.service, "gAAAAAB-no-token").await.code(), 401);
    assert_eq!(scene.between.validations(), 2);
}

#[actix_web::test]
async fn hits_misses_and_refusals_are_counted() {
    let scene = Scene::set(&[]).await;
    let asked = |outcome: &str| format!(r#"keystone_requests_total{{operation="validate",outcome="{outcome}"}}"#);
    let before = metric(&scene.service, &asked("200")).await;
    for token in [scene.demo.token.as_str(), &scene.demo.token, &scene.demo.token, "unknown", "unknown"] {
        super::list(&scene.service, token).await;
    }
    assert_eq!((metric(&scene.service, HIT).await, metric(&scene.service, MISS).await), (3, 2));
    assert_eq!(metric(&scene.service, &tokens("accepted")).await, 3);
    assert_eq!(metric(&scene.service, &tokens("refused")).await, 2);
    assert_eq!(metric(&scene.service, &asked("200")).await, before + 1);
    assert_eq!(metric(&scene.service, &asked("404")).await, 1);
}
