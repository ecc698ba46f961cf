//! `limits`.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::fault;
use crate::support::{Answer, TestApp, User};

async fn get(app: &TestApp, user: &User, version: &str, path: &str) -> Answer {
    app.nova(user, version, "GET", path, Value::Null).await
}

/// The members in the order in which a Nova has them, of which JSON has none: the text is compared.
const NEWEST: &str = r#"{"limits": {"rate": [], "absolute": {"maxTotalCores": 20, "maxTotalInstances": 10, "maxTotalKeypairs": 100, "maxServerMeta": 128, "maxTotalRAMSize": 51200, "maxServerGroups": 10, "maxServerGroupMembers": 10, "totalRAMUsed": 0, "totalCoresUsed": 0, "totalInstancesUsed": 0, "totalServerGroupsUsed": 0}}}"#;
const OLDEST: &str = r#"{"limits": {"rate": [], "absolute": {"maxTotalCores": 20, "maxPersonality": 5, "maxPersonalitySize": 10240, "maxTotalInstances": 10, "maxTotalKeypairs": 100, "maxServerMeta": 128, "maxImageMeta": 128, "maxTotalRAMSize": 51200, "maxServerGroups": 10, "maxServerGroupMembers": 10, "maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1, "totalRAMUsed": 0, "totalCoresUsed": 0, "totalInstancesUsed": 0, "totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0, "totalServerGroupsUsed": 0}}}"#;

#[actix_web::test]
async fn members_go_with_the_version() {
    let app = TestApp::spawn().await;
    for version in ["2.1", "2.35"] {
        assert_eq!(get(&app, &app.demo, version, "/limits").await.expect(200).text, OLDEST);
    }
    let without_network = get(&app, &app.demo, "2.36", "/limits").await.expect(200);
    let absolute = without_network.body["limits"]["absolute"].as_object().unwrap();
    assert_eq!((absolute.len(), &absolute["maxImageMeta"]), (14, &json!(128)));
    let without_image = get(&app, &app.demo, "2.39", "/limits").await.expect(200);
    assert_eq!(without_image.body["limits"]["absolute"].as_object().unwrap().len(), 13);
    for version in ["2.57", "2.75", "2.92", "latest"] {
        assert_eq!(get(&app, &app.demo, version, "/limits").await.expect(200).text, NEWEST);
    }
    let frozen = app.send("GET", "/v2/limits", &[("X-Auth-Token", &app.demo.token)], "").await.expect(200);
    assert_eq!(frozen.text, OLDEST);
    let path = format!("/{}/limits", app.demo.project_id);
    assert_eq!(get(&app, &app.demo, "2.92", &path).await.expect(200).text, NEWEST);
}

#[actix_web::test]
async fn they_are_the_projects_also_for_a_user_with_limits_of_their_own() {
    let app = TestApp::spawn().await;
    let path = format!("/os-quota-sets/{}", app.demo.project_id);
    let body = json!({ "quota_set": { "key_pairs": 3, "metadata_items": 7 } });
    app.nova(&app.admin, "2.92", "PUT", &path, body).await.expect(200);
    let of_ann = format!("{path}?user_id={}", app.demo.user_id);
    app.nova(&app.admin, "2.92", "PUT", &of_ann, json!({ "quota_set": { "key_pairs": 2 } })).await.expect(200);
    let limits = get(&app, &app.demo, "2.38", "/limits").await.expect(200);
    let absolute = &limits.body["limits"]["absolute"];
    assert_eq!(absolute["maxTotalKeypairs"], 3);
    assert_eq!((&absolute["maxServerMeta"], &absolute["maxImageMeta"]), (&json!(7), &json!(7)));
    assert_eq!(get(&app, &app.admin, "2.92", "/limits").await.expect(200).text, NEWEST);
}

#[actix_web::test]
async fn another_projects_are_for_administrators() {
    let app = TestApp::spawn().await;
    let carol = app.user("carol", "other", Role::MEMBER).await;
    let path = format!("/limits?tenant_id={}", app.demo.project_id);
    assert_eq!(get(&app, &app.admin, "2.92", &path).await.expect(200).text, NEWEST);
    // Naming one's own is nothing special (not recorded).
    assert_eq!(get(&app, &app.demo, "2.92", &path).await.expect(200).text, NEWEST);
    let refused = get(&app, &carol, "2.92", &path).await;
    let told = "Policy doesn't allow os_compute_api:limits:other_project to be performed.";
    assert_eq!(fault(&refused), ("forbidden", 403, told));
}

#[actix_web::test]
async fn unknown_parameters_are_refused_from_2_75_on() {
    let app = TestApp::spawn().await;
    get(&app, &app.demo, "2.74", "/limits?zzz=1").await.expect(200);
    for name in ["zzz", "reserved"] {
        let refused = get(&app, &app.demo, "2.75", &format!("/limits?{name}=1")).await;
        let told = format!("Additional properties are not allowed ('{name}' was unexpected)");
        assert_eq!(fault(&refused), ("badRequest", 400, told.as_str()));
    }
}

#[actix_web::test]
async fn they_need_a_token_and_a_get() {
    let app = TestApp::spawn().await;
    app.send("GET", "/v2.1/limits", &[], "").await.expect(401);
    app.nova(&app.demo, "2.92", "POST", "/limits", Value::Null).await.expect(404);
    app.nova(&app.demo, "2.92", "GET", "/limits/", Value::Null).await.expect(404);
    let refused = app.nova(&app.demo, "2.92", "GET", "/0a/limits", Value::Null).await;
    assert_eq!(fault(&refused).1, 400);
}
