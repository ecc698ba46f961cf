//! One key pair as each dialect sees it.

use serde_json::{Value, json};

use super::{demo_key, done, ecs, imported, names, other_key, refusal};
use crate::nova::{self, ED25519};
use crate::support::alibaba::{ENS, call};
use crate::support::{Answer, TestApp};
use keypaird::domain::Role;

fn nova_names(answer: &Answer) -> Vec<&str> {
    answer.body["keypairs"].as_array().unwrap().iter().map(|it| it["keypair"]["name"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_key_pair_of_ecs_is_the_projects_in_every_dialect() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let key = demo_key(&app).await;
    imported(&app, &key, "shared").await;
    for user in [&app.demo, &bob] {
        let listed = app.nova(user, "2.10", "GET", "/os-keypairs", Value::Null).await.expect(200);
        assert_eq!(nova_names(&listed), ["shared"]);
        let shown = app.kps_v3(user, "GET", "/shared", Value::Null).await.expect(200);
        assert_eq!(shown.body["keypair"]["scope"], "domain");
        app.nova(user, "2.10", "DELETE", "/os-keypairs/shared", Value::Null).await.expect(404);
    }
    let ens = call(&app, &key, ENS, "DescribeKeyPairs", &[]).await.expect(200);
    assert_eq!(ens.body["KeyPairs"]["KeyPair"][0]["KeyPairName"], "shared");
    app.kps_v3(&bob, "DELETE", "/shared", Value::Null).await.expect(204);
    assert!(names(&app, &key, &[]).await.is_empty());
}

#[actix_web::test]
async fn a_users_own_key_pair_shows_in_ecs_to_that_user_and_is_never_written_to() {
    let app = TestApp::spawn_with(&[("alibaba.resource_groups", "rg-one")]).await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let (key, bobs) = (demo_key(&app).await, other_key(&app, &bob).await);
    app.nova(&app.demo, "2.10", "POST", "/os-keypairs", nova::import("own")).await.expect(201);
    let certificate = json!({ "keypair": { "name": "windows", "type": "x509" } });
    app.nova(&app.demo, "2.10", "POST", "/os-keypairs", certificate).await.expect(201);
    assert_eq!(names(&app, &key, &[]).await, ["own"], "and no certificate");
    assert!(names(&app, &bobs, &[]).await.is_empty());
    done(&app, &key, "DeleteKeyPairs", &[("KeyPairNames", "[\"own\"]")]).await;
    call(&app, &key, ENS, "DeleteKeyPairs", &[("KeyPairName", "own")]).await.expect(200);
    let own = [("ResourceType", "keypair"), ("ResourceId.1", "own"), ("Tag.1.Key", "a")];
    assert_eq!(refusal(&ecs(&app, &key, "TagResources", &own).await).1, "InvalidResourceId.NotFound");
    app.nova(&app.demo, "2.10", "GET", "/os-keypairs/own", Value::Null).await.expect(200);

    // Nor is a certificate of the project's, which ECS does not know.
    let shared = json!({ "keypair": { "name": "shared", "type": "x509", "scope": "domain" } });
    app.kps_v3(&app.demo, "POST", "", shared).await.expect(200);
    done(&app, &key, "DeleteKeyPairs", &[("KeyPairNames", "[\"shared\"]")]).await;
    call(&app, &key, ENS, "DeleteKeyPairs", &[("KeyPairName", "shared")]).await.expect(200);
    let tag = [("ResourceType", "keypair"), ("ResourceId.1", "shared"), ("Tag.1.Key", "a")];
    assert_eq!(refusal(&ecs(&app, &key, "TagResources", &tag).await).1, "InvalidResourceId.NotFound");
    let join = [("ResourceType", "keypair"), ("ResourceId", "shared"), ("ResourceGroupId", "rg-one")];
    assert_eq!(refusal(&ecs(&app, &key, "JoinResourceGroup", &join).await).1, "InvalidResourceId.NotFound");
    app.kps_v3(&app.demo, "GET", "/shared", Value::Null).await.expect(200);

    // A name that is seen is taken; one that is made unseen hides in lists, and is found by its name.
    let taken = [("KeyPairName", "own"), ("PublicKeyBody", ED25519)];
    let refused = ecs(&app, &key, "ImportKeyPair", &taken).await;
    assert_eq!(refusal(&refused), (400, "KeyPair.AlreadyExist", "The key pair already exist."));
    let twin = [("KeyPairName", "own"), ("PublicKeyBody", ED25519), ("Tag.1.Key", "of-bob")];
    done(&app, &bobs, "ImportKeyPair", &twin).await;
    let tags = |body: &Value| body["KeyPairs"]["KeyPair"][0]["Tags"]["Tag"].as_array().unwrap().len();
    assert_eq!(tags(&done(&app, &key, "DescribeKeyPairs", &[]).await), 0);
    assert_eq!(tags(&done(&app, &key, "DescribeKeyPairs", &[("KeyPairName", "own")]).await), 1);
    let of_it = [("ResourceType", "keypair"), ("ResourceId.1", "own")];
    let listed = done(&app, &key, "ListTagResources", &of_it).await;
    assert_eq!(listed["TagResources"]["TagResource"][0]["TagKey"], "of-bob", "what TagResources writes to");
    let id = call(&app, &bobs, ENS, "DescribeKeyPairs", &[]).await.body["KeyPairs"]["KeyPair"][0]["KeyPairId"].clone();
    for total in [1, 0] {
        let by_id = [("KeyPairId", id.as_str().unwrap())];
        assert_eq!(call(&app, &key, ENS, "DescribeKeyPairs", &by_id).await.body["TotalCount"], total);
        call(&app, &key, ENS, "DeleteKeyPairs", &by_id).await.expect(200);
    }
}

#[actix_web::test]
async fn one_failure_is_said_in_each_dialects_words() {
    let app = TestApp::spawn().await;
    let key = demo_key(&app).await;
    imported(&app, &key, "web").await;
    let taken = [("KeyPairName", "web"), ("PublicKeyBody", ED25519)];
    let ecs = ecs(&app, &key, "ImportKeyPair", &taken).await;
    assert_eq!(refusal(&ecs), (400, "KeyPair.AlreadyExist", "The key pair already exist."));
    let ens = call(&app, &key, ENS, "CreateKeyPair", &[("KeyPairName", "web")]).await;
    let told = "The errorMessage is key pair name already exists. Please check it again.";
    assert_eq!(refusal(&ens), (400, "InvalidParameter", told));
    let nova = app.nova(&app.demo, "2.10", "POST", "/os-keypairs", nova::import("web")).await;
    assert_eq!(
        (nova.code(), &nova.body["conflictingRequest"]["message"]),
        (409, &json!("Key pair 'web' already exists."))
    );
    let v2_1 = app.kps(&app.demo, "POST", "", nova::import("web")).await;
    assert_eq!((v2_1.code(), &v2_1.body["error_code"]), (409, &json!("KPS.0002")));
    let v3 = app.kps_v3(&app.demo, "POST", "", nova::import("web")).await;
    assert_eq!((v3.code(), &v3.body["error_code"]), (400, &json!("KPS.0002")));
}
