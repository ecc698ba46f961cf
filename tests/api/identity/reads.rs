//! The reads beside logins, and who may make them.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::{assert_error, assert_unauthenticated, by_password, get, token_of};
use crate::support::{Answer, TestApp};

/// Every path that needs a token.
const PATHS: [&str; 12] = [
    "/identity/v3/auth/catalog",
    "/identity/v3/auth/projects",
    "/identity/v3/auth/domains",
    "/identity/v3/auth/system",
    "/identity/v3/projects",
    "/identity/v3/projects/x",
    "/identity/v3/users",
    "/identity/v3/users/x",
    "/identity/v3/users/x/projects",
    "/identity/v3/domains",
    "/identity/v3/domains/default",
    "/identity/v3/role_assignments",
];

fn names<'a>(answer: &'a Answer, list: &str) -> Vec<&'a str> {
    answer.body[list].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn nothing_is_read_without_a_token() {
    let app = TestApp::spawn().await;
    for path in PATHS {
        assert_unauthenticated(&app, &app.json("GET", path, &[], Value::Null).await);
        assert_unauthenticated(&app, &get(&app, "kpd_unknown", path).await);
        app.json("POST", path, &[("X-Auth-Token", &app.admin.token)], json!({})).await.expect(405);
    }
}

#[actix_web::test]
async fn what_is_others_is_for_administrators() {
    let app = TestApp::spawn().await;
    let (user, project) = (app.demo.user_id.as_str(), app.demo.project_id.as_str());
    let (admins_user, admins_project) = (app.admin.user_id.as_str(), app.admin.project_id.as_str());
    for (path, member, administrator) in [
        ("auth/catalog".to_owned(), 200, 200),
        ("auth/projects".to_owned(), 200, 200),
        ("auth/domains".to_owned(), 200, 200),
        ("auth/system".to_owned(), 200, 200),
        ("projects".to_owned(), 200, 200),
        (format!("projects/{project}"), 200, 200),
        (format!("projects/{admins_project}"), 403, 200),
        ("projects/none".to_owned(), 403, 404),
        ("users".to_owned(), 403, 200),
        (format!("users/{user}"), 200, 200),
        (format!("users/{admins_user}"), 403, 200),
        ("users/none".to_owned(), 403, 404),
        (format!("users/{user}/projects"), 200, 200),
        (format!("users/{admins_user}/projects"), 403, 200),
        ("domains".to_owned(), 403, 200),
        ("domains/default".to_owned(), 200, 200),
        ("domains/other".to_owned(), 404, 404),
        ("role_assignments".to_owned(), 403, 200),
    ] {
        for (user, status) in [(&app.demo, member), (&app.admin, administrator)] {
            for slash in ["", "/"] {
                let answer = get(&app, &user.token, &format!("/identity/v3/{path}{slash}")).await;
                assert_eq!(answer.code(), status, "{} {path}{slash}: {}", user.name, answer.text);
            }
        }
    }
    let refused = get(&app, &app.demo.token, "/identity/v3/users").await;
    assert_error(
        &refused,
        403,
        "Forbidden",
        "You are not authorized to perform the requested action: identity:list_users.",
    );
    let missing = get(&app, &app.admin.token, "/identity/v3/users/none").await;
    assert_error(&missing, 404, "Not Found", "Could not find user: none.");
}

#[actix_web::test]
async fn the_catalog_is_that_of_the_token_and_an_unscoped_one_has_none() {
    let app = TestApp::spawn().await;
    let catalog = get(&app, &app.demo.token, "/identity/v3/auth/catalog").await.expect(200);
    let types: Vec<_> = catalog.body["catalog"].as_array().unwrap().iter().map(|service| &service["type"]).collect();
    assert_eq!(types, ["compute", "identity"]);
    assert_eq!(catalog.body["catalog"][0]["endpoints"][0]["url"], format!("http://{}/v2.1", app.address));
    assert_eq!(catalog.body["links"]["self"], format!("http://{}/identity/v3/auth/catalog", app.address));
    let unscoped = token_of(&app, by_password("ann", Value::Null)).await;
    get(&app, &unscoped, "/identity/v3/auth/catalog").await.expect(403);
}

