//! ENS: what its actions do. What they refuse stands with ECS's in `ecs/refusals`.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::access_key::{Key, key_of};
use crate::support::alibaba::{ENS, call};

async fn ens(app: &TestApp, key: &Key, action: &str, own: &[(&str, &str)]) -> Value {
    call(app, key, ENS, action, own).await.expect(200).body
}

#[actix_web::test]
async fn a_key_pair_is_made_shown_by_name_and_id_and_deleted_once_and_again() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let made = ens(&app, &key, "CreateKeyPair", &[("KeyPairName", "web"), ("RegionId", "cn-hangzhou")]).await;
    let members: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["KeyPairFingerPrint", "KeyPairId", "KeyPairName", "PrivateKeyBody", "RequestId"]);
    assert!(made["PrivateKeyBody"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    let id = made["KeyPairId"].as_str().unwrap();
    for (own, total) in [
        (&[][..], 1),
        (&[("KeyPairName", "web")], 1),
        (&[("KeyPairId", id)], 1),
        (&[("KeyPairId", id), ("KeyPairName", "web")], 1),
        (&[("KeyPairId", id), ("KeyPairName", "mail")], 0),
        (&[("KeyPairName", "we*")], 0),
        (&[("KeyPairId", "ssh-50cynkq42sgj4ej1tn78t4")], 0),
        (&[("PageNumber", "2")], 1),
    ] {
        let found = ens(&app, &key, "DescribeKeyPairs", own).await;
        assert_eq!(found["TotalCount"], total, "{own:?}");
    }
    let found = ens(&app, &key, "DescribeKeyPairs", &[]).await;
    let row = &found["KeyPairs"]["KeyPair"][0];
    let created = row["CreationTime"].as_str().unwrap();
    assert_eq!(created.replace(|c: char| c.is_ascii_digit(), "0"), "0000-00-00T00:00:00Z");
    let expected = json!({
        "CreationTime": created, "KeyPairFingerPrint": made["KeyPairFingerPrint"], "KeyPairId": id, "KeyPairName": "web",
    });
    assert_eq!(*row, expected);
    ens(&app, &key, "DeleteKeyPairs", &[("KeyPairId", id), ("KeyPairName", "mail")]).await;
    assert_eq!(ens(&app, &key, "DescribeKeyPairs", &[]).await["TotalCount"], 1, "both must fit");
    for _ in 0..2 {
        ens(&app, &key, "DeleteKeyPairs", &[("KeyPairId", id)]).await;
        assert_eq!(ens(&app, &key, "DescribeKeyPairs", &[]).await["TotalCount"], 0);
    }
}

#[actix_web::test]
async fn an_rsa_key_is_imported_and_deleted_by_its_name() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let documentation: Value = serde_json::from_str(include_str!("../vectors/kps_documentation.json")).unwrap();
    let import = documentation["requests"].as_array().unwrap().iter().find(|it| it["name"] == "import a public key");
    let public_key = import.unwrap()["body"]["keypair"]["public_key"].as_str().unwrap();
    let made = ens(&app, &key, "ImportKeyPair", &[("KeyPairName", "web"), ("PublicKeyBody", public_key)]).await;
    assert_eq!(made["KeyPairFingerPrint"], "b49ac312c490bf8e7ae27010c300553f");
    assert_eq!(made.get("KeyPairId"), None);
    ens(&app, &key, "DeleteKeyPairs", &[("KeyPairName", "web")]).await;
    assert_eq!(ens(&app, &key, "DescribeKeyPairs", &[]).await["TotalCount"], 0);
}

#[actix_web::test]
async fn in_xml_the_root_is_action_response() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let listed = call(&app, &key, ENS, "DescribeKeyPairs", &[("Format", "XML")]).await.expect(200);
    assert!(listed.text.contains("<ActionResponse><KeyPairs/><PageNumber>1</PageNumber>"), "{}", listed.text);
    let regions = ens(&app, &key, "DescribeEnsRegions", &[]).await;
    assert_eq!(regions["EnsRegions"]["EnsRegions"][0]["EnsRegionId"], "RegionOne");
}
