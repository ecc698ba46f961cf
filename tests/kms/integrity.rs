//! A KMS that answers something else, and rows that were changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keypaird::domain::{Error, KekId, KekProvider, SealedPrivateKey};
use serde_json::Value;

use super::Scene;
use super::between::Mood;

const OTHER_KEY: fn(&mut Value) =
    |answer| answer["KeyId"] = "arn:aws:kms:eu-central-1:123456789012:key/99999999-0000-4000-8000-000000000000".into();
const GARBAGE: fn(&mut Value) = |answer| answer["Plaintext"] = STANDARD.encode([7; 32]).into();
const SHORT: fn(&mut Value) = |answer| answer["Plaintext"] = STANDARD.encode([7; 31]).into();
const LONG: fn(&mut Value) = |answer| answer["Plaintext"] = STANDARD.encode([7; 33]).into();
const NONE: fn(&mut Value) = |answer| answer["Plaintext"] = Value::Null;

#[actix_web::test]
async fn s14_an_answer_that_names_another_key_or_brings_another_one_is_an_integrity_error() {
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy), ("vault.kms.project_key_cache_seconds", "1")]).await;
        scene.create_mine("a").await.expect(200);
        actix_web::rt::time::sleep(std::time::Duration::from_millis(1200)).await;
        for (what, change) in
            [("other key", OTHER_KEY), ("garbage", GARBAGE), ("short", SHORT), ("long", LONG), ("none", NONE)]
        {
            scene.between.turn(Mood::Forging(change));
            let refused = scene.open("a").await.expect_err("is refused");
            assert!(matches!(refused, Error::Integrity(_)), "{economy}, {what}: {refused:?}");
            actix_web::rt::time::sleep(std::time::Duration::from_millis(1200)).await;
        }
        scene.between.turn(Mood::Passing);
        scene.open("a").await.unwrap();
    }
}

#[actix_web::test]
async fn a_create_that_the_kms_answers_wrongly_is_an_internal_error_and_stores_nothing() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    for change in [SHORT, LONG, NONE, |answer: &mut Value| answer["KeyId"] = "alias/x".into()] {
        scene.between.turn(Mood::Forging(change));
        let refused = scene.create_mine("x").await.expect(500);
        assert_eq!(super::refusal(&refused).0, "KPS.0004");
        scene.assert_nothing_stored(&demo, "x").await;
    }
    scene.between.turn(Mood::Forging(OTHER_KEY));
    scene.create(&demo, "x", super::by_id(&scene.key.id)).await.expect(500);
    scene.assert_nothing_stored(&demo, "x").await;
}

#[actix_web::test]
async fn s16_what_no_kms_wrote_is_refused_without_a_call() {
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy)]).await;
        scene.create_mine("a").await.expect(200);
        let (pair, sealed) = scene.stored("a").await;
        let whole = sealed.wrapped_data_key.clone();
        scene.between.count_from_here();
        let named = |name: &str, version| KekId { name: name.to_owned(), version, ..sealed.kek.clone() };
        let with = |bytes: Vec<u8>| SealedPrivateKey { wrapped_data_key: bytes, ..sealed.clone() };
        let under = |kek| SealedPrivateKey { kek, ..sealed.clone() };
        let other = match sealed.kek.provider {
            KekProvider::AwsKms => KekProvider::AwsKmsProject,
            KekProvider::AwsKmsProject | KekProvider::Local => KekProvider::Local,
        };
        let mut cases = vec![
            with(Vec::new()),
            with(vec![1; 6145]),
            with(vec![1; 1 << 20]),
            under(named(&scene.key.id, 1)),
            under(named("alias/aws/kms", 1)),
            under(named(&scene.key.arn, 2)),
            under(KekId { provider: other, ..sealed.kek.clone() }),
        ];
        if sealed.kek.provider == KekProvider::AwsKmsProject {
            cases.extend([with(whole.repeat(2)), with(whole[1..].to_vec()), with([&[2], &whole[1..]].concat())]);
        }
        for changed in cases {
            let refused = scene.open_as(&pair, &changed).await.expect_err("is refused");
            assert!(matches!(refused, Error::Integrity(_)), "{economy}, {:?}: {refused:?}", changed.kek);
        }
        assert_eq!(scene.between.operations(), Vec::<String>::new(), "{economy}");
    }
}

#[actix_web::test]
async fn a_row_opens_under_no_other_key_pair_and_with_no_bit_changed() {
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy)]).await;
        scene.create_mine("a").await.expect(200);
        scene.create_mine("b").await.expect(200);
        let (pair_a, a) = scene.stored("a").await;
        let (_, b) = scene.stored("b").await;
        let swapped = SealedPrivateKey { wrapped_data_key: b.wrapped_data_key.clone(), ..a.clone() };
        for sealed in [swapped, b] {
            let refused = scene.open_as(&pair_a, &sealed).await.expect_err("is refused");
            assert!(matches!(refused, Error::Integrity(_)), "{economy}: {refused:?}");
        }
        let other_arn = scene.moto.key().await.arn;
        let moved = SealedPrivateKey { kek: KekId { name: other_arn, ..a.kek.clone() }, ..a.clone() };
        assert!(scene.open_as(&pair_a, &moved).await.is_err(), "{economy}: opens by another key");
        for at in (0..a.wrapped_data_key.len()).step_by(7) {
            let mut changed = a.clone();
            changed.wrapped_data_key[at] ^= 1 << (at % 8);
            assert!(scene.open_as(&pair_a, &changed).await.is_err(), "{economy}: bit of byte {at}");
        }
    }
}
