//! How often one may ask: S59. Buckets fill again while a test runs, but slower than it asks.

use keypaird::domain::Role;
use serde_json::{Value, json};

use crate::support::access_key::key_of;
use crate::support::alibaba::{ECS, ENS, call};
use crate::support::{Answer, TestApp, User};

const PER_USER: &str = "http.rate_limit.reads_per_second";
const PER_USER_WRITES: &str = "http.rate_limit.writes_per_second";
const PER_PROJECT: &str = "http.rate_limit.project_reads_per_second";
const PER_ADDRESS: &str = "http.rate_limit.unauthenticated_per_minute";
const BURST: &str = "http.rate_limit.burst_seconds";

async fn list(app: &TestApp, user: &User) -> Answer {
    app.nova(user, "2.1", "GET", "/os-keypairs", Value::Null).await
}

/// What is asked until it is refused for the rate: how often it was answered before, and the refusal.
async fn until_refused(ask: impl AsyncFn() -> Answer) -> (usize, Answer) {
    for answered in 0..1000 {
        let answer = ask().await;
        if answer.code() == 429 || answer.body["Code"] == "Throttling.User" {
            return (answered, answer);
        }
    }
    panic!("none of a thousand was refused");
}

/// In how many seconds it may be tried again.
fn retry_after(answer: &Answer) -> u64 {
    let [seconds] = answer.header("Retry-After")[..] else { panic!("no Retry-After: {}", answer.text) };
    let seconds = seconds.parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    seconds
}

