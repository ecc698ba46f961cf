//! The project in a path decides about nothing: S34.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::routes::{METHODS, templates};
use super::{of_project, of_user, stored};
use crate::nova::{import, imported};
use crate::support::{Answer, TestApp, User};

/// A body that would be taken.
fn body(method: &str, template: &str) -> Value {
    match method {
        "POST" => import("planted"),
        "PUT" if template.contains("os-quota-sets") => json!({ "quota_set": { "key_pairs": 7 } }),
        "PUT" if template.contains("os-quota-class-sets") => json!({ "quota_class_set": { "key_pairs": 7 } }),
        "PUT" => json!({ "keypair": { "description": "taken over" } }),
        _ => Value::Null,
    }
}

/// In the words of each dialect: another project's path, and no such path or method.
enum Refusal {
    OtherProject,
    NoRoute,
}

fn refusal(answer: &Answer, template: &str) -> Option<Refusal> {
    let (code, text) = (answer.code(), answer.text.as_str());
    // The answer to a HEAD has no body to tell by.
    if text.is_empty() {
        return match code {
            404 => Some(Refusal::NoRoute),
            400 => Some(Refusal::OtherProject),
            _ => None,
        };
    }
    if template.contains("/keypairs") || template.starts_with("/v3") {
        match answer.body["error_code"].as_str() {
            Some("KPS.9003") if code == 403 => Some(Refusal::OtherProject),
            Some("APIGW.0101") if code == 404 => Some(Refusal::NoRoute),
            _ => None,
        }
    } else if code == 404 && text.starts_with("404 Not Found") {
        Some(Refusal::NoRoute)
    } else {
        let told = answer.body["badRequest"]["message"].as_str().unwrap_or_default();
        let is_other = code == 400 && told.starts_with("Malformed request URL: URL's project_id ");
        is_other.then_some(Refusal::OtherProject)
    }
}

#[actix_web::test]
async fn s34_a_project_in_the_path_that_is_not_the_tokens_is_refused_by_every_route() {
    let app = TestApp::spawn().await;
    let eve = app.user("eve", "elsewhere", Role::MEMBER).await;
    imported(&app, &eve, &["anns"]).await;
    imported(&app, &app.demo, &["anns"]).await;
    let unscoped = app.rescoped(&app.demo, json!("unscoped")).await;
    let system = app.rescoped(&app.admin, json!({ "system": { "all": true } })).await;
    let all = templates(|config| keypaird::http::routes(config, &app.authentication)).await;
    let with_project: Vec<_> = all.iter().filter(|template| template.contains("{project_id}")).collect();
    assert!(with_project.len() > 15, "{with_project:?}");
    for template in with_project {
        let mut refused = 0;
        for caller in [&app.demo, &app.admin, &unscoped, &system] {
            for project in [eve.project_id.as_str(), "0", &format!("{}-", app.demo.project_id)] {
                for method in METHODS {
                    let path = template.replace("{project_id}", project).replace("{id}", &eve.project_id);
                    let path = path.replace("{name}", "anns").replace("{keypair_name}", "anns");
                    let path = path.replace("{alias}", "os-keypairs");
                    let token = [("X-Auth-Token", caller.token.as_str())];
                    let answer = app.json(method, &path, &token, body(method, template)).await;
                    match refusal(&answer, template) {
                        Some(Refusal::OtherProject) => refused += 1,
                        Some(Refusal::NoRoute) => {}
                        None => panic!("{} {method} {path}: {} {}", caller.name, answer.code(), answer.text),
                    }
                }
            }
        }
        assert!(refused >= 12, "{template} was refused {refused} times only");
    }
    assert_unchanged(&app, &eve).await;
}

async fn assert_unchanged(app: &TestApp, eve: &User) {
    for user in [&app.demo, eve] {
        assert!(stored(app, &of_user(user), "anns").await.is_some_and(|pair| pair.description.is_empty()));
    }
    for owner in [of_user(eve), of_user(&app.demo), of_user(&app.admin), of_project(eve)] {
        assert!(stored(app, &owner, "planted").await.is_none(), "{owner}");
    }
    let limits = app.nova(eve, "2.92", "GET", "/limits", Value::Null).await.expect(200);
    assert_eq!(limits.body["limits"]["absolute"]["maxTotalKeypairs"], json!(100));
}
