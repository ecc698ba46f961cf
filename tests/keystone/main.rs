//! The service with a real Keystone as its identity, which `tests/run keystone` starts. Run alone, these tests need
//! `TEST_KEYSTONE_URL` and the passwords that come with it.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, dead_code)]

mod away;
mod between;
mod cache;
mod ec2;
mod load;
mod own_user;
#[path = "../support/proxy.rs"]
mod proxy;
mod realm;
#[path = "../api/support/mod.rs"]
mod support;
mod tls;
mod tokens;

use std::time::{Duration, Instant};

use serde_json::Value;

use self::between::Between;
use self::realm::Realm;
use self::support::{Answer, Service, User};

/// A service whose Keystone is behind something that can be told to fail.
struct Scene {
    realm: Realm,
    between: Between,
    service: Service,
    /// A member of a project.
    demo: User,
}

impl Scene {
    async fn set(changed: &[(&str, &str)]) -> Self {
        let realm = Realm::required().await;
        let between = Between::start(&realm.url);
        let url = between.url();
        let mut settings = vec![("identity.keystone.auth_url", url.as_str())];
        settings.extend(changed);
        let service = realm.serve(&settings).await;
        let project = realm.project("demo").await;
        let demo = realm.user("demo", &project, "member").await;
        // The service looks for its Keystone once when it starts: that is over before a test counts.
        let last = if changed.contains(&ec2::ON) { Between::credential_reads } else { Between::validations };
        wait_until(|| last(&between) > 0).await;
        between.count_from_here();
        Self { realm, between, service, demo }
    }

    /// Another member of the first one's project.
    async fn another_user(&self) -> User {
        self.realm.user("another", &self.demo.project_id, "member").await
    }

    async fn list(&self, user: &User) -> Answer {
        list(&self.service, &user.token).await
    }
}

async fn list(service: &Service, token: &str) -> Answer {
    service.send("GET", "/v2.1/os-keypairs", &[("X-Auth-Token", token)], "").await
}

/// The value of a line of the metrics, such as `keystone_requests_total{operation="login",outcome="201"}`.
async fn metric(service: &Service, line: &str) -> u64 {
    let text = service.send_admin("GET", "/metrics").await.expect(200).text;
    let value = text.lines().find_map(|it| it.strip_prefix(line));
    value.map_or(0, |value| value.trim().parse().unwrap())
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.code(), 503, "{}", answer.text);
    assert_eq!(answer.header("Retry-After"), ["5"]);
    let message = "the service is unavailable; try again";
    assert_eq!(answer.body, serde_json::json!({ "serviceUnavailable": { "code": 503, "message": message } }));
}

fn assert_refused(answer: &Answer, login_url: &str) {
    assert_eq!(answer.code(), 401, "{}", answer.text);
    assert_eq!(answer.header("WWW-Authenticate"), [format!("Keystone uri=\"{login_url}\"")]);
    assert_eq!(answer.body["error"]["title"], Value::from("Unauthorized"));
}

async fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "it did not come true in time");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
}
