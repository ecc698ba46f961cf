//! The OpenAPI document, and what it promises.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::security::templates;
use crate::support::documented::{NOTED, OPENAPI, operations};
use crate::support::{Service, TestApp};

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
/// Statuses that no test sees, a line each, and why.
const NEVER_SEEN: &str = include_str!("never_seen.txt");

fn operations_of(document: &Value) -> impl Iterator<Item = &Value> {
    let items = document["paths"].as_object().unwrap().values();
    items.flat_map(|item| item.as_object().unwrap().values())
}

#[actix_web::test]
async fn the_operators_listener_serves_the_document_and_a_page_without_a_script() {
    let app = TestApp::spawn().await;
    let served = app.send_admin("GET", "/openapi.json").await.expect(200);
    assert_eq!(served.body, *OPENAPI);
    assert_eq!(served.body["openapi"], "3.1.0");
    let page = app.send_admin("GET", "/docs").await.expect(200);
    assert!(page.header("Content-Security-Policy")[0].starts_with("default-src 'none'; style-src 'self'"));
    assert!(page.text.contains("/v2.1/os-keypairs") && page.text.contains("href=\"/docs/page.css\""));
    let styles = app.send_admin("GET", "/docs/page.css").await.expect(200);
    assert_eq!(styles.header("Content-Type"), ["text/css; charset=utf-8"]);
}

#[actix_web::test]
async fn clients_are_served_the_document_only_where_the_settings_say_so() {
    let closed = Service::spawn_with(&[]).await;
    closed.send("GET", "/openapi.json", &[], "").await.expect(300);
    let open = Service::spawn_with(&[("http.openapi", "true")]).await;
    assert_eq!(open.send("GET", "/openapi.json", &[], "").await.expect(200).body, *OPENAPI);
    open.send("GET", "/docs", &[], "").await.expect(300);
}

#[test]
fn the_checked_in_document_is_that_of_the_code() {
    let checked_in: Value = serde_json::from_str(&fs::read_to_string(CHECKED_IN).unwrap()).unwrap();
    assert!(checked_in == *OPENAPI, "run: keypaird openapi > docs/openapi.json");
}

#[test]
fn each_operation_has_a_name_of_its_own_and_lists_its_statuses() {
    let mut names = BTreeSet::new();
    for operation in operations_of(&OPENAPI) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} is twice");
        let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        assert!(!statuses.is_empty() && statuses.iter().all(|it| it.parse::<u16>().is_ok()), "{name}: {statuses:?}");
    }
}

#[test]
fn what_is_referred_to_is_there_and_what_is_there_is_referred_to() {
    let text = OPENAPI.to_string();
    let schemas: BTreeSet<&str> =
        OPENAPI["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    let referred: BTreeSet<&str> =
        text.split("\"$ref\":\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(referred, schemas);
}

/// By segments: variables have other names in other routers.
fn shape(path: &str) -> String {
    let path = path.split('#').next().unwrap();
    let segments = path.split('/').map(|it| if it.starts_with('{') && it != "{rest}" { "{}" } else { it });
    let shape = segments.collect::<Vec<_>>().join("/");
    let is_identitys = ["/identity", "/v3/auth", "/v3/projects"].iter().any(|begin| shape.starts_with(begin));
    if is_identitys { shape.trim_end_matches('/').to_owned() } else { shape }
}

#[actix_web::test]
async fn every_route_is_described_and_nothing_else() {
    let app = TestApp::spawn().await;
    let mut routes = templates(|config| keypaird::http::routes(config, &app.authentication)).await;
    routes.extend(templates(keypaird::http::ops::routes).await);
    let routes: BTreeSet<String> = routes.iter().map(|it| shape(it)).filter(|it| !it.ends_with("{rest}")).collect();
    let described: BTreeSet<String> = OPENAPI["paths"].as_object().unwrap().keys().map(|it| shape(it)).collect();
    assert_eq!(described, routes);
}

/// Runs after all others, in a process of its own: `DOCUMENTED_STATUSES` names the file in which they noted what they saw.
#[test]
#[ignore = "needs what the other tests noted; tests/run runs it after them"]
fn every_documented_status_was_seen_or_is_excused() {
    let noted = fs::read_to_string(std::env::var_os(NOTED).unwrap()).unwrap();
    let seen: BTreeSet<&str> = noted.lines().collect();
    let documented: BTreeSet<String> = operations()
        .flat_map(|operation| operation.statuses.iter().map(|status| format!("{status} {}", operation.name)))
        .collect();
    let excuses: Vec<&str> = NEVER_SEEN.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut idle: BTreeSet<&str> = excuses.iter().copied().collect();
    let mut unseen = Vec::new();
    for line in documented.iter().filter(|line| !seen.contains(line.as_str())) {
        match excuses.iter().find(|excuse| excuses_line(excuse, line)) {
            Some(excuse) => drop(idle.remove(excuse)),
            None => unseen.push(line),
        }
    }
    assert!(unseen.is_empty(), "no test sees these; test them, or say in never_seen.txt why not:\n{unseen:#?}");
    assert!(idle.is_empty(), "these are seen, or not documented; take them out of never_seen.txt:\n{idle:#?}");
}

/// `STATUS NAME: reason`; a `*` at the end of the name is any end.
fn excuses_line(excuse: &str, line: &str) -> bool {
    let (wanted, _) = excuse.split_once(':').unwrap_or_else(|| panic!("{excuse}: there is no reason"));
    match wanted.strip_suffix('*') {
        Some(beginning) => line.starts_with(beginning),
        None => line == wanted,
    }
}
