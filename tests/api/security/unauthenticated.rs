//! What is answered without a token: S33.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tempfile::NamedTempFile;

use super::routes::{METHODS, templates};
use crate::support::{Answer, Service, TestApp, User};

const FIXED: &str = include_str!("unauthenticated.txt");

pub(super) struct Route {
    pub(super) template: String,
    statuses: BTreeMap<&'static str, u16>,
}

impl Route {
    fn status(&self, method: &str) -> u16 {
        let named = self.statuses.get(method).or_else(|| self.statuses.get("*"));
        *named.unwrap_or_else(|| panic!("{} says nothing of {method}", self.template))
    }
}

/// The routes below a heading of the file.
pub(super) fn fixed(heading: &str) -> Vec<Route> {
    let section = FIXED.split("\n## ").find(|section| section.starts_with(heading)).expect("has a heading");
    let lines = section.lines().skip(1).filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let routes = |line: &'static str| {
        let mut words = line.split_whitespace();
        let templates = alternatives(words.next().expect("begins with a template"));
        let statuses = words.flat_map(|word| {
            let (methods, status) = word.split_once('=').expect("METHOD,…=STATUS");
            methods.split(',').map(move |method| (method, status.parse().expect("is a status")))
        });
        let statuses: BTreeMap<_, _> = statuses.collect();
        templates.into_iter().map(move |template| Route { template, statuses: statuses.clone() })
    };
    lines.flat_map(routes).collect()
}

/// `a[b|c]` is `ab` and `ac`.
fn alternatives(written: &str) -> Vec<String> {
    let Some((before, rest)) = written.split_once('[') else { return vec![written.to_owned()] };
    let (choices, after) = rest.split_once(']').expect("a bracket is closed");
    let after = alternatives(after);
    choices.split('|').flat_map(|choice| after.iter().map(move |after| format!("{before}{choice}{after}"))).collect()
}

/// A path of that template, with things of the user that are there.
pub(super) fn path(user: &User, template: &str, key_pair: &str) -> String {
    let path = template.replace("{project_id}", &user.project_id).replace("{rest}", "nope");
    let path = if template.contains("/users/") { path.replace("{id}", &user.user_id) } else { path };
    let path = if template.contains("/domains/") { path.replace("{id}", "default") } else { path };
    path.replace("{id}", &user.project_id)
        .replace("{name}", key_pair)
        .replace("{keypair_name}", key_pair)
        .replace("{alias}", "os-keypairs")
        .replace("{call}", "associate")
}

fn assert_same(found: &[String], fixed: &[Route]) {
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let fixed: BTreeSet<&str> = fixed.iter().map(|route| route.template.as_str()).collect();
    let new: Vec<_> = found.difference(&fixed).collect();
    assert!(new.is_empty(), "add to unauthenticated.txt what these answer without a token: {new:#?}");
    let gone: Vec<_> = fixed.difference(&found).collect();
    assert!(gone.is_empty(), "these are no routes any more: {gone:#?}");
}

/// Nothing in it that is anybody's.
fn tells_nothing(app: &TestApp, answer: &Answer) -> bool {
    ["anns", &app.demo.user_id, "ssh-ed25519"].iter().all(|secret| !answer.text.contains(secret))
}

#[actix_web::test]
async fn s33_without_a_token_only_a_fixed_list_of_routes_is_answered() {
    let app = TestApp::spawn().await;
    crate::nova::imported(&app, &app.demo, &["anns"]).await;
    let mut routes = fixed("routes");
    assert_same(&templates(|config| keypaird::http::routes(config, &app.authentication)).await, &routes);
    routes.extend(fixed("no routes"));
    let mut wrong = Vec::new();
    for route in &routes {
        for method in METHODS {
            let path = path(&app.demo, &route.template, "anns");
            for headers in [&[][..], &[("X-Auth-Token", "kpd_nobodys")], &[("X-User-Id", &app.admin.user_id)]] {
                let answer = app.send(method, &path, headers, "").await;
                if answer.code() != route.status(method) || !tells_nothing(&app, &answer) {
                    wrong.push(format!("{method} {} {headers:?}: {} {}", route.template, answer.code(), answer.text));
                }
            }
        }
        let options = app.send("OPTIONS", &path(&app.demo, &route.template, "anns"), &[], "").await;
        assert_eq!((options.code(), options.text.as_str()), (200, ""), "OPTIONS {}", route.template);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The identity's own are those that say, in that mode, where to log in.
#[actix_web::test]
async fn s33_with_a_keystone_the_routes_of_the_identity_are_closed_as_well() {
    let password = NamedTempFile::new().unwrap();
    fs::write(password.path(), "not needed").unwrap();
    let file = password.path().display().to_string();
    let service = Service::spawn_with(&[
        ("identity.mode", "keystone"),
        ("identity.keystone.auth_url", "http://127.0.0.1:1/v3"),
        ("identity.keystone.username", "keypaird"),
        ("identity.keystone.password_file", &file),
    ])
    .await;
    let is_identitys =
        |route: &Route| ["/identity", "/v3/auth", "/v3/projects"].iter().any(|begin| route.template.starts_with(begin));
    let mut routes = fixed("routes");
    routes.retain(|route| !is_identitys(route));
    routes.extend(fixed("with a Keystone"));
    assert_same(&templates(|config| keypaird::http::routes(config, &service.authentication)).await, &routes);
    for route in &routes {
        for method in METHODS {
            let path = route.template.replace("{project_id}", "0123456789abcdef").replace("{rest}", "nope");
            let path = path.replace("{call}", "associate").replace(['{', '}'], "");
            let answer = service.send(method, &path, &[], "").await;
            assert_eq!(answer.code(), route.status(method), "{method} {}: {}", route.template, answer.text);
        }
    }
}

/// Else the paths above would be wrong, and their 401 mean nothing.
#[actix_web::test]
async fn s33_with_a_token_the_same_routes_answer() {
    let app = TestApp::spawn().await;
    crate::nova::imported(&app, &app.demo, &["anns"]).await;
    for route in fixed("routes").iter().filter(|route| !route.template.contains("{rest}")) {
        // There is no task and no key pair called `copy`, `associate` or `batch-import`.
        let finds_nothing =
            ["{task_id}", "/copy", "{call}", "/batch-import"].iter().any(|end| route.template.ends_with(end));
        if route.status("GET") != 401 || finds_nothing {
            continue;
        }
        let path = path(&app.demo, &route.template, "anns");
        let headers = [("X-Auth-Token", app.admin.token.as_str()), ("X-Subject-Token", &app.demo.token)];
        let is_of_demo = (path.starts_with("/v2") || path.starts_with("/v3")) && path.contains(&app.demo.project_id);
        let headers = if is_of_demo || path.contains("anns") {
            [("X-Auth-Token", app.demo.token.as_str()), headers[1]]
        } else {
            headers
        };
        let answer = app.send("GET", &path, &headers, "").await;
        // A class of quotas is the administrator's, whose project is another.
        let refused = route.template.contains("os-quota-class-sets") && answer.code() == 403;
        assert!(answer.code() == 200 || refused, "{path}: {}", answer.text);
    }
}

#[actix_web::test]
async fn s33_the_operators_listener_has_health_metrics_and_nothing_else() {
    let app = TestApp::spawn().await;
    let routes = fixed("operator");
    assert_same(&templates(keypaird::http::ops::routes).await, &routes);
    for route in &routes {
        for method in METHODS {
            let answer = app.send_admin(method, &route.template).await;
            assert_eq!(answer.code(), route.status(method), "{method} {}", route.template);
        }
    }
}
