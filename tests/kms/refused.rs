//! Keys that cannot be used: what callers are told, and that nothing is stored.

use keypaird::settings::{Flag, Sources, load};
use serde_json::json;

use super::between::Mood;
use super::{Scene, by_name, refusal};

/// Every error of AWS that concerns the key: status, error, message, and what the caller reads.
const REFUSALS: [(&str, &str, &str); 6] = [
    ("DisabledException", "arn:aws:kms:eu-central-1:1:key/secret-id is disabled.", "'mine' is disabled"),
    ("KMSInvalidStateException", "arn:aws:kms:eu-central-1:1:key/secret-id is pending deletion.", "pending deletion"),
    ("KMSInvalidStateException", "arn:aws:kms:eu-central-1:1:key/secret-id is pending import.", "cannot be used"),
    ("InvalidKeyUsageException", "secret-id", "not a key for symmetric encryption"),
    ("AccessDeniedException", "User: arn:aws:iam::1:user/secret-id is not authorized", "may not use"),
    ("NotFoundException", "Alias arn:aws:kms:eu-central-1:1:alias/secret-id is not found.", "does not exist"),
];

#[actix_web::test]
async fn a_key_that_cannot_be_used_is_kps_6008_with_the_reason_and_nothing_is_stored() {
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy)]).await;
        let demo = scene.app.demo.clone();
        for (error, message, reason) in REFUSALS {
            scene.between.turn(Mood::Refusing(400, error, message));
            scene.between.count_from_here();
            let refused = scene.create_mine("x").await.expect(400);
            let (code, text) = refusal(&refused);
            assert_eq!(code, "KPS.6008");
            assert!(text.contains(reason) && !text.contains("secret-id") && !text.contains("arn:"), "{error}: {text}");
            assert_eq!(scene.between.calls().len(), 1, "{error} is not asked again");
            scene.assert_nothing_stored(&demo, "x").await;
        }
        // A tenant's wrong names leave the KMS in use for everybody.
        for _ in 0..10 {
            scene.create_mine("x").await.expect(400);
        }
        scene.between.turn(Mood::Passing);
        scene.create_mine("x").await.expect(200);
    }
}

#[actix_web::test]
async fn a_key_that_is_refused_is_refused_before_one_is_generated() {
    let scene = Scene::set(&[("keypair.algorithm", "rsa-4096"), ("keypair.generators", "1")]).await;
    let demo = scene.app.demo.clone();
    let started = std::time::Instant::now();
    for _ in 0..50 {
        scene.create(&demo, "x", by_name("missing")).await.expect(400);
    }
    // Fifty RSA keys of 4096 bits take this machine's generator many times that.
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
}

#[actix_web::test]
async fn an_import_with_a_key_that_cannot_be_used_stores_nothing_either() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    let made = scene.create(&demo, "made", json!({ "type": "default" })).await.expect(200);
    let public_key = made.body["keypair"]["public_key"].as_str().unwrap();
    let protection = json!({ "private_key": super::private_key(&made), "encryption": by_name("missing") });
    let body = json!({ "keypair": { "name": "x", "public_key": public_key, "key_protection": protection } });
    let refused = scene.app.kps(&demo, "POST", "", body).await.expect(400);
    assert_eq!(refusal(&refused).0, "KPS.6008");
    scene.assert_nothing_stored(&demo, "x").await;
}

#[test]
fn a_template_that_does_not_keep_projects_apart_is_refused_at_the_start() {
    let flag = |value: &str| Flag {
        key: "vault.kms.alias_template".to_owned(),
        value: value.to_owned(),
        written: "test".to_owned(),
    };
    for template in ["alias/{project_id}-{kms_key_name}", "alias/{kms_key_name}", "{project_id}/{kms_key_name}"] {
        let sources = Sources { flags: vec![flag(template)], ..Sources::default() };
        let problems = load(&sources).err().expect("is refused").to_string();
        assert!(problems.contains("vault.kms.alias_template"), "{problems}");
    }
}
