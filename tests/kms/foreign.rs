//! What one project learns of another's keys: nothing.

use std::io::ErrorKind;
use std::net::TcpListener;

use keypaird::domain::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::between::Mood;
use super::support::Answer;
use super::{Scene, by_id, by_name, refusal};

/// Status, headers but for the request's own, and body with the key's name taken out.
fn shape(answer: &Answer, named: &str) -> (u16, Vec<(String, String)>, String) {
    let own = ["date", "x-request-id", "x-compute-request-id", "x-openstack-request-id", "content-length"];
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.code(), headers, answer.text.replace(named, "KEY"))
}

#[actix_web::test]
async fn another_projects_key_answers_as_a_missing_one_by_name_by_id_and_by_arn() {
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy)]).await;
        let b = scene.app.user("bea", "other", Role::MEMBER).await;
        let id = "11111111-2222-4333-8444-555555555555";
        let arn = scene.key.arn.replace(&scene.key.id, id);
        let pairs = [
            ("mine".to_owned(), "nobodys".to_owned(), by_name as fn(&str) -> Value),
            (scene.key.id.clone(), id.to_owned(), by_id),
            (scene.key.arn.clone(), arn, by_id),
        ];
        // A's key is there and in use.
        scene.create_mine("a").await.expect(200);
        for (theirs, missing, choose) in pairs {
            scene.between.count_from_here();
            let foreign = scene.create(&b, "x", choose(&theirs)).await.expect(400);
            let calls = scene.between.operations();
            scene.between.count_from_here();
            let unknown = scene.create(&b, "x", choose(&missing)).await.expect(400);
            assert_eq!(shape(&foreign, &theirs), shape(&unknown, &missing));
            assert_eq!(calls, scene.between.operations(), "{theirs}");
            assert_eq!(refusal(&foreign).0, "KPS.6008");
            scene.assert_nothing_stored(&b, "x").await;
            let nova = json!({ "keypair": { "name": "x", "key_protection": { "encryption": choose(&theirs) } } });
            let nova_too = json!({ "keypair": { "name": "x", "key_protection": { "encryption": choose(&missing) } } });
            let foreign = scene.app.nova(&b, "2.1", "POST", "/os-keypairs", nova).await.expect(400);
            let unknown = scene.app.nova(&b, "2.1", "POST", "/os-keypairs", nova_too).await.expect(400);
            assert_eq!(shape(&foreign, &theirs), shape(&unknown, &missing));
        }
    }
}

#[actix_web::test]
async fn a_name_and_an_id_must_be_of_one_key_and_say_nothing_of_foreign_ones() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    let other_own = scene.moto.key_of(&demo.project_id, "second").await;
    let foreign = scene.moto.key_of(&Uuid::new_v4().to_string(), "mine").await;
    let missing = "11111111-2222-4333-8444-555555555555".to_owned();
    let mut answers = Vec::new();
    for id in [other_own.id, foreign.id, missing] {
        let both = json!({ "type": "kms", "kms_key_name": "mine", "kms_key_id": id });
        let refused = scene.create(&demo, "x", both).await.expect(400);
        answers.push(shape(&refused, &id));
        scene.assert_nothing_stored(&demo, "x").await;
    }
    assert!(answers[0].2.contains("not of one key"), "{}", answers[0].2);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[actix_web::test]
async fn aws_own_keys_are_nobodys() {
    let scene = Scene::set(&[]).await;
    for name in ["aws/kms", "alias/aws/kms", "../other/mine", "aws/s3"] {
        scene.create(&scene.app.demo.clone(), "x", by_name(name)).await.expect(400);
    }
    assert_eq!(scene.between.operations(), Vec::<String>::new());
}

#[actix_web::test]
async fn s60_nothing_that_a_caller_says_or_the_kms_answers_sends_a_call_elsewhere() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://localhost:{}/key/1", trap.local_addr().unwrap().port());
    let of_another_region = scene.key.arn.replace("eu-central-1", "us-east-1");
    for id in [elsewhere.as_str(), "//localhost/key/1", &of_another_region] {
        scene.between.count_from_here();
        scene.create(&demo, "x", by_id(id)).await.expect(400);
        assert_eq!(scene.between.operations(), ["ListAliases"], "{id}");
    }
    scene.between.turn(Mood::Redirecting(elsewhere));
    scene.create_mine("x").await.expect(503);
    scene.assert_nothing_stored(&demo, "x").await;
    assert_eq!(trap.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
}
