//! Data keys that move between master keys and the KMS, and between keys of the KMS.

use keypaird::domain::{Actor, Dialect, KmsKeyName, Region, Via};
use keypaird::service::{JobReport, KeptKeys, Pace, Rewrap};
use keypaird::vault::RewrapTarget;
use serde_json::{Value, json};

use super::Scene;

async fn rewrap(scene: &Scene, target: RewrapTarget) -> JobReport {
    let via = Via { dialect: Dialect::Cli, client: None, request_id: None };
    let actor = Actor { user: "os:0".to_owned(), project: None, via };
    let region = Region::parse(&scene.app.settings.region).unwrap();
    let kept = KeptKeys::new(scene.app.store.clone(), scene.app.vault.clone(), region, actor);
    let order = Rewrap { target, pace: Pace::AsFastAsPossible };
    kept.rewrap(&order, &mut |_| {}).await.unwrap()
}

async fn exported(scene: &Scene, name: &str) -> String {
    let wish = json!({ "keypair": { "name": name } });
    let answer = scene.app.kps_v3(&scene.app.demo, "POST", "/private-key/export", wish).await.expect(200);
    answer.body["keypair"]["private_key"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn private_keys_go_to_the_kms_follow_an_alias_there_and_come_back_and_leave_as_they_were() {
    for data_keys in ["per-key-pair", "per-project"] {
        let scene = Scene::set(&[("vault.kms.data_keys", data_keys)]).await;
        let made = scene.create(&scene.app.demo, "web", json!({ "type": "default" })).await.expect(200);
        let private_key = super::private_key(&made);
        let mine = KmsKeyName::parse("mine").unwrap();

        let report = rewrap(&scene, RewrapTarget::Kms(mine.clone())).await;
        assert_eq!((report.done, report.left), (1, 0), "{data_keys}");
        let (_, sealed) = scene.stored("web").await;
        assert_eq!(sealed.kek.name, scene.key.arn);
        assert_eq!(sealed.kek_alias, Some(format!("alias/{}/mine", scene.app.demo.project_id)));
        assert_eq!(exported(&scene, "web").await, private_key);
        assert_eq!(rewrap(&scene, RewrapTarget::Kms(mine)).await.done, 0, "it is there");
        assert_eq!(rewrap(&scene, RewrapTarget::SameProvider).await.done, 0, "the alias stands for the same key");

        let next = scene.moto.key().await;
        let alias = format!("alias/{}/mine", scene.app.demo.project_id);
        let update: Value = json!({ "AliasName": alias, "TargetKeyId": next.id });
        scene.moto.call("UpdateAlias", update).await;
        if data_keys == "per-key-pair" {
            let report = rewrap(&scene, RewrapTarget::SameProvider).await;
            assert_eq!((report.done, report.left), (1, 0), "the alias stands for another key by now");
            assert_eq!(scene.stored("web").await.1.kek.name, next.arn);
            assert_eq!(exported(&scene, "web").await, private_key);
        }

        let report = rewrap(&scene, RewrapTarget::Default).await;
        assert_eq!((report.done, report.left), (1, 0));
        assert_eq!(scene.stored("web").await.1.kek_alias, None);
        assert_eq!(exported(&scene, "web").await, private_key);
    }
}

#[actix_web::test]
async fn rows_that_the_kms_will_not_take_are_left_and_named() {
    let scene = Scene::set(&[]).await;
    scene.create(&scene.app.demo, "web", json!({ "type": "default" })).await.expect(200);
    let report = rewrap(&scene, RewrapTarget::Kms(KmsKeyName::parse("nobodys").unwrap())).await;
    assert_eq!((report.done, report.left, report.failed.len()), (0, 1, 1));
    assert_eq!(report.failed[0].name, "web");
    scene.open("web").await.unwrap();
}
