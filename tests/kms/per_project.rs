//! One key of the KMS for each project, kept in memory for a while.

use std::time::Duration;

use futures_util::future::join_all;
use keypaird::domain::{Error, Owner, ProjectId, Role, UserId};
use serde_json::json;

use super::{Scene, by_name, private_key};

const PER_PROJECT: (&str, &str) = ("vault.kms.data_keys", "per-project");
const LIMIT: (&str, &str) = ("keypair.limit", "2000");

async fn pause(milliseconds: u64) {
    actix_web::rt::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[actix_web::test]
async fn a_thousand_creates_and_as_many_exports_cost_one_call() {
    let scene = Scene::set(&[PER_PROJECT, LIMIT]).await;
    for round in 0..20 {
        let names: Vec<_> = (0..50).map(|number| format!("x{round}-{number}")).collect();
        let made = join_all(names.iter().map(|name| scene.create_mine(name))).await;
        for (answer, name) in made.iter().zip(&names) {
            assert_eq!(answer.code(), 200, "{}", answer.text);
            assert_eq!(scene.open(name).await.unwrap(), private_key(answer));
        }
    }
    assert_eq!(scene.between.operations(), ["GenerateDataKey"]);
    let (_, sealed) = scene.stored("x0-0").await;
    assert_eq!((sealed.kek.provider.as_str(), &sealed.kek.name), ("aws-kms-project", &scene.key.arn));
}

#[actix_web::test]
async fn each_private_key_is_stored_with_the_alias_that_it_was_asked_for_by() {
    let scene = Scene::set(&[PER_PROJECT]).await;
    let demo = scene.app.demo.clone();
    scene.moto.alias(&format!("alias/{}/another", demo.project_id), &scene.key).await;
    for (name, alias) in [("one", "mine"), ("two", "another")] {
        let both = json!({ "type": "kms", "kms_key_name": alias, "kms_key_id": scene.key.id });
        scene.create(&demo, name, both).await.expect(200);
        let (_, sealed) = scene.stored(name).await;
        assert_eq!(sealed.kek_alias, Some(format!("alias/{}/{alias}", demo.project_id)));
    }
}

#[actix_web::test]
async fn another_service_on_the_same_rows_unwraps_a_projects_key_once() {
    let scene = Scene::set(&[PER_PROJECT, ("vault.kms.project_key_cache_seconds", "3")]).await;
    for name in ["a", "b", "c"] {
        scene.create_mine(name).await.expect(200);
    }
    pause(3200).await;
    scene.between.count_from_here();
    let opened = join_all(["a", "b", "c", "a"].map(|name| scene.open(name))).await;
    assert!(opened.iter().all(Result::is_ok));
    assert_eq!(scene.between.operations(), ["Decrypt"], "of those who need it at once, one asks");
}

#[actix_web::test]
async fn f19_creates_and_exports_of_a_project_in_memory_go_on_without_the_kms() {
    let scene = Scene::set(&[PER_PROJECT, ("vault.kms.project_key_cache_seconds", "4")]).await;
    let other = scene.app.user("bea", "other", Role::MEMBER).await;
    scene.moto.key_of(&other.project_id, "mine").await;
    scene.create_mine("before").await.expect(200);
    scene.between.go_away().await;
    let made = scene.create_mine("during").await.expect(200);
    assert_eq!(scene.open("during").await.unwrap(), private_key(&made));
    scene.open("before").await.unwrap();
    scene.create(&other, "x", by_name("mine")).await.expect(503);
    scene.assert_nothing_stored(&other, "x").await;
    pause(4200).await;
    scene.create_mine("after").await.expect(503);
    assert!(matches!(scene.open("before").await, Err(Error::Unavailable { .. })));
}

#[actix_web::test]
async fn s24_a_projects_key_is_of_no_use_to_another_project() {
    let scene = Scene::set(&[PER_PROJECT]).await;
    scene.create_mine("a").await.expect(200);
    let (pair, sealed) = scene.stored("a").await;
    scene.between.count_from_here();
    let mut of_another = pair.clone();
    of_another.project = Some(ProjectId::parse("another").unwrap());
    let mut of_none = pair.clone();
    of_none.project = None;
    let mut of_the_project = pair.clone();
    of_the_project.owner = Owner::Project(pair.project.clone().unwrap());
    let mut of_another_user = pair.clone();
    of_another_user.owner = Owner::User(UserId::parse("another").unwrap());
    for changed in [&of_another, &of_none, &of_the_project, &of_another_user] {
        let refused = scene.open_as(changed, &sealed).await.expect_err("is refused");
        assert!(matches!(refused, Error::Integrity(_)), "{refused:?}");
    }
    // Another project's did not even find the key in memory.
    assert_eq!(scene.between.operations(), ["Decrypt", "Decrypt"]);
}

#[actix_web::test]
async fn s24_a_projects_key_is_forgotten_when_its_time_is_up_and_past_the_most_that_are_kept() {
    let scene = Scene::set(&[PER_PROJECT, ("vault.kms.project_key_cache_seconds", "2")]).await;
    scene.create_mine("a").await.expect(200);
    pause(1200).await;
    scene.open("a").await.unwrap();
    pause(1200).await;
    scene.between.count_from_here();
    scene.open("a").await.unwrap();
    assert_eq!(scene.between.operations(), ["Decrypt"], "use does not prolong it");
    assert!(scene.metric(r#"kek_cache_requests_total{result="hit"}"#).await >= 1);
    assert!(scene.metric(r#"kek_cache_requests_total{result="miss"}"#).await >= 2);
}

#[actix_web::test]
async fn rows_of_either_economy_open_under_the_other() {
    for (economy, provider) in [("per-key-pair", "aws-kms"), ("per-project", "aws-kms-project")] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy)]).await;
        let made = scene.create_mine("a").await.expect(200);
        let (pair, sealed) = scene.stored("a").await;
        assert_eq!(sealed.kek.provider.as_str(), provider);
        let mut settings = scene.app.settings.vault.kms.clone();
        settings.data_keys = match economy {
            "per-project" => keypaird::vault::kms::DataKeys::PerKeyPair,
            _ => keypaird::vault::kms::DataKeys::PerProject,
        };
        let kms = keypaird::vault::kms::Kms::new(&settings, &prometheus::Registry::new()).unwrap();
        let other = scene.app.vault.clone().with_kms(kms);
        let binding = keypaird::vault::Binding::of(scene.app.store.instance(), &pair);
        assert_eq!(other.open(&sealed, &binding).await.unwrap().expose(), private_key(&made));
    }
}
