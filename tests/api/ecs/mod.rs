//! ECS: what its actions do and refuse, by requests that are signed as its clients sign them.

mod describe;
mod dialects;
mod make;
mod refusals;
mod remove;
mod tags;

use serde_json::Value;

use crate::nova::ED25519;
use crate::support::access_key::{Key, key_of};
use crate::support::alibaba::{ECS, call};
use crate::support::{Answer, TestApp, User};

/// One call in the service's own region.
async fn ecs(app: &TestApp, key: &Key, action: &str, own: &[(&str, &str)]) -> Answer {
    call(app, key, ECS, action, &[&[("RegionId", "RegionOne")], own].concat()).await
}

/// The same, which must be taken.
async fn done(app: &TestApp, key: &Key, action: &str, own: &[(&str, &str)]) -> Value {
    let answer = ecs(app, key, action, own).await.expect(200);
    for member in ["Code", "Success", "Message"] {
        assert_eq!(answer.body.get(member), None, "clients take it for an error");
    }
    assert_eq!(answer.body["RequestId"].as_str().unwrap().len(), 36);
    answer.body
}

/// An RSA key pair costs seconds where it is generated: tests import one.
async fn imported(app: &TestApp, key: &Key, name: &str) {
    let public_key = format!("{ED25519} {name}");
    done(app, key, "ImportKeyPair", &[("KeyPairName", name), ("PublicKeyBody", &public_key)]).await;
}

/// Status, code and message of a refusal.
fn refusal(answer: &Answer) -> (u16, &str, &str) {
    let text = |member| answer.body[member].as_str().unwrap_or_else(|| panic!("{}", answer.text));
    (answer.code(), text("Code"), text("Message"))
}

/// The rows of a description, and how many there are on all pages.
async fn described(app: &TestApp, key: &Key, own: &[(&str, &str)]) -> (Vec<Value>, u64) {
    let body = done(app, key, "DescribeKeyPairs", own).await;
    (body["KeyPairs"]["KeyPair"].as_array().unwrap().clone(), body["TotalCount"].as_u64().unwrap())
}

async fn names(app: &TestApp, key: &Key, own: &[(&str, &str)]) -> Vec<String> {
    let (rows, _) = described(app, key, own).await;
    rows.iter().map(|row| row["KeyPairName"].as_str().unwrap().to_owned()).collect()
}

async fn demo_key(app: &TestApp) -> Key {
    key_of(app, &app.demo, None).await
}

async fn other_key(app: &TestApp, user: &User) -> Key {
    key_of(app, user, None).await
}
