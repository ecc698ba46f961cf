//! What a signed request is told while Keystone, or its leave to read credentials, is away.

use std::io;
use std::sync::Mutex;

use super::*;

#[actix_web::test]
async fn while_keystone_is_away_what_is_remembered_works_and_others_are_told_to_try_again() {
    let scene = scene(&[("identity.keystone.timeout_seconds", "2")]).await;
    let [known, unseen] =
        [credential_of(&scene.realm, &scene.demo).await, credential_of(&scene.realm, &scene.demo).await];
    list_signed(&scene, &known).await.expect(200);
    scene.between.go_away().await;
    list_signed(&scene, &known).await.expect(200);
    assert_unavailable(&list_signed(&scene, &unseen).await);
    scene.between.come_back();
    list_signed(&scene, &unseen).await.expect(200);
}

#[actix_web::test]
async fn tokens_of_its_own_that_were_revoked_are_replaced() {
    let scene = scene(&[NOTHING_REMEMBERED]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    list_signed(&scene, &key).await.expect(200);
    scene.realm.revoke(&scene.between.own_token()).await;
    list_signed(&scene, &key).await.expect(200);
    assert_eq!(scene.between.logins(), 1, "the one that reads credentials");
    scene.list(&scene.demo).await.expect(200);
    scene.realm.revoke(&scene.between.own_token()).await;
    list_signed(&scene, &key).await.expect(200);
    assert_eq!(scene.between.logins(), 2, "the one that asks whom they stand for");
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn without_the_right_to_read_credentials_the_log_says_what_to_do_and_callers_are_told_to_try_again() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
    subscriber.with_ansi(false).with_writer(|| Log).init();
    let realm = Realm::required().await;
    let demo = realm.user("demo", &realm.project("demo").await, "member").await;
    let key = credential_of(&realm, &demo).await;
    for on_system in [None, Some("service")] {
        LOG.lock().unwrap().clear();
        let own = realm.user("own", &realm.project("service").await, "service").await;
        if let Some(role) = on_system {
            give_role_on_system(&realm, &own.user_id, role).await;
        }
        let service = realm.serve_as(&own, &realm.password_file(Realm::PASSWORD), &[ON]).await;
        let logged = |line: &str| String::from_utf8_lossy(&LOG.lock().unwrap()).contains(line);
        let mend = "openstack role add --user USER --system all reader";
        wait_until(|| logged("requests signed with EC2 credentials cannot be checked yet") && logged(mend)).await;
        LOG.lock().unwrap().clear();
        assert_unavailable(&key.call(&service, "GET", "", Value::Null).await);
        assert!(logged(mend), "{on_system:?}");
        list(&service, &demo.token).await.expect(200);
    }
}
