//! Key pairs whose private keys are kept under a key in the KMS.

use serde_json::{Value, json};

use super::{Scene, by_id, by_name, private_key};

#[actix_web::test]
async fn a_key_is_chosen_by_name_by_id_by_arn_or_by_both_and_what_it_keeps_opens_again() {
    let scene = Scene::set(&[]).await;
    let (demo, key) = (scene.app.demo.clone(), scene.key.clone());
    let both = |id: &str| json!({ "type": "kms", "kms_key_name": "mine", "kms_key_id": id });
    let ways = [("name", by_name("mine")), ("id", by_id(&key.id)), ("arn", by_id(&key.arn)), ("both", both(&key.id))];
    for (name, encryption) in ways {
        let made = scene.create(&demo, name, encryption).await.expect(200);
        assert_eq!(scene.open(name).await.unwrap(), private_key(&made), "{name}");
        let (_, sealed) = scene.stored(name).await;
        assert_eq!((sealed.kek.provider.as_str(), &sealed.kek.name, sealed.kek.version), ("aws-kms", &key.arn, 1));
        assert_eq!(sealed.kek_alias, Some(format!("alias/{}/mine", demo.project_id)));
    }
}

#[actix_web::test]
async fn novas_path_takes_a_kms_key_as_an_object_and_as_a_word() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    for (name, protection) in [("object", json!({ "encryption": by_name("mine") })), ("word", json!("kms:mine"))] {
        let body = json!({ "keypair": { "name": name, "key_protection": protection } });
        let made = scene.app.nova(&demo, "2.1", "POST", "/os-keypairs", body).await.expect(200);
        assert_eq!(scene.open(name).await.unwrap(), private_key(&made), "{name}");
    }
}

#[actix_web::test]
async fn calls_per_key_pair_are_one_to_create_one_to_open_and_one_more_where_an_id_is_given() {
    let scene = Scene::set(&[]).await;
    let demo = scene.app.demo.clone();
    scene.create_mine("a").await.expect(200);
    assert_eq!(scene.between.operations(), ["GenerateDataKey"]);
    scene.between.count_from_here();
    scene.open("a").await.unwrap();
    assert_eq!(scene.between.operations(), ["Decrypt"]);
    scene.between.count_from_here();
    scene.create(&demo, "b", by_id(&scene.key.id)).await.expect(200);
    assert_eq!(scene.between.operations(), ["ListAliases", "GenerateDataKey"]);
    scene.between.count_from_here();
    let public_only = json!({ "keypair": { "name": "c" } });
    scene.app.kps(&demo, "POST", "", public_only).await.expect(200);
    let by_default = json!({ "type": "default" });
    scene.create(&demo, "d", by_default).await.expect(200);
    assert_eq!(scene.between.operations(), Vec::<String>::new());
}

#[actix_web::test]
async fn s14_decrypt_names_the_key_and_the_context_of_the_row() {
    let scene = Scene::set(&[]).await;
    scene.create_mine("a").await.expect(200);
    scene.between.count_from_here();
    scene.open("a").await.unwrap();
    let (pair, _) = scene.stored("a").await;
    let [call] = &scene.between.calls()[..] else { panic!("one call") };
    let context = json!({
        "keypaird:instance": scene.app.store.instance().as_uuid().to_string(),
        "keypaird:region": "RegionOne",
        "keypaird:owner": format!("u:{}", scene.app.demo.user_id),
        "keypaird:project": scene.app.demo.project_id,
        "keypaird:key-pair": pair.id.to_string(),
    });
    assert_eq!(call.body["KeyId"], Value::from(scene.key.arn.as_str()));
    assert_eq!(call.body["EncryptionContext"], context);
}

#[actix_web::test]
async fn s15_the_kms_is_told_ids_and_no_names_nor_anything_secret() {
    for economy in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", economy)]).await;
        let made = scene.create_mine("name-of-the-pair").await.expect(200);
        scene.open("name-of-the-pair").await.unwrap();
        let calls = scene.between.calls();
        assert!(!calls.is_empty());
        for call in calls {
            let said = call.body["EncryptionContext"].to_string();
            for secret in ["name-of-the-pair", &scene.app.demo.name, "ssh-", "alias"] {
                assert!(!said.contains(secret), "{economy}: {said} has {secret}");
            }
            let whole = call.body.to_string();
            let lines: Vec<_> = private_key(&made).lines().filter(|line| !line.starts_with("--")).collect();
            assert!(lines.iter().all(|line| !whole.contains(line)), "{economy}");
        }
    }
}

#[actix_web::test]
async fn a_row_opens_after_its_alias_has_moved_to_another_key() {
    let scene = Scene::set(&[]).await;
    let made = scene.create_mine("a").await.expect(200);
    let next = scene.moto.key().await;
    let alias = format!("alias/{}/mine", scene.app.demo.project_id);
    scene.moto.call("UpdateAlias", json!({ "AliasName": alias, "TargetKeyId": next.id })).await;
    assert_eq!(scene.open("a").await.unwrap(), private_key(&made));
    scene.create_mine("b").await.expect(200);
    assert_eq!(scene.stored("b").await.1.kek.name, next.arn);
}
