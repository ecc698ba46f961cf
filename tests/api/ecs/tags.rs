//! Tags and groups of key pairs that are there.

use serde_json::{Value, json};

use super::{demo_key, described, done, ecs, imported, refusal};
use crate::support::TestApp;
use crate::support::access_key::Key;

const OF_WEB: [(&str, &str); 2] = [("ResourceType", "keypair"), ("ResourceId.1", "web")];

async fn tags(app: &TestApp, key: &Key, name: &str) -> Vec<(String, String)> {
    let (rows, _) = described(app, key, &[("KeyPairName", name)]).await;
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap().to_owned();
    let tags = rows[0]["Tags"]["Tag"].as_array().unwrap();
    tags.iter().map(|tag| (text(tag, "TagKey"), text(tag, "TagValue"))).collect()
}

fn pairs(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[actix_web::test]
async fn tags_are_added_replaced_and_taken() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    for name in ["web", "mail"] {
        imported(&app, &key, name).await;
    }
    let both = [("ResourceType", "keypair"), ("ResourceId.1", "web"), ("ResourceId.4", "mail")];
    let add = |tags: &[(&'static str, &'static str)]| [&both[..], tags].concat();
    done(&app, &key, "TagResources", &add(&[("Tag.1.Key", "a"), ("Tag.1.Value", "1"), ("Tag.2.Key", "b")])).await;
    done(&app, &key, "TagResources", &add(&[("Tag.1.Key", "b"), ("Tag.1.Value", "acs:2")])).await;
    for name in ["web", "mail"] {
        assert_eq!(tags(&app, &key, name).await, pairs(&[("a", "1"), ("b", "acs:2")]));
    }
    done(
        &app,
        &key,
        "UntagResources",
        &[&OF_WEB[..], &[("TagKey.1", "a"), ("TagKey.2", "none"), ("All", "true")]].concat(),
    )
    .await;
    assert_eq!(tags(&app, &key, "web").await, pairs(&[("b", "acs:2")]));
    done(&app, &key, "UntagResources", &add(&[("All", "true")])).await;
    for name in ["web", "mail"] {
        assert!(tags(&app, &key, name).await.is_empty());
    }
}

#[actix_web::test]
async fn a_key_pair_has_at_most_twenty_tags_and_a_refused_request_changes_none() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    for name in ["web", "mail"] {
        imported(&app, &key, name).await;
    }
    let names: Vec<(String, String)> = (1..=20).map(|n| (format!("Tag.{n}.Key"), format!("k{n}"))).collect();
    let twenty: Vec<(&str, &str)> = names.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    done(&app, &key, "TagResources", &[&OF_WEB[..], &twenty].concat()).await;
    done(&app, &key, "TagResources", &[&OF_WEB[..], &[("Tag.1.Key", "k7"), ("Tag.1.Value", "new")]].concat()).await;
    let both = [("ResourceType", "keypair"), ("ResourceId.1", "mail"), ("ResourceId.2", "web"), ("Tag.1.Key", "more")];
    let refused = ecs(&app, &key, "TagResources", &both).await;
    let told = "The quota of tags on resource is beyond permitted range.";
    assert_eq!(refusal(&refused), (400, "OperationDenied.QuotaExceed", told));
    let missing =
        [("ResourceType", "keypair"), ("ResourceId.1", "mail"), ("ResourceId.2", "nope"), ("Tag.1.Key", "more")];
    let refused = ecs(&app, &key, "TagResources", &missing).await;
    assert_eq!(
        refusal(&refused),
        (404, "InvalidResourceId.NotFound", "The specified ResourceIds are not found in our records.")
    );
    assert_eq!((tags(&app, &key, "web").await.len(), tags(&app, &key, "mail").await.len()), (20, 0));

    done(&app, &key, "UntagResources", &[&OF_WEB[..], &[("TagKey.1", "a\0b")]].concat()).await;
    assert_eq!(tags(&app, &key, "web").await.len(), 20, "what can be no key takes none");

    let deleted = [("KeyPairNames", "[\"web\"]")];
    done(&app, &key, "DeleteKeyPairs", &deleted).await;
    imported(&app, &key, "web").await;
    assert!(tags(&app, &key, "web").await.is_empty(), "a new key pair inherits nothing");
}