async fn limited(app: &TestApp, dialect: &str, by: &str) -> bool {
    let shown = app.send_admin("GET", "/metrics").await.expect(200).text;
    shown.contains(&format!(r#"rate_limited_total{{by="{by}",dialect="{dialect}"}} "#))
}

#[actix_web::test]
async fn s59_by_default_nobody_is_limited() {
    let app = TestApp::spawn().await;
    for _ in 0..100 {
        list(&app, &app.demo).await.expect(200);
        app.send("GET", "/v2.1/os-keypairs", &[("X-Auth-Token", "none")], "").await.expect(401);
    }
}

#[actix_web::test]
async fn s59_each_dialect_says_in_its_own_words_that_a_user_asks_too_often() {
    let app = TestApp::spawn_with(&[(PER_USER, "1"), (BURST, "5")]).await;
    let key = key_of(&app, &app.demo, None).await;

    let (answered, refused) = until_refused(async || list(&app, &app.demo).await).await;
    assert!(answered >= 5, "a burst passes: {answered}");
    let told = json!({ "overLimit": {
        "code": 429, "message": "This request was rate-limited.", "retryAfter": retry_after(&refused).to_string(),
    } });
    assert_eq!(refused.body, told);
    assert!(!refused.header("x-openstack-request-id").is_empty());

    let (_, refused) = until_refused(async || app.kps(&app.demo, "GET", "", Value::Null).await).await;
    assert_kps(&refused);
    let (_, refused) = until_refused(async || app.kps_v3(&app.demo, "GET", "", Value::Null).await).await;
    assert_kps(&refused);
    let (_, refused) = until_refused(async || key.call(&app, "GET", "", Value::Null).await).await;
    assert_kps(&refused);

    for version in [ECS, ENS] {
        let region = [("RegionId", app.settings.region.as_str())];
        let describe = async || call(&app, &key, version, "DescribeKeyPairs", &region).await;
        let (_, refused) = until_refused(describe).await;
        assert_eq!(refused.code(), 400);
        assert_eq!(refused.body["Message"], "Request was denied due to user flow control.");
        let milliseconds: u64 = refused.header("x-acs-retry-after")[0].parse().unwrap();
        assert!(milliseconds.div_ceil(1000) <= retry_after(&refused), "{milliseconds} ms");
    }

    let headers = [("X-Auth-Token", app.demo.token.as_str())];
    let (_, refused) = until_refused(async || app.send("GET", "/identity/v3/auth/projects", &headers, "").await).await;
    assert_eq!(refused.body["error"]["code"], 429);
    assert_eq!(refused.body["error"]["title"], "Too Many Requests");
    retry_after(&refused);

    for dialect in ["nova", "kps", "ecs", "ens", "identity"] {
        assert!(limited(&app, dialect, "user").await, "{dialect}");
    }
}

fn assert_kps(refused: &Answer) {
    retry_after(refused);
    assert_eq!(refused.body["error_code"], "APIGW.0308", "{}", refused.text);
    let told = refused.body["error_msg"].as_str().unwrap();
    assert!(told.starts_with("The throttling threshold has been reached: "), "{told}");
    assert_eq!(refused.header("X-Request-Id"), [refused.body["request_id"].as_str().unwrap()]);
}

#[actix_web::test]
async fn s59_a_limit_is_one_users_and_for_reads_and_writes_apart() {
    let app = TestApp::spawn_with(&[(PER_USER, "1"), (PER_USER_WRITES, "1"), (BURST, "30")]).await;
    let other = app.user("bea", "demo", Role::MEMBER).await;
    let delete = async |user: &User| app.nova(user, "2.1", "DELETE", "/os-keypairs/none", Value::Null).await;
    until_refused(async || list(&app, &app.demo).await).await;
    delete(&app.demo).await.expect(404);
    until_refused(async || delete(&app.demo).await).await;
    // Another token of the same user is the same user.
    let again = app.rescoped(&app.demo, json!({ "project": { "id": app.demo.project_id } })).await;
    let (answered, _) = until_refused(async || list(&app, &again).await).await;
    assert!(answered < 30, "{answered} more");
    list(&app, &other).await.expect(200);
    delete(&other).await.expect(404);
}

#[actix_web::test]
async fn s59_a_projects_users_are_limited_together_and_no_other_projects() {
    let app = TestApp::spawn_with(&[(PER_PROJECT, "1"), (BURST, "30")]).await;
    let same = app.user("bea", "demo", Role::MEMBER).await;
    let other = app.user("cid", "other", Role::MEMBER).await;
    until_refused(async || list(&app, &app.demo).await).await;
    let (answered, _) = until_refused(async || list(&app, &same).await).await;
    assert!(answered < 30, "{answered} more");
    list(&app, &other).await.expect(200);
    assert!(limited(&app, "nova", "project").await);
}

#[actix_web::test]
async fn s59_what_is_refused_for_its_rate_does_nothing() {
    let app = TestApp::spawn_with(&[(PER_USER_WRITES, "1"), (BURST, "5")]).await;
    let create = async |name: &str| {
        let keypair = json!({ "keypair": { "name": name, "algorithm": "ed25519" } });
        app.nova(&app.demo, "2.1", "POST", "/os-keypairs", keypair).await
    };
    let mut made = Vec::new();
    let mut refused = Vec::new();
    for number in 0..100 {
        let name = format!("k{number}");
        match create(&name).await.code() {
            200 => made.push(name),
            429 => refused.push(name),
            status => panic!("{status}"),
        }
        if refused.len() == 10 {
            break;
        }
    }
    assert!(!refused.is_empty(), "none was refused");
    for name in refused {
        app.nova(&app.demo, "2.1", "GET", &format!("/os-keypairs/{name}"), Value::Null).await.expect(404);
    }
    for name in made {
        app.nova(&app.demo, "2.1", "GET", &format!("/os-keypairs/{name}"), Value::Null).await.expect(200);
    }
}

#[actix_web::test]
async fn s59_whoever_has_no_valid_credentials_is_limited_by_address_and_others_there_are_not() {
    let limits = [(PER_ADDRESS, "20"), ("http.trusted_proxies", "127.0.0.1")];
    let app = TestApp::spawn_with(&limits).await;
    let key = key_of(&app, &app.demo, None).await;
    let from = |address: &'static str| ("X-Forwarded-For", address);
    let bad_token = async |address| {
        let headers = [("X-Auth-Token", "gAAAAAno-token"), from(address)];
        app.send("GET", "/v2.1/os-keypairs", &headers, "").await
    };
    let (answered, refused) = until_refused(async || bad_token("192.0.2.1").await).await;
    assert!(answered >= 20, "a minute's worth: {answered}");
    assert_eq!(refused.body["overLimit"]["code"], 429);
    retry_after(&refused);

    // The same address, by every other door: logins before their password is looked at, and bad signatures.
    let login = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": {
        "name": app.demo.name, "domain": { "id": "default" }, "password": TestApp::PASSWORD } } } } });
    let log_in = async |address| app.json("POST", "/identity/v3/auth/tokens", &[from(address)], login.clone()).await;
    let (answered, refused) = until_refused(async || log_in("192.0.2.1").await).await;
    assert!(answered < 20, "{answered} more");
    assert_eq!(refused.body["error"]["code"], 429);
    let mut forged = key.clone();
    forged.secret.push('x');
    let path = format!("/v2.1/{}/keypairs", key.project);
    let forge = async || forged.ask(&app, "GET", &path, &[from("192.0.2.1")], Value::Null).await;
    assert_kps(&until_refused(forge).await.1);

    // Valid credentials go through from there, and everything from elsewhere.
    let headers = [("X-Auth-Token", app.demo.token.as_str()), from("192.0.2.1")];
    app.send("GET", "/v2.1/os-keypairs", &headers, "").await.expect(200);
    key.ask(&app, "GET", &path, &[from("192.0.2.1")], Value::Null).await.expect(200);
    bad_token("192.0.2.2").await.expect(401);
    log_in("192.0.2.2").await.expect(201);
    for dialect in ["nova", "identity", "kps"] {
        assert!(limited(&app, dialect, "address").await, "{dialect}");
    }
}

#[actix_web::test]
async fn s59_a_call_of_alibabas_that_is_refused_for_its_rate_may_be_sent_again_as_it_is() {
    let app = TestApp::spawn_with(&[(PER_USER, "1"), (BURST, "1")]).await;
    let key = key_of(&app, &app.demo, None).await;
    let named = [("Version", ECS), ("Action", "DescribeKeyPairs"), ("RegionId", app.settings.region.as_str())];
    let sign = || crate::support::alibaba::in_query("POST", &crate::support::alibaba::rpc(&key, "POST", &named));
    let (mut sent, mut answers) = (sign(), 0);
    while sent.to(&app).await.body["Code"] != "Throttling.User" {
        (sent, answers) = (sign(), answers + 1);
        assert!(answers < 100, "nothing is refused");
    }
    let refused = sent;
    // Its nonce was not spent: once there is room it is answered.
    let mut answer = refused.to(&app).await;
    for _ in 0..100 {
        if answer.body["Code"] != "Throttling.User" {
            break;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = refused.to(&app).await;
    }
    assert_eq!((answer.code(), answer.body["Code"].as_str()), (200, None), "{}", answer.text);
}
