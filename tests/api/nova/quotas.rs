//! `os-quota-sets` and `os-quota-class-sets`.

use futures_util::future::join_all;
use keypaird::domain::Role;
use serde_json::{Value, json};

use super::{ED25519, fault, import, imported};
use crate::support::{Answer, TestApp, User};

/// What Nova's quota sets say at the newest version while nothing was set (recorded).
fn presets() -> Value {
    json!({
        "cores": 20, "instances": 10, "key_pairs": 100, "metadata_items": 128, "ram": 51_200, "server_group_members": 10,
        "server_groups": 10,
    })
}

fn set_of(user: &User) -> String {
    format!("/os-quota-sets/{}", user.project_id)
}

async fn put(app: &TestApp, path: &str, quota_set: Value) -> Answer {
    app.nova(&app.admin, "2.92", "PUT", path, json!({ "quota_set": quota_set })).await
}

async fn get(app: &TestApp, user: &User, version: &str, path: &str) -> Answer {
    app.nova(user, version, "GET", path, Value::Null).await
}

/// How many of `count` imports at once were answered 201; the others must have met the limit.
async fn imported_at_once(app: &TestApp, user: &User, count: usize) -> usize {
    let import = |n| async move { app.nova(user, "2.92", "POST", "/os-keypairs", import(&format!("c{n}"))).await };
    let answers = join_all((0..count).map(import)).await;
    let refused = answers.iter().filter(|answer| answer.code() == 403).inspect(|answer| {
        assert_eq!(fault(answer).2, "Quota exceeded, too many key pairs.");
    });
    let refused = refused.count();
    let made = answers.iter().filter(|answer| answer.code() == 201).count();
    assert_eq!(made + refused, count);
    made
}

#[actix_web::test]
async fn every_role_sees_its_own_project_and_administrators_see_all() {
    let app = TestApp::spawn().await;
    let mut expected = presets();
    expected["id"] = json!(app.demo.project_id);
    let rita = app.user("rita", "demo", Role::READER).await;
    let path = set_of(&app.demo);
    for user in [&app.demo, &rita, &app.admin] {
        let with_project = format!("/{}{path}", user.project_id);
        let with_user = format!("{path}?user_id={}", app.demo.user_id);
        for path in [path.clone(), with_project, with_user, format!("{path}/defaults")] {
            let shown = get(&app, user, "2.92", &path).await.expect(200);
            assert_eq!(shown.body, json!({ "quota_set": expected }), "{path}");
        }
    }
    let carol = app.user("carol", "other", Role::MEMBER).await;
    for (path, policy) in [(path.clone(), "show"), (format!("{path}/detail"), "detail")] {
        let refused = get(&app, &carol, "2.92", &path).await;
        let told = format!("Policy doesn't allow os_compute_api:os-quota-sets:{policy} to be performed.");
        assert_eq!(fault(&refused), ("forbidden", 403, told.as_str()));
    }
    // The defaults are nobody's secret (not recorded).
    get(&app, &carol, "2.92", &format!("{path}/defaults")).await.expect(200);
}

#[actix_web::test]
async fn members_go_with_the_version() {
    let app = TestApp::spawn().await;
    for (version, count) in [("2.1", 15), ("2.35", 15), ("2.36", 11), ("2.56", 11), ("2.57", 8), ("latest", 8)] {
        let shown = get(&app, &app.demo, version, &set_of(&app.demo)).await.expect(200);
        assert_eq!(shown.body["quota_set"].as_object().unwrap().len(), count, "{version}");
        let expected = if count == 15 { json!(-1) } else { Value::Null };
        assert_eq!(shown.body["quota_set"]["fixed_ips"], expected, "{version}");
    }
    let path = format!("/v2{}", set_of(&app.demo));
    let frozen = app.send("GET", &path, &[("X-Auth-Token", &app.demo.token)], "").await.expect(200);
    assert_eq!(frozen.body["quota_set"].as_object().unwrap().len(), 15);
}

#[actix_web::test]
async fn the_detail_says_that_nothing_is_used() {
    let app = TestApp::spawn().await;
    imported(&app, &app.demo, &["k"]).await;
    let detail = get(&app, &app.demo, "2.92", &format!("{}/detail", set_of(&app.demo))).await.expect(200);
    let expected = json!({ "limit": 100, "in_use": 0, "reserved": 0 });
    assert_eq!(detail.body["quota_set"]["key_pairs"], expected);
    assert_eq!(detail.body["quota_set"]["id"], *app.demo.project_id);
}

