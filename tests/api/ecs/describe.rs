//! DescribeKeyPairs.

use serde_json::json;

use super::{demo_key, described, done, ecs, imported, names, refusal};
use crate::nova::ED25519;
use crate::support::TestApp;

#[actix_web::test]
async fn pages_are_counted_from_one_and_tell_the_true_total() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    let made: Vec<String> = (0..60).map(|number| format!("pair{number:02}")).collect();
    for name in &made {
        imported(&app, &key, name).await;
    }
    for (own, from, to) in [
        (&[][..], 0, 10),
        (&[("PageNumber", "6")], 50, 60),
        (&[("PageSize", "50")], 0, 50),
        (&[("PageSize", "50"), ("PageNumber", "2")], 50, 60),
        (&[("PageSize", "50"), ("PageNumber", "3")], 60, 60),
        (&[("PageNumber", "99999999999")], 60, 60),
    ] {
        let (rows, total) = described(&app, &key, own).await;
        let found: Vec<_> = rows.iter().map(|row| row["KeyPairName"].as_str().unwrap()).collect();
        assert_eq!((found, total), (made[from..to].iter().map(String::as_str).collect(), 60), "{own:?}");
    }
    for (name, value) in
        [("PageSize", "51"), ("PageSize", "0"), ("PageNumber", "0"), ("PageNumber", "-1"), ("PageSize", "+5")]
    {
        let refused = ecs(&app, &key, "DescribeKeyPairs", &[(name, value)]).await;
        let told = format!("The specified parameter \"{name}\" is not valid.");
        assert_eq!(refusal(&refused), (400, "InvalidParameter", told.as_str()), "{value}");
    }
}

#[actix_web::test]
async fn stars_stand_for_what_goes_before_and_after() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    for name in ["web", "web-1", "my-web", "my-web-2", "Web", "other"] {
        imported(&app, &key, name).await;
    }
    for (pattern, found) in [
        ("web", &["web"][..]),
        ("web*", &["web", "web-1"]),
        ("*web", &["my-web", "web"]),
        ("*web*", &["my-web", "my-web-2", "web", "web-1"]),
        ("*", &["Web", "my-web", "my-web-2", "other", "web", "web-1"]),
        ("w*b", &[]),
        ("we", &[]),
        ("web_1*", &[]),
        ("%", &[]),
    ] {
        assert_eq!(names(&app, &key, &[("KeyPairName", pattern)]).await, found, "{pattern}");
    }
}

#[actix_web::test]
async fn key_pairs_are_found_by_fingerprint_group_and_tags_all_of_which_must_fit() {
    let app = TestApp::spawn_with(&[("alibaba.resource_groups", "rg-one")]).await;
    let key = demo_key(&app).await;
    let tagged = |name, team, zone| {
        [
            ("KeyPairName", name),
            ("PublicKeyBody", ED25519),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", team),
            ("Tag.2.Key", "zone"),
            ("Tag.2.Value", zone),
        ]
    };
    done(&app, &key, "ImportKeyPair", &tagged("a1", "ops", "x")).await;
    done(&app, &key, "ImportKeyPair", &tagged("a2", "ops", "y")).await;
    let grouped = [("KeyPairName", "a3"), ("PublicKeyBody", ED25519), ("ResourceGroupId", "rg-one")];
    let fingerprint =
        done(&app, &key, "ImportKeyPair", &grouped).await["KeyPairFingerPrint"].as_str().unwrap().to_owned();
    let pairs: Vec<&str> = (0..16).map(|place| &fingerprint[2 * place..2 * place + 2]).collect();
    let (colons, capitals) = (pairs.join(":"), fingerprint.to_uppercase());
    for (own, found) in [
        (&[("KeyPairFingerPrint", fingerprint.as_str())][..], &["a1", "a2", "a3"][..]),
        (&[("KeyPairFingerPrint", &colons)], &["a1", "a2", "a3"]),
        (&[("KeyPairFingerPrint", &capitals)], &["a1", "a2", "a3"]),
        (&[("KeyPairFingerPrint", &fingerprint[1..])], &[]),
        (&[("ResourceGroupId", "rg-one")], &["a3"]),
        (&[("ResourceGroupId", "rg-none")], &[]),
        (&[("Tag.1.Key", "team")], &["a1", "a2"]),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "ops"), ("Tag.5.Key", "zone"), ("Tag.5.Value", "y")], &["a2"]),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "dev")], &[]),
        (&[("Tag.1.Key", "zone"), ("KeyPairName", "a1")], &["a1"]),
    ] {
        assert_eq!(names(&app, &key, own).await, found, "{own:?}");
    }
}

#[actix_web::test]
async fn a_row_has_the_documented_members() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    imported(&app, &key, "web").await;
    let (rows, _) = described(&app, &key, &[]).await;
    let row = rows[0].as_object().unwrap();
    let members: Vec<_> = row.keys().map(String::as_str).collect();
    assert_eq!(members, ["CreationTime", "KeyPairFingerPrint", "KeyPairName", "ResourceGroupId", "Tags"]);
    let form: String = row["CreationTime"].as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(form, "0000-00-00T00:00Z");
    assert_eq!(rows[0]["KeyPairFingerPrint"].as_str().unwrap().len(), 32);
    let instances = done(&app, &key, "DescribeInstances", &[("KeyPairName", "web"), ("MaxResults", "50")]).await;
    assert_eq!((&instances["Instances"], &instances["TotalCount"]), (&json!({ "Instance": [] }), &json!(0)));
}
