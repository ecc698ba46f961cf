//! Each code of the tables that a key pair can raise, with its status and message.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::{demo_key, imported, names, refusal};
use crate::support::TestApp;
use crate::support::access_key::Key;
use crate::support::alibaba::{ECS, ENS, call};

#[derive(Deserialize)]
struct Case {
    product: String,
    action: String,
    /// `{N}` repeats the character before it: `a{128}`.
    parameters: BTreeMap<String, String>,
    status: u16,
    code: String,
    message: String,
}

/// Writes out `a{128}`.
fn repeated(text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
    let Some((count, after)) = rest.split_once('}') else { return text.to_owned() };
    match (count.parse::<usize>(), before.chars().last()) {
        (Ok(count), Some(last)) => {
            let kept = &before[..before.len() - last.len_utf8()];
            format!("{kept}{}{after}", last.to_string().repeat(count))
        }
        _ => text.to_owned(),
    }
}

#[actix_web::test]
async fn s29_no_refusal_repeats_a_private_key() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let made = super::done(&app, &key, "CreateKeyPair", &[("KeyPairName", "web")]).await;
    let private_key = made["PrivateKeyBody"].as_str().unwrap();
    let line = private_key.lines().nth(1).unwrap();
    for (version, action) in [
        (ECS, "CreateKeyPair"),
        (ECS, "ImportKeyPair"),
        (ECS, "DeleteKeyPairs"),
        (ECS, "TagResources"),
        (ENS, "ImportKeyPair"),
    ] {
        for name in [
            "KeyPairName",
            "PublicKeyBody",
            "KeyPairNames",
            "RegionId",
            "ResourceGroupId",
            "ResourceId.1",
            "Tag.1.Key",
            "Tag.1.Value",
            "Action",
            "Format",
            "Timestamp",
        ] {
            let usual = [
                ("RegionId", "RegionOne"),
                ("KeyPairName", "new"),
                ("ResourceType", "keypair"),
                ("KeyPairNames", "[]"),
            ];
            let own: Vec<_> =
                usual.into_iter().filter(|(usual, _)| *usual != name).chain([(name, private_key)]).collect();
            // Some of these say nothing to the action, which is done then, with another private key.
            let answer = call(&app, &key, version, action, &own).await;
            assert!(!answer.text.contains(line), "{action} {name}: {}", answer.text);
            let is_plain = answer.code() < 400 || !answer.text.contains("PRIVATE KEY");
            assert!(is_plain, "{action} {name}: {}", answer.text);
            let wrong = Key { secret: "wrong".to_owned(), ..key.clone() };
            let refused = call(&app, &wrong, version, action, &own).await;
            assert!(
                refused.code() >= 400 && !refused.text.contains("PRIVATE KEY"),
                "{action} {name}: {}",
                refused.text
            );
        }
    }
}

#[actix_web::test]
async fn each_code_comes_with_its_status_and_its_message() {
    let app = TestApp::spawn_with(&[("alibaba.resource_groups", "rg-one")]).await;
    let key = demo_key(&app).await;
    imported(&app, &key, "taken").await;
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../vectors/alibaba_refusals.json")).unwrap();
    assert!(cases.len() > 60);
    for case in &cases {
        let version = if case.product == "ecs" { ECS } else { ENS };
        let own: Vec<(&str, String)> =
            case.parameters.iter().map(|(name, value)| (name.as_str(), repeated(value))).collect();
        let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = call(&app, &key, version, &case.action, &own).await;
        let expected = (case.status, case.code.as_str(), case.message.as_str());
        assert_eq!(refusal(&refused), expected, "{} {} {own:?}", case.product, case.action);
    }
    assert_eq!(names(&app, &key, &[]).await, ["taken"], "nothing was made");
}
