//! How often Keystone is asked about EC2 credentials, and what is counted.

use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::future::join_all;

use super::*;
use crate::between::Mood;
use crate::metric;

fn asked(scene: &Scene) -> (usize, usize) {
    (scene.between.credential_reads(), scene.between.credential_owners())
}

#[actix_web::test]
async fn requests_that_come_at_once_with_one_credential_ask_once() {
    let scene = scene(&[]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    scene.between.turn(Mood::Slow(Duration::from_millis(300)));
    let answers = join_all((0..40).map(|_| list_signed(&scene, &key))).await;
    assert!(answers.iter().all(|answer| answer.code() == 200));
    assert_eq!(asked(&scene), (1, 1));
}

#[actix_web::test]
async fn an_unknown_credential_is_asked_about_once_in_five_seconds() {
    let scene = scene(&[]).await;
    let key = Key { access: "N0SUCHKEY".to_owned(), ..credential_of(&scene.realm, &scene.demo).await };
    for _ in 0..10 {
        assert_unknown(&list_signed(&scene, &key).await, &key);
    }
    assert_eq!(asked(&scene), (1, 0));
    sleep(Duration::from_millis(5200)).await;
    assert_unknown(&list_signed(&scene, &key).await, &key);
    assert_eq!(asked(&scene), (2, 0));
}

#[actix_web::test]
async fn a_flood_of_unknown_credentials_asks_keystone_by_few_at_once() {
    let scene = scene(&[]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    scene.between.turn(Mood::Slow(Duration::from_millis(100)));
    let unknown: Vec<Key> = (0..60).map(|number| Key { access: format!("UNKNOWN{number}"), ..key.clone() }).collect();
    let answers = join_all(unknown.iter().map(|key| list_signed(&scene, key))).await;
    answers.iter().zip(&unknown).for_each(|(answer, key)| assert_unknown(answer, key));
    assert_eq!((asked(&scene), scene.between.most_at_once()), ((60, 0), 8));
}

#[actix_web::test]
async fn signed_requests_are_counted_by_what_came_of_them() {
    let scene = scene(&[]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    let wrong = Key { secret: "x".repeat(32), ..key.clone() };
    for key in [&key, &key, &key, &wrong] {
        list_signed(&scene, key).await;
    }
    let count = async |line: &str| metric(&scene.service, line).await;
    assert_eq!(count(r#"auth_access_key_cache_lookups_total{result="hit"}"#).await, 3);
    assert_eq!(count(r#"auth_access_key_cache_lookups_total{result="miss"}"#).await, 1);
    assert_eq!(count(r#"auth_requests_total{method="keystone_ec2",outcome="accepted"}"#).await, 3);
    assert_eq!(count(r#"auth_requests_total{method="keystone_ec2",outcome="refused"}"#).await, 1);
    assert_eq!(count(r#"keystone_requests_total{operation="credential",outcome="200"}"#).await, 1);
    assert_eq!(count(r#"keystone_requests_total{operation="credential_owner",outcome="200"}"#).await, 1);
}
