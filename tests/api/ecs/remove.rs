//! DeleteKeyPairs.

use keypaird::domain::Role;

use super::{demo_key, done, ecs, imported, names, other_key, refusal};
use crate::support::TestApp;

#[actix_web::test]
async fn the_names_that_are_there_are_deleted_and_the_others_passed_over() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    for name in ["a1", "a2", "a3"] {
        imported(&app, &key, name).await;
    }
    for _ in 0..2 {
        done(&app, &key, "DeleteKeyPairs", &[("KeyPairNames", "[\"a1\", \"nope\", \"a3\", \"a1\", \"\"]")]).await;
        assert_eq!(names(&app, &key, &[]).await, ["a2"]);
    }
}

#[actix_web::test]
async fn anything_but_an_array_of_one_to_100_names_is_refused() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    imported(&app, &key, "web").await;
    let many = format!("[{}]", vec!["\"web\""; 101].join(","));
    for written in ["web", "\"web\"", "[]", "[1]", "[\"web\"", "{\"a\": \"web\"}", "null", &many] {
        let refused = ecs(&app, &key, "DeleteKeyPairs", &[("KeyPairNames", written)]).await;
        let told = "The specified parameter \"KeyPairNames\" is not valid.";
        assert_eq!(refusal(&refused), (400, "InvalidKeyPairNames.ValueNotSupported", told), "{written:.20}");
    }
    assert_eq!(names(&app, &key, &[]).await, ["web"]);
}

#[actix_web::test]
async fn a_reader_deletes_and_makes_none_of_the_projects() {
    let app = TestApp::spawn().await;
    let rita = app.user("rita", "demo", Role::READER).await;
    let (key, reader) = (demo_key(&app).await, other_key(&app, &rita).await);
    imported(&app, &key, "web").await;
    assert_eq!(names(&app, &reader, &[]).await, ["web"]);
    for (action, own) in [
        ("DeleteKeyPairs", &[("KeyPairNames", "[\"web\"]")][..]),
        ("DeleteKeyPairs", &[("KeyPairNames", "[\"nothing\"]")]),
        ("CreateKeyPair", &[("KeyPairName", "mine")]),
        ("TagResources", &[("ResourceType", "keypair"), ("ResourceId.1", "web"), ("Tag.1.Key", "a")]),
        ("UntagResources", &[("ResourceType", "keypair"), ("ResourceId.1", "web"), ("All", "true")]),
    ] {
        let refused = ecs(&app, &reader, action, own).await;
        assert_eq!((refusal(&refused).0, refusal(&refused).1), (403, "Forbidden.RAM"), "{action}");
    }
    assert_eq!(names(&app, &key, &[]).await, ["web"]);
}

#[actix_web::test]
async fn another_projects_key_pairs_are_neither_seen_nor_touched() {
    let app = TestApp::spawn().await;
    let eve = app.user("eve", "elsewhere", Role::MEMBER).await;
    let (key, foreign) = (demo_key(&app).await, other_key(&app, &eve).await);
    imported(&app, &key, "web").await;
    assert!(names(&app, &foreign, &[]).await.is_empty());
    done(&app, &foreign, "DeleteKeyPairs", &[("KeyPairNames", "[\"web\"]")]).await;
    let own = [("ResourceType", "keypair"), ("ResourceId.1", "web"), ("Tag.1.Key", "a")];
    let refused = ecs(&app, &foreign, "TagResources", &own).await;
    assert_eq!(refusal(&refused).1, "InvalidResourceId.NotFound");
    imported(&app, &foreign, "web").await;
    assert_eq!(names(&app, &key, &[]).await, ["web"]);
}
