//! Many clients at once, with good, expired and revoked tokens.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::support::User;
use super::{Scene, list};

const CLIENTS: usize = 100;
const REQUESTS_EACH: usize = 50;
/// Of the token that ends: long enough for it to be made on a busy machine.
const LIFETIME: Duration = Duration::from_secs(8);

#[actix_web::test]
async fn a_hundred_clients_get_no_wrong_answer_and_keystone_few_calls() {
    // It is about wrong answers: on a slow machine the one Keystone, which the other tests ask too, takes long for a hundred.
    let scene = Scene::set(&[("identity.keystone.timeout_seconds", "60")]).await;
    let expired = scene.realm.short_lived(&scene.demo, LIFETIME, Value::Null).await;
    let revoked = scene.realm.rescoped(&scene.demo, Value::Null).await;
    scene.realm.revoke(&revoked.token).await;
    let mut clients = vec![(expired, 401), (revoked, 401)];
    while clients.len() < CLIENTS {
        let scope = serde_json::json!({ "project": { "id": scene.demo.project_id } });
        clients.push((scene.realm.rescoped(&scene.demo, scope).await, 200));
    }
    // The first one's token has ended by now.
    actix_web::rt::time::sleep(LIFETIME).await;
    let wrong: usize =
        join_all(clients.iter().map(|(user, status)| wrong_answers(&scene, user, *status))).await.iter().sum();
    let (validations, logins) = (scene.between.validations(), scene.between.logins());
    assert_eq!(wrong, 0, "of {} answers", CLIENTS * REQUESTS_EACH);
    // One for each token; a refused one is asked about again after five seconds.
    assert!((CLIENTS..CLIENTS + 10).contains(&validations), "{validations} validations");
    assert_eq!(logins, 0, "one login at the start is enough");
}

async fn wrong_answers(scene: &Scene, user: &User, status: u16) -> usize {
    let mut wrong = 0;
    for _ in 0..REQUESTS_EACH {
        wrong += usize::from(list(&scene.service, &user.token).await.code() != status);
    }
    wrong
}
