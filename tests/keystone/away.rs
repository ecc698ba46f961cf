//! What callers see while Keystone is away, slow or failing.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::between::Mood;
use super::{Scene, assert_unavailable, list, metric};

#[actix_web::test]
async fn while_keystone_is_away_known_tokens_work_and_others_are_told_to_try_again() {
    let scene = Scene::set(&[]).await;
    let unseen = scene.another_user().await;
    scene.list(&scene.demo).await.expect(200);
    scene.between.go_away().await;
    for _ in 0..5 {
        scene.list(&scene.demo).await.expect(200);
    }
    assert_unavailable(&scene.list(&unseen).await);
    scene.service.send_admin("GET", "/health/ready").await.expect(200);
    let unavailable = r#"auth_requests_total{method="keystone_token",outcome="unavailable"}"#;
    assert_eq!(metric(&scene.service, unavailable).await, 1);
    scene.between.come_back();
    scene.list(&unseen).await.expect(200);
}

#[actix_web::test]
async fn kps_says_it_in_its_own_words() {
    let scene = Scene::set(&[]).await;
    scene.between.go_away().await;
    let answer = scene.service.kps(&scene.demo, "GET", "", serde_json::Value::Null).await.expect(503);
    assert_eq!(answer.header("Retry-After"), ["5"]);
    assert_eq!(answer.body["error_code"], "KPS.0003");
}

#[actix_web::test]
async fn a_keystone_that_hangs_costs_no_more_than_the_configured_time() {
    let scene = Scene::set(&[("identity.keystone.timeout_seconds", "3")]).await;
    let unseen = scene.another_user().await;
    scene.list(&scene.demo).await.expect(200);
    scene.between.turn(Mood::Hanging);
    let started = Instant::now();
    let answers = join_all((0..50).map(|_| scene.list(&unseen))).await;
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    answers.iter().for_each(assert_unavailable);
    scene.list(&scene.demo).await.expect(200);
    scene.between.turn(Mood::Passing);
    scene.list(&unseen).await.expect(200);
}

#[actix_web::test]
async fn more_callers_than_may_ask_at_once_wait_no_longer_than_that_either() {
    let scene = Scene::set(&[("identity.keystone.timeout_seconds", "1")]).await;
    scene.between.turn(Mood::Hanging);
    let started = Instant::now();
    let tokens: Vec<String> = (0..200).map(|number| format!("unknown-{number}")).collect();
    let answers = join_all(tokens.iter().map(|token| list(&scene.service, token))).await;
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    answers.iter().for_each(assert_unavailable);
}

#[actix_web::test]
async fn a_slow_keystone_is_asked_by_few_at_once_and_answers_all() {
    let scene = Scene::set(&[]).await;
    scene.between.turn(Mood::Slow(Duration::from_millis(100)));
    let tokens: Vec<String> = (0..60).map(|number| format!("unknown-{number}")).collect();
    let answers = join_all(tokens.iter().map(|token| list(&scene.service, token))).await;
    assert!(answers.iter().all(|answer| answer.code() == 401));
    assert_eq!((scene.between.validations(), scene.between.most_at_once()), (60, 8));
}

#[actix_web::test]
async fn failures_that_pass_are_not_seen_by_callers() {
    let scene = Scene::set(&[("identity.keystone.token_cache_seconds", "0")]).await;
    for status in [429, 500, 502, 503, 504] {
        let before = scene.between.validations();
        scene.between.turn(Mood::Failing { status, times: 2 });
        scene.list(&scene.demo).await.expect(200);
        assert_eq!(scene.between.validations(), before + 3, "{status}");
    }
}

#[actix_web::test]
async fn an_answer_that_makes_no_sense_is_no_leave() {
    let scene = Scene::set(&[]).await;
    for status in [204, 301, 302, 400, 402, 404, 418] {
        let before = scene.between.validations();
        scene.between.turn(Mood::Failing { status, times: 1 });
        assert_unavailable(&scene.list(&scene.demo).await);
        assert_eq!(scene.between.validations(), before + 1, "{status} is not asked again");
    }
}

#[actix_web::test]
async fn the_service_starts_without_its_keystone_and_finds_it_later() {
    let realm = super::Realm::required().await;
    let between = super::Between::start(&realm.url);
    between.go_away().await;
    let url = between.url();
    let service = realm.serve(&[("identity.keystone.auth_url", &url)]).await;
    assert_unavailable(&list(&service, &realm.admin.token).await);
    between.come_back();
    list(&service, &realm.admin.token).await.expect(200);
}