#[actix_web::test]
async fn only_an_administrator_changes_quotas() {
    let app = TestApp::spawn().await;
    let rita = app.user("rita", "demo", Role::READER).await;
    let mona = app.user("mona", "demo", Role::MANAGER).await;
    for user in [&app.demo, &rita, &mona] {
        for (method, policy) in [("PUT", "update"), ("DELETE", "delete")] {
            let body = json!({ "quota_set": { "key_pairs": 3 } });
            let refused = app.nova(user, "2.92", method, &set_of(user), body).await;
            let told = format!("Policy doesn't allow os_compute_api:os-quota-sets:{policy} to be performed.");
            assert_eq!(fault(&refused), ("forbidden", 403, told.as_str()));
        }
    }
    // A wrong body is refused before the caller is (as Nova's order has it).
    let body = json!({ "quota_set": { "key_pairs": "many" } });
    let refused = app.nova(&app.demo, "2.92", "PUT", &set_of(&app.demo), body).await;
    assert_eq!(fault(&refused).1, 400);
}

#[actix_web::test]
async fn an_unknown_project_is_refused_except_by_delete() {
    let app = TestApp::spawn().await;
    for path in ["/os-quota-sets/nope", "/os-quota-sets/nope/detail", "/os-quota-sets/nope/defaults"] {
        let refused = get(&app, &app.admin, "2.92", path).await;
        assert_eq!(fault(&refused), ("badRequest", 400, "Project ID nope is not a valid project."), "{path}");
    }
    let refused = put(&app, "/os-quota-sets/nope", json!({ "key_pairs": 3 })).await;
    assert_eq!(fault(&refused), ("badRequest", 400, "Project ID nope is not a valid project."));
    app.nova(&app.admin, "2.92", "DELETE", "/os-quota-sets/nope", Value::Null).await.expect(202);
    let refused = get(&app, &app.demo, "2.92", "/os-quota-sets/nope").await;
    assert_eq!(fault(&refused).1, 403, "whether a project exists is not everybody's to know");
}

#[actix_web::test]
async fn what_was_set_is_read_back_and_deleted() {
    let app = TestApp::spawn().await;
    let path = set_of(&app.demo);
    let changed = put(&app, &path, json!({ "key_pairs": "3", "ram": 5120, "cores": -1 })).await.expect(200);
    let mut expected = presets();
    expected["key_pairs"] = json!(3);
    expected["ram"] = json!(5120);
    expected["cores"] = json!(-1);
    assert_eq!(changed.body, json!({ "quota_set": expected }), "without an id, as Nova answers");
    let detail = get(&app, &app.demo, "2.92", &format!("{path}/detail")).await.expect(200);
    assert_eq!(detail.body["quota_set"]["ram"]["limit"], 5120);
    let defaults = get(&app, &app.demo, "2.92", &format!("{path}/defaults")).await.expect(200);
    assert_eq!(defaults.body["quota_set"]["ram"], 51_200);
    let other = get(&app, &app.admin, "2.92", &set_of(&app.admin)).await.expect(200);
    assert_eq!(other.body["quota_set"]["ram"], 51_200);
    let gone = app.nova(&app.admin, "2.92", "DELETE", &path, Value::Null).await.expect(202);
    assert_eq!((gone.text.as_str(), gone.header("Content-Type")), ("", vec!["application/json"]));
    let shown = get(&app, &app.demo, "2.92", &path).await.expect(200);
    assert_eq!(shown.body["quota_set"]["key_pairs"], 100);
}