#[actix_web::test]
async fn a_member_sees_the_projects_with_a_role_and_an_administrator_all() {
    let app = TestApp::spawn().await;
    app.user("ben", "other", Role::READER).await;
    for path in ["/identity/v3/projects", "/identity/v3/auth/projects", "/v3/projects", "/v3/auth/projects"] {
        assert_eq!(names(&get(&app, &app.demo.token, path).await.expect(200), "projects"), ["demo"], "{path}");
    }
    let mut all = get(&app, &app.admin.token, "/identity/v3/projects").await.expect(200);
    all.body["projects"].as_array_mut().unwrap().sort_by_key(|project| project["name"].to_string());
    assert_eq!(names(&all, "projects"), ["admin", "demo", "other"]);
    for (query, found) in [("name=demo", vec!["demo"]), ("name=none", vec![]), ("domain_id=elsewhere", vec![])] {
        let path = format!("/v3/projects?{query}");
        let answer = get(&app, &app.admin.token, &path).await.expect(200);
        assert_eq!(names(&answer, "projects"), found, "{query}");
        let own = format!("http://{}/identity{path}", app.address);
        assert_eq!(answer.body["links"], json!({ "next": null, "self": own, "previous": null }));
    }
}

#[actix_web::test]
async fn a_project_and_a_user_have_the_members_that_clients_expect() {
    let app = TestApp::spawn().await;
    let id = &app.demo.project_id;
    let answer = get(&app, &app.demo.token, &format!("/identity/v3/projects/{id}")).await.expect(200);
    let own = format!("http://{}/identity/v3/projects/{id}", app.address);
    let project = json!({ "id": id, "name": "demo", "domain_id": "default", "description": "", "enabled": true,
        "parent_id": "default", "is_domain": false, "tags": [], "options": {}, "links": { "self": own } });
    assert_eq!(answer.body, json!({ "project": project }));
    let id = &app.demo.user_id;
    let answer = get(&app, &app.demo.token, &format!("/identity/v3/users/{id}")).await.expect(200);
    let own = format!("http://{}/identity/v3/users/{id}", app.address);
    let user = json!({ "id": id, "name": "ann", "domain_id": "default", "enabled": true, "password_expires_at": null,
        "options": {}, "links": { "self": own } });
    assert_eq!(answer.body, json!({ "user": user }));
}

#[actix_web::test]
async fn domains_and_system_are_listed_for_those_with_a_role_there() {
    let app = TestApp::spawn().await;
    for (user, there) in [(&app.demo, false), (&app.admin, true)] {
        let domains = get(&app, &user.token, "/identity/v3/auth/domains").await.expect(200);
        let system = get(&app, &user.token, "/identity/v3/auth/system").await.expect(200);
        assert_eq!(names(&domains, "domains"), if there { vec!["Default"] } else { vec![] });
        assert_eq!(system.body["system"], if there { json!([{ "all": true }]) } else { json!([]) });
    }
    for (query, found) in [("", vec!["Default"]), ("?name=Default", vec!["Default"]), ("?name=other", vec![])] {
        let answer = get(&app, &app.admin.token, &format!("/identity/v3/domains{query}")).await.expect(200);
        assert_eq!(names(&answer, "domains"), found);
    }
}

#[actix_web::test]
async fn role_assignments_are_found_by_project_and_by_user() {
    let app = TestApp::spawn().await;
    let path = format!("/identity/v3/role_assignments?scope.project.id={}", app.demo.project_id);
    let answer = get(&app, &app.admin.token, &path).await.expect(200);
    let users: Vec<&str> = answer.body["role_assignments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|assignment| assignment["user"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(users.len(), 2, "ann and demo: {users:?}");
    assert!(users.contains(&app.demo.user_id.as_str()));
    let path = format!("/identity/v3/role_assignments?user.id={}", app.admin.user_id);
    let answer = get(&app, &app.admin.token, &path).await.expect(200);
    let mut scopes: Vec<String> =
        answer.body["role_assignments"].as_array().unwrap().iter().map(|a| a["scope"].to_string()).collect();
    scopes.sort();
    let project = json!({ "project": { "id": app.admin.project_id } }).to_string();
    let expected = [
        json!({ "domain": { "id": "default" } }).to_string(),
        project,
        json!({ "system": { "all": true } }).to_string(),
    ];
    assert_eq!(scopes, expected);
}
