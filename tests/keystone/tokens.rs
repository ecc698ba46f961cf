//! Which tokens are taken, and what they stand for.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::{Value, json};

use super::{Scene, assert_refused, list};

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMT4cOTuJBVrMvb8Xxv1H9Hz1ZdCj3FfXbBlwVJmV2Zn";

/// The same token as another Keystone would sign it: version, time, IV and ciphertext, then an HMAC under another key.
fn signed_by_another(token: &str) -> String {
    let mut bytes = URL_SAFE.decode(token.to_owned() + &"=".repeat((4 - token.len() % 4) % 4)).unwrap();
    let signed = bytes.len() - 32;
    let key = PKey::hmac(&[7; 16]).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    let signature = signer.sign_oneshot_to_vec(&bytes[..signed]).unwrap();
    bytes[signed..].copy_from_slice(&signature);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Keystone judges all of them: nothing here looks into a token, so there is no algorithm, audience or time in it to be
/// mistaken about.
#[actix_web::test]
async fn s31_what_is_no_valid_token_is_refused_and_shown_where_to_log_in() {
    let scene = Scene::set(&[]).await;
    let cut = &scene.demo.token[..scene.demo.token.len() - 4];
    let changed = format!("{}AAAA", cut);
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhZG1pbiJ9.";
    let signed_by_anybody = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiIsImF1ZCI6Im90aGVyIn0.c2lnbmVkIGJ5IGFueWJvZHk";
    let foreign = signed_by_another(&scene.demo.token);
    for token in
        [cut, &changed, &foreign, unsigned, signed_by_anybody, "kpd_0123456789012345678901234567890123456789012"]
    {
        assert_refused(&list(&scene.service, token).await, &scene.between.url());
    }
}

#[actix_web::test]
async fn what_cannot_be_a_token_is_refused_without_asking() {
    let scene = Scene::set(&[]).await;
    let long = "a".repeat(5000);
    for token in ["", "two words", long.as_str()] {
        assert_refused(&list(&scene.service, token).await, &scene.between.url());
    }
    assert_refused(&scene.service.send("GET", "/v2.1/os-keypairs", &[], "").await, &scene.between.url());
    assert_eq!(scene.between.validations(), 0);
}

#[actix_web::test]
async fn the_address_to_log_in_at_can_be_another_one() {
    let address = "https://keystone.example.org/v3";
    let scene = Scene::set(&[("identity.keystone.www_authenticate_uri", address)]).await;
    assert_refused(&list(&scene.service, "unknown").await, address);
}

#[actix_web::test]
async fn tokens_of_the_system_and_of_a_domain_may_do_nothing_and_unscoped_ones_read() {
    let scene = Scene::set(&[]).await;
    let system = scene.realm.rescoped(&scene.realm.admin, json!({ "system": { "all": true } })).await;
    let unscoped = scene.realm.rescoped(&scene.demo, json!("unscoped")).await;
    for (user, status) in [(&system, 403), (&unscoped, 200)] {
        scene.list(user).await.expect(status);
    }
    let domain = scene.realm.domain_token(&scene.realm.admin).await;
    scene.list(&domain).await.expect(403);
    let body = json!({ "keypair": { "name": "k", "public_key": ED25519 } });
    let refused = scene.service.nova(&unscoped, "2.92", "POST", "/os-keypairs", body).await.expect(403);
    assert_eq!(refused.body["forbidden"]["message"], "Forbidden");
}

#[actix_web::test]
async fn a_service_token_must_be_a_services() {
    let scene = Scene::set(&[]).await;
    let project = scene.realm.project("service").await;
    let nova = scene.realm.user("nova", &project, "service").await;
    for (token, status) in [(nova.token.as_str(), 200), ("nonsense", 401), (&scene.realm.admin.token, 401)] {
        let headers = [("X-Auth-Token", scene.demo.token.as_str()), ("X-Service-Token", token)];
        scene.service.send("GET", "/v2.1/os-keypairs", &headers, "").await.expect(status);
    }
}

#[actix_web::test]
async fn an_expired_token_is_refused_beside_a_service_token_too() {
    let scene = Scene::set(&[("identity.keystone.token_cache_seconds", "0")]).await;
    let project = scene.realm.project("service").await;
    let nova = scene.realm.user("nova", &project, "service").await;
    let user = scene.realm.short_lived(&scene.demo, Duration::from_secs(8), Value::Null).await;
    actix_web::rt::time::sleep(Duration::from_secs(9)).await;
    let headers = [("X-Auth-Token", user.token.as_str()), ("X-Service-Token", &nova.token)];
    scene.service.send("GET", "/v2.1/os-keypairs", &headers, "").await.expect(401);
}

#[actix_web::test]
async fn an_application_credential_works_unless_it_is_limited_to_some_requests() {
    let scene = Scene::set(&[]).await;
    let hour = Duration::from_secs(3600);
    let free = scene.realm.short_lived(&scene.demo, hour, Value::Null).await;
    scene.list(&free).await.expect(200);
    let rules = json!([{ "service": "compute", "method": "GET", "path": "/v2.1/os-keypairs" }]);
    let limited = scene.realm.short_lived(&scene.demo, hour, rules).await;
    scene.list(&limited).await.expect(401);
}

#[actix_web::test]
async fn the_identity_paths_say_where_the_identity_is() {
    let scene = Scene::set(&[]).await;
    for (method, path) in [
        ("GET", "/identity"),
        ("GET", "/identity/v3"),
        ("POST", "/identity/v3/auth/tokens"),
        ("POST", "/v3/auth/tokens"),
        ("GET", "/v3/projects"),
    ] {
        let answer = scene.service.send(method, path, &[], "").await.expect(404);
        let told = format!("This service has no users of its own: log in at {}.", scene.between.url());
        assert_eq!(answer.body["error"]["message"], told.as_str(), "{path}");
    }
}

#[actix_web::test]
async fn a_quota_is_refused_for_a_project_that_keystone_does_not_know() {
    let scene = Scene::set(&[]).await;
    let unknown = "0123456789abcdef0123456789abcdef";
    let show = async |user, project: &str| {
        scene.service.nova(user, "2.92", "GET", &format!("/os-quota-sets/{project}"), Value::Null).await
    };
    show(&scene.realm.admin, &scene.demo.project_id).await.expect(200);
    show(&scene.demo, &scene.demo.project_id).await.expect(200);
    let refused = show(&scene.realm.admin, unknown).await.expect(400);
    let told = format!("Project ID {unknown} is not a valid project.");
    assert_eq!(refused.body["badRequest"]["message"], told.as_str());
    scene.between.go_away().await;
    show(&scene.realm.admin, unknown).await.expect(503);
}
