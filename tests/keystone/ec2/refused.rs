//! Which EC2 credentials are not taken.

use std::time::{Duration, Instant};

use super::*;

#[actix_web::test]
async fn s32_a_wrong_secret_is_refused_and_ten_of_them_lock_the_credential_for_that_address() {
    let scene = scene(&[]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    let other = credential_of(&scene.realm, &scene.demo).await;
    let wrong = Key { secret: "x".repeat(32), ..key.clone() };
    for _ in 0..10 {
        assert!(
            told(&list_signed(&scene, &wrong).await).starts_with("verify aksk signature fail, canonicalRequest:GET|")
        );
    }
    assert_eq!(told(&list_signed(&scene, &key).await), "AK access failed to reach the limit,forbidden");
    list_signed(&scene, &other).await.expect(200);
}

#[actix_web::test]
async fn a_credential_that_is_not_there_is_refused() {
    let scene = scene(&[]).await;
    let key = Key { access: "N0SUCHKEY".to_owned(), ..credential_of(&scene.realm, &scene.demo).await };
    assert_unknown(&list_signed(&scene, &key).await, &key);
}

#[actix_web::test]
async fn where_the_settings_do_not_want_them_all_are_refused_and_keystone_is_not_asked() {
    let scene = Scene::set(&[]).await;
    let key = credential_of(&scene.realm, &scene.demo).await;
    assert_unknown(&list_signed(&scene, &key).await, &key);
    assert_eq!((scene.between.credential_reads(), scene.between.credential_owners()), (0, 0));
}

/// What ends a right to sign: an administrator's call, with the names of what it is about.
struct End {
    what: &'static str,
    method: &'static str,
    path: String,
    body: Value,
    user: User,
}

#[actix_web::test]
async fn s32_what_ends_in_keystone_ends_here_within_five_seconds() {
    let scene = scene(&[]).await;
    let ends = ends(&scene.realm).await;
    let mut keys = Vec::new();
    for End { user, .. } in &ends {
        let key = credential_of(&scene.realm, user).await;
        list_signed(&scene, &key).await.expect(200);
        keys.push(key);
    }
    let deleted = credential_of(&scene.realm, &scene.demo).await;
    list_signed(&scene, &deleted).await.expect(200);
    let path = format!("/users/{}/credentials/OS-EC2/{}", scene.demo.user_id, deleted.access);
    scene.realm.as_admin("DELETE", &path, Value::Null).await.expect(204);
    keys.push(deleted);
    for End { what, method, path, body, .. } in &ends {
        let answer = scene.realm.as_admin(method, path, body.clone()).await;
        assert!(answer.status.is_success(), "{what}: {}", answer.text);
    }
    let started = Instant::now();
    let names = ends.iter().map(|end| end.what).chain(["a deleted credential"]);
    for (key, what) in keys.iter().zip(names) {
        while list_signed(&scene, key).await.code() == 200 {
            assert!(started.elapsed() < Duration::from_millis(5500), "{what} is still taken");
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        }
        assert_unknown(&list_signed(&scene, key).await, key);
    }
}

async fn ends(realm: &Realm) -> Vec<End> {
    let disabled = |kind: &str| json!({ kind: { "enabled": false } });
    let end = |what, method, path, body, user| End { what, method, path, body, user };
    let user = async || realm.user("ends", &realm.project("ends").await, "member").await;
    let [one, two, three, four] = [user().await, user().await, user().await, user().await];
    let role = realm.role("member").await;
    let role = format!("/projects/{}/users/{}/roles/{role}", two.project_id, two.user_id);
    let [theirs, around] = [realm.domain("ends").await, realm.domain("ends").await];
    let of_domain = realm.user_of(&theirs, "ends", &realm.project("ends").await, "member").await;
    let in_domain = realm.user("ends", &realm.project_of(&around, "ends").await, "member").await;
    vec![
        end("a disabled user", "PATCH", format!("/users/{}", one.user_id), disabled("user"), one),
        end("a role that was taken", "DELETE", role, Value::Null, two),
        end("a disabled project", "PATCH", format!("/projects/{}", three.project_id), disabled("project"), three),
        end("a deleted user", "DELETE", format!("/users/{}", four.user_id), Value::Null, four),
        end("a user's disabled domain", "PATCH", format!("/domains/{theirs}"), disabled("domain"), of_domain),
        end("a project's disabled domain", "PATCH", format!("/domains/{around}"), disabled("domain"), in_domain),
    ]
}

/// Each of them is good for a token at Keystone, within limits that are not known here.
#[actix_web::test]
async fn a_credential_that_was_made_under_a_delegation_is_refused() {
    let scene = scene(&[]).await;
    let (realm, demo) = (&scene.realm, &scene.demo);
    let headers = [("X-Auth-Token", demo.token.as_str())];
    let trust = json!({
        "trustor_user_id": demo.user_id, "trustee_user_id": realm.admin.user_id, "project_id": demo.project_id,
        "impersonation": true, "roles": [{ "name": "member" }],
    });
    let trust = realm.call("POST", "/OS-TRUST/trusts", &headers, json!({ "trust": trust })).await.expect(201).body;
    let path = format!("/users/{}/application_credentials", demo.user_id);
    let body = json!({ "application_credential": { "name": "robot" } });
    let robot = realm.call("POST", &path, &headers, body).await.expect(201).body;
    for (member, value) in [
        ("trust_id", &trust["trust"]["id"]),
        ("app_cred_id", &robot["application_credential"]["id"]),
        ("access_token_id", &json!("0123456789abcdef0123456789abcdef")),
    ] {
        let key = credential_with(realm, demo, member, value.clone()).await;
        assert_unknown(&list_signed(&scene, &key).await, &key);
    }
    let free = credential_with(realm, demo, "trust_id", Value::Null).await;
    list_signed(&scene, &free).await.expect(200);
}