#[actix_web::test]
async fn a_user_of_a_project_may_be_given_less_than_the_project() {
    let app = TestApp::spawn().await;
    let path = set_of(&app.demo);
    let of_ann = format!("{path}?user_id={}", app.demo.user_id);
    put(&app, &path, json!({ "key_pairs": 3 })).await.expect(200);
    let changed = put(&app, &of_ann, json!({ "key_pairs": 2 })).await.expect(200);
    assert_eq!(changed.body["quota_set"]["key_pairs"], 2);
    let shown = get(&app, &app.demo, "2.92", &of_ann).await.expect(200);
    assert_eq!(shown.body["quota_set"]["key_pairs"], 2);
    assert_eq!(get(&app, &app.demo, "2.92", &path).await.expect(200).body["quota_set"]["key_pairs"], 3);

    let refused = put(&app, &of_ann, json!({ "key_pairs": 50 })).await;
    let told = "Quota limit 50 for key_pairs must be less than or equal to 3.";
    assert_eq!(fault(&refused), ("badRequest", 400, told));
    let refused = put(&app, &path, json!({ "ram": 1, "key_pairs": 0 })).await;
    let told = "Quota limit 0 for key_pairs must be greater than or equal to already used and reserved 2.";
    assert_eq!(fault(&refused), ("badRequest", 400, told));
    let shown = get(&app, &app.demo, "2.92", &path).await.expect(200);
    assert_eq!(shown.body["quota_set"]["ram"], 51_200, "a refused change changes nothing");
    put(&app, &path, json!({ "key_pairs": 0, "force": true })).await.expect(200);

    app.nova(&app.admin, "2.92", "DELETE", &of_ann, Value::Null).await.expect(202);
    let shown = get(&app, &app.demo, "2.92", &of_ann).await.expect(200);
    assert_eq!(shown.body["quota_set"]["key_pairs"], 0, "the project's holds again");
}

#[actix_web::test]
async fn with_a_project_go_the_quotas_of_its_users() {
    let app = TestApp::spawn().await;
    let path = set_of(&app.demo);
    let of_ann = format!("{path}?user_id={}", app.demo.user_id);
    put(&app, &of_ann, json!({ "key_pairs": 2 })).await.expect(200);
    app.nova(&app.admin, "2.92", "DELETE", &path, Value::Null).await.expect(202);
    assert_eq!(get(&app, &app.demo, "2.92", &of_ann).await.expect(200).body["quota_set"]["key_pairs"], 100);
}

#[actix_web::test]
async fn a_limit_holds_from_then_on_also_for_fifty_at_once() {
    let app = TestApp::spawn().await;
    let path = set_of(&app.demo);
    imported(&app, &app.demo, &["q1", "q2"]).await;
    put(&app, &path, json!({ "key_pairs": 5 })).await.expect(200);
    assert_eq!(imported_at_once(&app, &app.demo, 50).await, 3);
    // At the limit it is told first: before the key, the name, and that a key would have to be generated.
    for (version, keypair) in [
        ("2.92", json!({ "name": "x", "public_key": "bad" })),
        ("2.92", json!({ "name": "q1", "public_key": ED25519 })),
        ("2.1", json!({ "name": "x" })),
    ] {
        let refused = app.nova(&app.demo, version, "POST", "/os-keypairs", json!({ "keypair": keypair })).await;
        assert_eq!(fault(&refused), ("forbidden", 403, "Quota exceeded, too many key pairs."));
    }
    // The limit is the project's, but each of its users may have as many.
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    assert_eq!(imported_at_once(&app, &bob, 7).await, 5);
    put(&app, &path, json!({ "key_pairs": -1 })).await.expect(200);
    imported(&app, &app.demo, &["unlimited"]).await;
}

#[actix_web::test]
async fn a_users_own_limit_holds_for_that_user_alone() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    put(&app, &format!("{}?user_id={}", set_of(&app.demo), app.demo.user_id), json!({ "key_pairs": 2 }))
        .await
        .expect(200);
    assert_eq!(imported_at_once(&app, &app.demo, 6).await, 2);
    assert_eq!(imported_at_once(&app, &bob, 6).await, 6);
    let kps = json!({ "keypair": { "name": "kps", "public_key": ED25519 } });
    app.kps(&app.demo, "POST", "", kps).await.expect(403);
}

#[actix_web::test]
async fn an_administrator_creates_for_others_by_the_administrators_limit() {
    let app = TestApp::spawn().await;
    put(&app, &set_of(&app.demo), json!({ "key_pairs": 0 })).await.expect(200);
    app.nova(&app.demo, "2.92", "POST", "/os-keypairs", import("own")).await.expect(403);
    let body = json!({ "keypair": { "name": "given", "public_key": ED25519, "user_id": app.demo.user_id } });
    app.nova(&app.admin, "2.92", "POST", "/os-keypairs", body).await.expect(201);
}

