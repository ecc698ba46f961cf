//! What the service promises about security, a test each, by the numbers of `docs/threat-model.md`: `s25_…` and so on.

mod bodies;
mod foreign;
mod lists;
mod names;
mod private_keys;
mod project_in_path;
mod public_keys;
mod rate_limits;
mod refused_keys;
mod routes;
mod unauthenticated;

use keypaird::domain::{KeyPair, KeyPairName, Owner, ProjectId, Region, UserId};

pub(crate) use self::routes::templates;
use crate::support::{Answer, TestApp, User};

/// Headers that are another's in each answer.
const OF_EACH_REQUEST: [&str; 4] = ["date", "x-openstack-request-id", "x-compute-request-id", "x-request-id"];

/// All that a caller sees of an answer to a request about `name`, but for that name and what identifies the request.
fn seen(answer: &Answer, name: &str) -> (u16, Vec<String>, String) {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(header, _)| !OF_EACH_REQUEST.contains(&header.as_str()))
        .map(|(header, value)| format!("{header}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    (answer.code(), headers, answer.text.replace(name, "NAME"))
}

/// A key pair as it is stored, whoever may see it.
async fn stored(app: &TestApp, owner: &Owner, name: &str) -> Option<KeyPair> {
    let region = Region::parse(&app.settings.region).unwrap();
    app.store.key_pair_find(&region, owner, &KeyPairName::parse(name).unwrap()).await.unwrap()
}

fn of_user(user: &User) -> Owner {
    Owner::User(UserId::parse(&user.user_id).unwrap())
}

fn of_project(user: &User) -> Owner {
    Owner::Project(ProjectId::parse(&user.project_id).unwrap())
}
