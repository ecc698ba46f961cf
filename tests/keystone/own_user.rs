//! The service's own user at Keystone: its login, its token, its rights.

use super::{Realm, Scene, assert_unavailable, list};
use crate::between::Between;

#[actix_web::test]
async fn a_token_of_its_own_that_was_revoked_is_replaced() {
    let scene = Scene::set(&[("identity.keystone.token_cache_seconds", "0")]).await;
    scene.list(&scene.demo).await.expect(200);
    scene.realm.revoke(&scene.between.own_token()).await;
    scene.list(&scene.demo).await.expect(200);
    assert_eq!(scene.between.logins(), 1);
}

#[actix_web::test]
async fn a_wrong_password_is_not_tried_again_and_again() {
    let realm = Realm::required().await;
    let between = Between::start(&realm.url);
    let (url, wrong) = (between.url(), realm.password_file("wrong"));
    let settings = [("identity.keystone.auth_url", url.as_str()), ("identity.keystone.password_file", &wrong)];
    let service = realm.serve(&settings).await;
    for _ in 0..10 {
        assert_unavailable(&list(&service, &realm.admin.token).await);
    }
    assert_eq!(between.logins(), 1);
}

#[actix_web::test]
async fn a_changed_password_file_needs_no_restart() {
    let realm = Realm::required().await;
    let user = realm.user("own", &realm.project("service").await, "service").await;
    let file = realm.password_file("not yet");
    let service = realm.serve_as(&user, &file, &[]).await;
    assert_unavailable(&list(&service, &realm.admin.token).await);
    std::fs::write(&file, Realm::PASSWORD).unwrap();
    list(&service, &realm.admin.token).await.expect(200);
}

#[actix_web::test]
async fn without_the_right_to_validate_nobody_gets_in() {
    let realm = Realm::required().await;
    let user = realm.user("own", &realm.project("service").await, "member").await;
    let service = realm.serve_as(&user, &realm.password_file(Realm::PASSWORD), &[]).await;
    assert_unavailable(&list(&service, &realm.admin.token).await);
}

#[actix_web::test]
async fn the_region_names_the_identity_endpoint_that_is_asked() {
    let realm = Realm::required().await;
    let between = Between::start(&realm.url);
    let url = between.url();
    let region = |name| [("identity.keystone.auth_url", url.as_str()), ("identity.keystone.region", name)];
    let service = realm.serve(&region("RegionOne")).await;
    list(&service, &realm.admin.token).await.expect(200);
    assert_eq!((between.logins(), between.validations()), (1, 0), "the catalog's endpoint was asked, not auth_url");
    let nowhere = realm.serve(&region("Nowhere")).await;
    assert_unavailable(&list(&nowhere, &realm.admin.token).await);
}