#[actix_web::test]
async fn the_default_class_holds_where_nothing_else_was_set() {
    let app = TestApp::spawn().await;
    let path = "/os-quota-class-sets/default";
    let shown = get(&app, &app.admin, "2.1", path).await.expect(200);
    let class = shown.body["quota_class_set"].as_object().unwrap();
    assert_eq!((class["id"].as_str(), class.len()), (Some("default"), 13));
    let shown = get(&app, &app.admin, "2.50", path).await.expect(200);
    assert_eq!(shown.body["quota_class_set"].as_object().unwrap().len(), 11);

    let body = json!({ "quota_class_set": { "key_pairs": 1, "server_groups": 7, "ram": 64 } });
    let changed = app.nova(&app.admin, "2.92", "PUT", path, body).await.expect(200);
    let mut expected = presets();
    expected["key_pairs"] = json!(1);
    expected["server_groups"] = json!(7);
    expected["ram"] = json!(64);
    assert_eq!(changed.body, json!({ "quota_class_set": expected }));
    let defaults = get(&app, &app.demo, "2.92", &format!("{}/defaults", set_of(&app.demo))).await.expect(200);
    assert_eq!(defaults.body["quota_set"]["ram"], 64);
    assert_eq!(imported_at_once(&app, &app.demo, 4).await, 1);
    put(&app, &set_of(&app.demo), json!({ "key_pairs": 2 })).await.expect(200);
    imported(&app, &app.demo, &["second"]).await;
}

#[actix_web::test]
async fn classes_are_the_administrators_and_others_than_default_have_no_effect() {
    let app = TestApp::spawn().await;
    let body = json!({ "quota_class_set": { "key_pairs": 0 } });
    for (method, policy) in [("GET", "show"), ("PUT", "update")] {
        let refused = app.nova(&app.demo, "2.92", method, "/os-quota-class-sets/default", body.clone()).await;
        let told = format!("Policy doesn't allow os_compute_api:os-quota-class-sets:{policy} to be performed.");
        assert_eq!(fault(&refused), ("forbidden", 403, told.as_str()));
    }
    app.nova(&app.admin, "2.92", "PUT", "/os-quota-class-sets/gold", body).await.expect(200);
    let shown = get(&app, &app.admin, "2.92", "/os-quota-class-sets/gold").await.expect(200);
    assert_eq!(shown.body["quota_class_set"]["key_pairs"], 0);
    imported(&app, &app.demo, &["k"]).await;
    let body = json!({ "quota_class_set": { "key_pairs": 1, "fixed_ips": 1 } });
    let refused = app.nova(&app.admin, "2.50", "PUT", "/os-quota-class-sets/gold", body).await;
    assert!(fault(&refused).2.ends_with("Additional properties are not allowed ('fixed_ips' was unexpected)"));
}

#[actix_web::test]
async fn bodies_and_queries_are_checked() {
    let app = TestApp::spawn().await;
    let path = set_of(&app.demo);
    for (body, told) in [
        (Value::Null, "None is not of type 'object'"),
        (json!({}), "'quota_set' is a required property"),
        (
            json!({ "quota_set": { "zzz": 3 } }),
            "Invalid input for field/attribute quota_set. Value: {'zzz': 3}. Additional properties are not allowed ('zzz' \
             was unexpected)",
        ),
        (
            json!({ "quota_set": { "key_pairs": -2 } }),
            "Invalid input for field/attribute key_pairs. Value: -2. -2 is less than the minimum of -1",
        ),
    ] {
        let refused = app.nova(&app.admin, "2.92", "PUT", &path, body).await;
        assert_eq!(fault(&refused), ("badRequest", 400, told));
    }
    let refused = get(&app, &app.demo, "2.75", &format!("{path}?zzz=1")).await;
    assert_eq!(fault(&refused).2, "Additional properties are not allowed ('zzz' was unexpected)");
    get(&app, &app.demo, "2.74", &format!("{path}?zzz=1")).await.expect(200);
    get(&app, &app.demo, "2.92", &format!("{path}?user_id=")).await.expect(200);
    let refused = get(&app, &app.demo, "2.92", &format!("/{}{path}", "0a")).await;
    assert!(fault(&refused).2.starts_with("Malformed request URL"));
}

#[actix_web::test]
async fn other_methods_and_a_missing_token_are_refused() {
    let app = TestApp::spawn().await;
    let path = set_of(&app.demo);
    let no_route = [("POST", path.clone()), ("PUT", format!("{path}/detail")), ("GET", "/os-quota-sets".to_owned())];
    for (method, path) in no_route {
        let answer = app.nova(&app.admin, "2.92", method, &path, Value::Null).await.expect(404);
        assert_eq!(answer.header("Content-Type"), ["text/plain; charset=UTF-8"], "{path}");
    }
    for path in [path.clone(), format!("{path}/detail"), "/os-quota-class-sets/default".to_owned()] {
        app.send("GET", &format!("/v2.1{path}"), &[], "").await.expect(401);
    }
}
