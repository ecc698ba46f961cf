//! CreateKeyPair and ImportKeyPair.

use openssl::hash::{MessageDigest, hash};
use openssl::rsa::Rsa;
use serde_json::{Value, json};

use super::{demo_key, described, done, ecs, imported, refusal};
use crate::nova::ED25519;
use crate::support::TestApp;
use crate::support::alibaba::{ECS, ENS, call};

#[actix_web::test]
async fn a_key_pair_is_made_with_the_documented_members_and_a_private_key_in_pkcs8() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let answer = ecs(&app, &key, "CreateKeyPair", &[("KeyPairName", "web:1_a-b")]).await.expect(200);
    assert_eq!(answer.header("cache-control"), ["no-store"]);
    let members: Vec<_> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["KeyPairFingerPrint", "KeyPairId", "KeyPairName", "PrivateKeyBody", "RequestId"]);
    let private_key = answer.body["PrivateKeyBody"].as_str().unwrap();
    assert!(private_key.starts_with("-----BEGIN PRIVATE KEY-----\n") && private_key.ends_with("-----\n"));
    let rsa = Rsa::private_key_from_pem(private_key.as_bytes()).unwrap();
    assert_eq!(rsa.size() * 8, 2048);
    let id = answer.body["KeyPairId"].as_str().unwrap();
    assert!(id.starts_with("ssh-") && id[4..].bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));

    let (rows, total) = described(&app, &key, &[("IncludePublicKey", "true")]).await;
    let blob =
        openssl::base64::decode_block(rows[0]["PublicKey"].as_str().unwrap().split(' ').nth(1).unwrap()).unwrap();
    let fingerprint = hex::encode(hash(MessageDigest::md5(), &blob).unwrap());
    assert_eq!((&answer.body["KeyPairFingerPrint"], total), (&json!(fingerprint), 1));
}

#[actix_web::test]
async fn the_format_of_a_private_key_is_the_requests_or_the_settings() {
    let app =
        TestApp::spawn_with(&[("alibaba.private_key_format", "pkcs1"), ("alibaba.fingerprint_format", "colons")]).await;
    let key = demo_key(&app).await;
    for (name, format, head) in [
        ("a1", None, "-----BEGIN RSA PRIVATE KEY-----"),
        ("a2", Some("pkcs8"), "-----BEGIN PRIVATE KEY-----"),
        ("a3", Some("openssh"), "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ] {
        let format = format.map(|format| ("private_key_format", format));
        let own: Vec<_> = [("KeyPairName", name)].into_iter().chain(format).collect();
        let made = done(&app, &key, "CreateKeyPair", &own).await;
        assert!(made["PrivateKeyBody"].as_str().unwrap().starts_with(head), "{name}");
        assert_eq!(made["KeyPairFingerPrint"].as_str().unwrap().split(':').count(), 16);
    }
    let own = [("KeyPairName", "a4"), ("private_key_format", "der")];
    let refused = ecs(&app, &key, "CreateKeyPair", &own).await;
    assert_eq!(refusal(&refused).1, "InvalidParameter");
}

#[actix_web::test]
async fn an_import_answers_no_id_and_keeps_the_key_as_it_was_but_for_the_space_around_it() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let line = format!("{ED25519}  my   comment");
    let spaced = format!(" {line}\n\n");
    let own = [("KeyPairName", "schlüssel.1"), ("PublicKeyBody", spaced.as_str())];
    let made = done(&app, &key, "ImportKeyPair", &own).await;
    let members: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["KeyPairFingerPrint", "KeyPairName", "RequestId"]);
    let (rows, _) = described(&app, &key, &[("KeyPairName", "schlüssel.1"), ("IncludePublicKey", "True")]).await;
    assert_eq!(rows[0]["PublicKey"], json!(line));
}

#[actix_web::test]
async fn both_formats_have_the_documentations_shape() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let public_key = format!("{ED25519} x");
    let own = [("RegionId", "RegionOne"), ("KeyPairName", "web"), ("PublicKeyBody", &public_key), ("Format", "XML")];
    let made = call(&app, &key, ECS, "ImportKeyPair", &own).await.expect(200);
    assert_eq!(made.header("content-type"), ["text/xml;charset=utf-8"]);
    let begin = "<?xml version='1.0' encoding='UTF-8'?><ImportKeyPairResponse><RequestId>";
    assert!(made.text.starts_with(begin), "{}", made.text);
    assert!(made.text.contains("</RequestId><KeyPairName>web</KeyPairName><KeyPairFingerPrint>"), "{}", made.text);
    let own = [("RegionId", "RegionOne"), ("Format", "xml")];
    let listed = call(&app, &key, ECS, "DescribeKeyPairs", &own).await.expect(200);
    for part in [
        "<DescribeKeyPairsResponse><PageNumber>1</PageNumber><PageSize>10</PageSize><TotalCount>1</TotalCount>",
        "<KeyPairs><KeyPair><CreationTime>",
        "<ResourceGroupId/><Tags/></KeyPair></KeyPairs></DescribeKeyPairsResponse>",
    ] {
        assert!(listed.text.contains(part), "{}", listed.text);
    }
}

