//! Requests that are signed with the EC2 credentials of Keystone's users.

mod asked;
mod refused;
mod unavailable;

use serde_json::{Value, json};
use uuid::Uuid;

use super::support::access_key::Key;
use super::support::{Answer, Service, User};
use super::{Realm, Scene, list, wait_until};

pub const ON: (&str, &str) = ("identity.keystone.ec2_credentials", "true");
/// Without it, what was changed would only show after five seconds.
const NOTHING_REMEMBERED: (&str, &str) = ("identity.keystone.token_cache_seconds", "0");

/// A scene whose service takes EC2 credentials, and may read them.
async fn scene(changed: &[(&str, &str)]) -> Scene {
    let realm = Realm::required().await;
    give_role_on_system(&realm, &realm.user_id("keypaird").await, "reader").await;
    Scene::set(&[&[ON], changed].concat()).await
}

async fn give_role_on_system(realm: &Realm, user_id: &str, role: &str) {
    let path = format!("/system/users/{user_id}/roles/{}", realm.role(role).await);
    realm.as_admin("PUT", &path, Value::Null).await.expect(204);
}

/// What `openstack ec2 credentials create` makes.
async fn credential_of(realm: &Realm, user: &User) -> Key {
    let path = format!("/users/{}/credentials/OS-EC2", user.user_id);
    let headers = [("X-Auth-Token", user.token.as_str())];
    let body = json!({ "tenant_id": user.project_id });
    let made = realm.call("POST", &path, &headers, body).await.expect(201).body;
    let text = |member: &str| made["credential"][member].as_str().unwrap().to_owned();
    key(user, text("access"), text("secret"))
}

/// A credential with a blob that an administrator has written, with some more in it than access and secret.
async fn credential_with(realm: &Realm, user: &User, member: &str, value: Value) -> Key {
    let key = key(user, Uuid::new_v4().simple().to_string(), "a secret for tests only".to_owned());
    let blob = json!({ "access": key.access, "secret": key.secret, member: value }).to_string();
    let body = json!({ "type": "ec2", "user_id": user.user_id, "project_id": user.project_id, "blob": blob });
    realm.as_admin("POST", "/credentials", json!({ "credential": body })).await.expect(201);
    key
}

fn key(user: &User, access: String, secret: String) -> Key {
    Key { access, secret, security_token: None, project: user.project_id.clone() }
}

async fn list_signed(scene: &Scene, key: &Key) -> Answer {
    key.call(&scene.service, "GET", "", Value::Null).await
}

/// Why a signed request was refused, in the gateway's words.
fn told(answer: &Answer) -> &str {
    assert_eq!((answer.code(), &answer.body["error_code"]), (401, &json!("APIGW.0301")), "{}", answer.text);
    answer.body["error_msg"].as_str().unwrap().strip_prefix("Incorrect IAM authentication information: ").unwrap()
}

fn assert_unknown(answer: &Answer, key: &Key) {
    assert_eq!(told(answer), format!("ak {} not exist", key.access));
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.code(), &answer.body["error_code"]), (503, &json!("KPS.0003")), "{}", answer.text);
    assert_eq!(answer.header("Retry-After"), ["5"]);
}

async fn export(service: &Service, key: &Key, name: &str) -> Answer {
    let path = format!("/v3/{}/keypairs/private-key/export", key.project);
    key.ask(service, "POST", &path, &[], json!({ "keypair": { "name": name } })).await
}

#[actix_web::test]
async fn a_signed_request_is_its_users_on_the_credentials_project() {
    let scene = scene(&[]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    let made =
        key.call(&scene.service, "POST", "", json!({ "keypair": { "name": "web" } })).await.expect(200).body.clone();
    assert_eq!(made["keypair"]["user_id"], scene.demo.user_id.as_str());
    let by_token = scene.service.kps(&scene.demo, "GET", "/web", Value::Null).await.expect(200);
    assert_eq!(by_token.body["keypair"]["fingerprint"], made["keypair"]["fingerprint"]);
    key.call(&scene.service, "DELETE", "/web", Value::Null).await.expect(202);
    scene.service.kps(&scene.demo, "GET", "/web", Value::Null).await.expect(404);
    let elsewhere = Key { project: scene.realm.project("elsewhere").await, ..key };
    assert_eq!(list_signed(&scene, &elsewhere).await.expect(403).body["error_code"], "KPS.9003");
}

#[actix_web::test]
async fn its_roles_are_those_of_a_token_implied_ones_and_a_groups_too() {
    let scene = scene(&[NOTHING_REMEMBERED]).await;
    let reader = scene.realm.user("reader", &scene.demo.project_id, "reader").await;
    // Who only reads in Keystone cannot make a credential there; an administrator can.
    let by_admin = User { token: scene.realm.admin.token.clone(), ..reader.clone() };
    let key = credential_of(&scene.realm, &by_admin).await;
    let kept = json!({ "keypair": { "name": "kept", "key_protection": { "encryption": { "type": "default" } } } });
    key.call(&scene.service, "POST", "", kept).await.expect(200);
    export(&scene.service, &key, "kept").await.expect(403);
    // A manager is a member, too.
    join_group_with_role(&scene.realm, &reader, "manager").await;
    export(&scene.service, &key, "kept").await.expect(200);
}

async fn join_group_with_role(realm: &Realm, user: &User, role: &str) {
    let body = json!({ "group": { "name": Uuid::new_v4(), "domain_id": "default" } });
    let made = realm.as_admin("POST", "/groups", body).await.expect(201).body;
    let group = made["group"]["id"].as_str().unwrap();
    let role = realm.role(role).await;
    for path in [
        format!("/groups/{group}/users/{}", user.user_id),
        format!("/projects/{}/groups/{group}/roles/{role}", user.project_id),
    ] {
        realm.as_admin("PUT", &path, Value::Null).await.expect(204);
    }
}
