//! DELETE /os-keypairs/{name}

use serde_json::{Value, json};

use super::{fault, import, imported};
use crate::support::{TestApp, key_pair};

#[actix_web::test]
async fn a_deleted_key_pair_is_gone() {
    let app = TestApp::spawn().await;
    for (version, status) in [("2.1", 202), ("2.2", 204), ("2.104", 204)] {
        imported(&app, &app.demo, &["k"]).await;
        let gone = app.nova(&app.demo, version, "DELETE", "/os-keypairs/k", Value::Null).await.expect(status);
        assert_eq!(gone.text, "");
        assert_eq!(gone.header("Content-Type"), ["application/json"]);
        let again = app.nova(&app.demo, version, "DELETE", "/os-keypairs/k", Value::Null).await;
        let told = format!("Keypair k not found for user {}", app.demo.user_id);
        assert_eq!(fault(&again), ("itemNotFound", 404, told.as_str()));
    }
}

#[actix_web::test]
async fn a_body_is_ignored() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    app.nova(&app.demo, "2.92", "DELETE", "/os-keypairs/k", json!({ "x": 1 })).await.expect(204);
}

#[actix_web::test]
async fn anothers_key_pair_of_the_name_stays() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    imported(&app, &app.admin, &["k"]).await;
    app.nova(&app.demo, "2.92", "DELETE", "/os-keypairs/k", Value::Null).await.expect(204);
    app.nova(&app.demo, "2.92", "DELETE", "/os-keypairs/k", Value::Null).await.expect(404);
    app.nova(&app.admin, "2.92", "GET", "/os-keypairs/k", Value::Null).await.expect(200);
}

/// Ours: a Nova knows no key pairs of projects.
#[actix_web::test]
async fn deleting_twice_leaves_a_projects_twin_intact() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["twin"]).await;
    project_pair(&app, "twin").await;
    let list = app.nova(&app.demo, "2.92", "GET", "/os-keypairs", Value::Null).await.expect(200);
    assert_eq!(super::names(&list), ["twin"]);
    app.nova(&app.demo, "2.92", "DELETE", "/os-keypairs/twin", Value::Null).await.expect(204);
    app.nova(&app.demo, "2.92", "DELETE", "/os-keypairs/twin", Value::Null).await.expect(404);
    app.nova(&app.demo, "2.92", "GET", "/os-keypairs/twin", Value::Null).await.expect(200);
    let taken = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", import("twin")).await;
    assert_eq!(fault(&taken).0, "conflictingRequest");
}

/// Puts the user's key pair of that name into the project's name space, too.
async fn project_pair(app: &TestApp, name: &str) {
    use keypaird::domain::{KeyPairId, KeyPairName, Owner, ProjectId, UserId};

    let user = Owner::User(UserId::parse(&app.demo.user_id).unwrap());
    let name = KeyPairName::parse(name).unwrap();
    let mut pair = app.store.key_pair_find(&app.region(), &user, &name).await.unwrap().unwrap();
    pair.id = KeyPairId::new();
    pair.owner = Owner::Project(ProjectId::parse(&app.demo.project_id).unwrap());
    app.store.key_pair_create(key_pair::new(pair)).await.unwrap();
}