#[actix_web::test]
async fn the_documented_examples_are_answered_member_by_member_in_both_formats() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let documentation: Value = serde_json::from_str(include_str!("../../vectors/alibaba_documentation.json")).unwrap();
    for (product, version) in [("ecs", ECS), ("ens", ENS)] {
        let members: Vec<&str> =
            documentation[product]["members"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        let root = documentation[product]["root"].as_str().unwrap();
        for format in ["JSON", "XML"] {
            let name = format!("{product}-{format}");
            let own = [("RegionId", "RegionOne"), ("KeyPairName", name.as_str()), ("Format", format)];
            let text = call(&app, &key, version, "CreateKeyPair", &own).await.expect(200).text;
            let place = |member: &&str| {
                let begin = if format == "JSON" { format!("\"{member}\":\"") } else { format!("<{member}>") };
                text.find(&begin).unwrap_or_else(|| panic!("{member} is not in {text:.60}"))
            };
            assert!(members.iter().map(place).is_sorted(), "{product} {format}");
            assert_eq!(text.contains(&format!("<{root}>")), format == "XML", "{product} {format}");
        }
    }
}

#[actix_web::test]
async fn regions_are_name_spaces_of_their_own() {
    let app =
        TestApp::spawn_with(&[("alibaba.regions", "cn-hangzhou,RegionOne"), ("alibaba.key_pairs_per_region", "2")])
            .await;
    let key = demo_key(&app).await;
    for region in ["cn-hangzhou", "RegionOne"] {
        for name in ["web", "mail"] {
            let own = [("RegionId", region), ("KeyPairName", name), ("PublicKeyBody", ED25519)];
            call(&app, &key, ECS, "ImportKeyPair", &own).await.expect(200);
        }
        let own = [("RegionId", region), ("KeyPairName", "more"), ("PublicKeyBody", ED25519)];
        let refused = call(&app, &key, ECS, "ImportKeyPair", &own).await;
        assert_eq!(refusal(&refused), (403, "QuotaExceed.KeyPair", "The key pair quota exceeds."));
    }
    let hangzhou = [("RegionId", "cn-hangzhou"), ("KeyPairNames", "[\"web\"]")];
    call(&app, &key, ECS, "DeleteKeyPairs", &hangzhou).await.expect(200);
    for (region, left) in [("cn-hangzhou", 1), ("RegionOne", 2)] {
        let listed = call(&app, &key, ECS, "DescribeKeyPairs", &[("RegionId", region)]).await.expect(200);
        assert_eq!(listed.body["TotalCount"], left, "{region}");
    }
    let nova = app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await.expect(200);
    assert_eq!(nova.body["keypairs"].as_array().unwrap().len(), 2, "the other region is ECS's alone");
    let audra = app.auditor("audra").await;
    let own = [("RegionId", "cn-hangzhou"), ("KeyPairName", "released")];
    call(&app, &key, ECS, "CreateKeyPair", &own).await.expect(200);
    for (region, events) in [("cn-hangzhou", 1), ("RegionOne", 0)] {
        let path = format!("/ledger?project_id={}&key_pair=released&region={region}", app.demo.project_id);
        let shown = app.ask_admin(&audra, &path).await.expect(200);
        assert_eq!(
            shown.body["records"].as_array().unwrap().iter().filter(|it| it["event"] == "create").count(),
            events
        );
    }
    let misspelt = format!("/ledger?project_id={}&region=cn-hangzhu", app.demo.project_id);
    app.ask_admin(&audra, &misspelt).await.expect(400);
    let regions = done(&app, &key, "DescribeRegions", &[]).await;
    let regions: Vec<_> = regions["Regions"]["Region"].as_array().unwrap().iter().map(|it| &it["RegionId"]).collect();
    assert_eq!(regions, ["RegionOne", "cn-hangzhou"]);
}

#[actix_web::test]
async fn a_quota_holds_in_every_region() {
    let app = TestApp::spawn_with(&[("alibaba.regions", "cn-hangzhou,RegionOne")]).await;
    let key = demo_key(&app).await;
    let path = format!("/os-quota-sets/{}", app.demo.project_id);
    let quota = json!({ "quota_set": { "key_pairs": 1 } });
    app.nova(&app.admin, "2.1", "PUT", &path, quota).await.expect(200);
    for region in ["cn-hangzhou", "RegionOne"] {
        for (name, code) in [("first", 200), ("second", 403)] {
            let own = [("RegionId", region), ("KeyPairName", name), ("PublicKeyBody", ED25519)];
            call(&app, &key, ECS, "ImportKeyPair", &own).await.expect(code);
        }
    }
}

#[actix_web::test]
async fn what_is_made_is_labelled() {
    let app = TestApp::spawn_with(&[("alibaba.resource_groups", "rg-one, rg-two")]).await;
    let key = demo_key(&app).await;
    let own = [
        ("KeyPairName", "web"),
        ("PublicKeyBody", ED25519),
        ("ResourceGroupId", "rg-two"),
        ("Tag.7.Key", "team"),
        ("Tag.7.Value", "söps"),
        ("Tag.2.Key", "acl"),
        ("Tag.10.Key", "zone"),
        ("Tag.10.Value", ""),
    ];
    done(&app, &key, "ImportKeyPair", &own).await;
    imported(&app, &key, "plain").await;
    let (rows, _) = described(&app, &key, &[]).await;
    assert_eq!((&rows[0]["ResourceGroupId"], &rows[0]["Tags"]), (&json!(""), &json!({ "Tag": [] })));
    assert_eq!(rows[1]["ResourceGroupId"], "rg-two");
    let tags = json!({ "Tag": [
        { "TagKey": "acl", "TagValue": "" }, { "TagKey": "team", "TagValue": "söps" }, { "TagKey": "zone", "TagValue": "" },
    ] });
    assert_eq!(rows[1]["Tags"], tags);
}
