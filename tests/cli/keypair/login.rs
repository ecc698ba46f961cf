//! Where it is said who logs in, and what is said where that does not work.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tempfile::TempDir;

use super::between::Between;
use super::{Service, clouds, failed, keypair, keypaird, succeeded};

/// A value of the demo user's entry in clouds.yaml.
fn of_demo(service: &Service, member: &str) -> String {
    let clouds = fs::read_to_string(clouds(service)).unwrap();
    let line = clouds.lines().find_map(|line| line.trim().strip_prefix(&format!("{member}: "))).unwrap();
    line.trim_matches('"').to_owned()
}

fn variables(service: &Service) -> [(&'static str, String); 4] {
    let value = |member| of_demo(service, member);
    [
        ("OS_AUTH_URL", value("auth_url")),
        ("OS_USERNAME", value("username")),
        ("OS_PASSWORD", value("password")),
        ("OS_PROJECT_NAME", value("project_name")),
    ]
}

/// A token of the demo user's, without a project.
fn token(service: &Service) -> String {
    let [user, password] = ["username", "password"].map(|member| of_demo(service, member));
    let user = json!({"name": user, "domain": {"id": "default"}, "password": password});
    let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}).to_string();
    let mut stream = TcpStream::connect(service.started["api"].as_str().unwrap()).unwrap();
    let head = "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length:";
    write!(stream, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let token =
        answer.lines().find_map(|line| line.to_lowercase().starts_with("x-subject-token: ").then(|| &line[17..]));
    token.unwrap().to_owned()
}

#[test]
fn a_clouds_yaml_in_the_working_directory_or_the_users_own_is_found() {
    let service = Service::start(&[]);
    let (work, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let list =
        || keypaird(work.path(), &["keypair", "list"]).env("OS_CLOUD", "keypaird").env("HOME", home.path()).output();
    let said = failed(&list().unwrap(), 2);
    assert!(said.starts_with("keypaird: there is no clouds.yaml with the cloud 'keypaird' (looked for in "), "{said}");
    fs::create_dir_all(home.path().join(".config/openstack")).unwrap();
    fs::copy(clouds(&service), home.path().join(".config/openstack/clouds.yaml")).unwrap();
    succeeded(&list().unwrap());
    fs::write(work.path().join("clouds.yaml"), "clouds: {other: {}}").unwrap();
    assert!(failed(&list().unwrap(), 2).contains("it has other"), "the nearest file counts");
}

#[test]
fn a_password_may_stand_in_secure_yaml() {
    let service = Service::start(&[]);
    let work = TempDir::new().unwrap();
    let password = of_demo(&service, "password");
    let own = fs::read_to_string(clouds(&service)).unwrap();
    fs::write(work.path().join("clouds.yaml"), own.replace(&password, "")).unwrap();
    let secure = format!("clouds: {{keypaird: {{auth: {{password: \"{password}\"}}}}}}\n");
    let list = || keypaird(work.path(), &["keypair", "list", "--os-cloud", "keypaird"]).output().unwrap();
    failed(&list(), 1);
    fs::write(work.path().join("secure.yaml"), secure).unwrap();
    succeeded(&list());
}

#[test]
fn variables_and_a_token_log_in_too() {
    let service = Service::start(&[]);
    let work = TempDir::new().unwrap();
    let list = |variables: &[(&str, String)], more: &[&str]| {
        let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
        keypaird(work.path(), &["keypair", "list"]).args(more).envs(variables).output().unwrap()
    };
    let by_password = variables(&service);
    succeeded(&list(&by_password, &[]));
    let said = failed(&list(&by_password, &["--os-region-name", "Elsewhere"]), 1);
    assert!(said.contains("no compute service in the region 'Elsewhere'") && said.contains("RegionOne"), "{said}");

    let [url, user, _, project] = by_password;
    let wrong = [url.clone(), user, ("OS_PASSWORD", "not the password".to_owned()), project.clone()];
    let said = failed(&list(&wrong, &[]), 1);
    assert!(said.contains("(HTTP 401, request req-") && !said.contains("not the password"), "{said}");
    let none = [wrong[0].clone(), wrong[1].clone(), wrong[3].clone()];
    assert!(failed(&list(&none, &[]), 2).contains("as OS_PASSWORD"), "there is no terminal to ask at");
    let credential = [
        url.clone(),
        ("OS_APPLICATION_CREDENTIAL_ID", "id".to_owned()),
        ("OS_APPLICATION_CREDENTIAL_SECRET", "secret".to_owned()),
    ];
    let said = failed(&list(&credential, &[]), 1);
    assert!(said.contains("application_credential") || said.contains("HTTP 401"), "{said}");

    let token = token(&service);
    succeeded(&list(&[url, ("OS_TOKEN", token), project], &[]));
}

#[test]
fn nobody_who_answers_is_named_with_the_reason() {
    let service = Service::start(&[]);
    let work = TempDir::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let own = fs::read_to_string(clouds(&service)).unwrap();
    let api = service.started["api"].as_str().unwrap();
    let elsewhere = work.path().join("elsewhere.yaml");
    fs::write(&elsewhere, own.replace(api, &free.to_string())).unwrap();
    let said = failed(&keypair(work.path(), &elsewhere, &["list"]).output().unwrap(), 1);
    let told = format!("keypaird: http://{free}/identity/v3/auth/tokens does not answer: Connection refused");
    assert!(said.starts_with(&told), "{said}");
}

#[test]
fn a_service_that_is_busy_is_asked_again_for_as_long_as_is_allowed() {
    let service = Service::start(&[]);
    let work = TempDir::new().unwrap();
    let asked = AtomicUsize::new(0);
    // A balancer in front, which has no room twice.
    let between = Between::start(&service, move |request, answer| {
        if request.starts_with("GET /v2.1/os-keypairs") && asked.fetch_add(1, Ordering::SeqCst) % 3 != 2 {
            *answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_vec();
        }
    });
    let clouds = between.clouds(&service, work.path());
    succeeded(&keypair(work.path(), &clouds, &["list"]).output().unwrap());
    let said = failed(&keypair(work.path(), &clouds, &["list", "--wait", "0"]).output().unwrap(), 1);
    assert!(said.contains("(HTTP 503)"), "{said}");
}