#[actix_web::test]
async fn tags_are_listed_by_key_pair_by_tag_and_page_by_page() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    for (name, tag) in [("web", "x"), ("mail", "y"), ("plain", "")] {
        imported(&app, &key, name).await;
        if !tag.is_empty() {
            let own = [
                ("ResourceType", "keypair"),
                ("ResourceId.1", name),
                ("Tag.1.Key", "a"),
                ("Tag.1.Value", tag),
                ("Tag.2.Key", "b"),
            ];
            done(&app, &key, "TagResources", &own).await;
        }
    }
    let row =
        |name, key, value| json!({ "ResourceId": name, "ResourceType": "keypair", "TagKey": key, "TagValue": value });
    let (mail, web) = ([row("mail", "a", "y"), row("mail", "b", "")], [row("web", "a", "x"), row("web", "b", "")]);
    for (own, rows) in [
        (&[][..], [&mail[..], &web].concat()),
        (&[("ResourceId.1", "web")], web.to_vec()),
        (&[("ResourceId.1", "web"), ("ResourceId.2", "plain")], web.to_vec()),
        (&[("Tag.1.Key", "a"), ("Tag.1.Value", "y")], mail.to_vec()),
        (
            &[("TagFilter.1.TagKey", "a"), ("TagFilter.1.TagValues.1", "x"), ("TagFilter.1.TagValues.2", "z")],
            web.to_vec(),
        ),
        (&[("TagFilter.1.TagKey", "b")], [&mail[..], &web].concat()),
    ] {
        let listed = done(&app, &key, "ListTagResources", &[&[("ResourceType", "keypair")], own].concat()).await;
        assert_eq!(listed["TagResources"]["TagResource"], json!(rows), "{own:?}");
        assert_eq!(listed["NextToken"], "");
    }
    let alone = ecs(&app, &key, "ListTagResources", &[("ResourceType", "keypair"), ("Tag.1.Value", "x")]).await;
    assert_eq!(refusal(&alone).1, "InvalidParameter.TagValue");
    let token = ecs(&app, &key, "ListTagResources", &[("ResourceType", "keypair"), ("NextToken", "?")]).await;
    assert_eq!(refusal(&token).1, "InvalidParameter");
}

#[actix_web::test]
async fn a_list_of_many_tags_goes_on_behind_its_token() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let names: Vec<(String, String)> = (1..=20).map(|n| (format!("Tag.{n}.Key"), format!("k{n:02}"))).collect();
    let twenty: Vec<(&str, &str)> = names.iter().map(|(name, key)| (name.as_str(), key.as_str())).collect();
    for number in 0..26 {
        let name = format!("pair{number:02}");
        imported(&app, &key, &name).await;
        done(
            &app,
            &key,
            "TagResources",
            &[&[("ResourceType", "keypair"), ("ResourceId.1", name.as_str())], &twenty[..]].concat(),
        )
        .await;
    }
    let first = done(&app, &key, "ListTagResources", &[("ResourceType", "keypair")]).await;
    let token = first["NextToken"].as_str().unwrap();
    let second = done(&app, &key, "ListTagResources", &[("ResourceType", "keypair"), ("NextToken", token)]).await;
    let count = |page: &Value| page["TagResources"]["TagResource"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second), &second["NextToken"]), (500, 20, &json!("")));
    assert_eq!(second["TagResources"]["TagResource"][0]["ResourceId"], "pair25");
}

#[actix_web::test]
async fn a_key_pair_changes_its_group() {
    let app = TestApp::spawn_with(&[("alibaba.resource_groups", "rg-one,rg-two")]).await;
    let key = demo_key(&app).await;
    imported(&app, &key, "web").await;
    for group in ["rg-one", "rg-two"] {
        let own = [("ResourceType", "keypair"), ("ResourceId", "web"), ("ResourceGroupId", group)];
        done(&app, &key, "JoinResourceGroup", &own).await;
        assert_eq!(described(&app, &key, &[("ResourceGroupId", group)]).await.1, 1);
    }
    for (resource, group, code) in
        [("nope", "rg-one", "InvalidResourceId.NotFound"), ("web", "rg-none", "InvalidResourceGroup.NotFound")]
    {
        let own = [("ResourceType", "keypair"), ("ResourceId", resource), ("ResourceGroupId", group)];
        let refused = ecs(&app, &key, "JoinResourceGroup", &own).await;
        assert_eq!((refusal(&refused).0, refusal(&refused).1), (404, code));
    }
}
