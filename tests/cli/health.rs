//! `keypaird health`: what a container's health check sees.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{Service, run, text};

/// What it says of the service that listens there.
fn health(address: &str) -> Output {
    run(TempDir::new().unwrap().path(), &["health", "--set", &format!("admin.listen={address}")])
}

/// Asks until the answer has this status in it.
fn until(service: &Service, status: &str) -> Output {
    let since = Instant::now();
    loop {
        let output = health(service.started["health"].as_str().unwrap());
        if text(&output.stdout).contains(&format!(r#"{{"status":"{status}","#)) {
            return output;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{}", text(&output.stdout));
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn it_prints_the_answer_in_a_line_and_succeeds_while_the_service_is_ready() {
    let service = Service::start(&["--set", "http.drain_seconds=60"]);
    let address = service.started["health"].as_str().unwrap();
    let directory = TempDir::new().unwrap();
    for output in [health(address), run(directory.path(), &["health", "--url", &format!("http://{address}")])] {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let told = text(&output.stdout);
        assert!(told.starts_with(r#"{"status":"ready","checks":{"database":"ok","#) && told.ends_with("}\n"), "{told}");
    }
    service.signal(Signal::TERM);
    let output = until(&service, "stopping");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the service is not ready: http://"), "{}", text(&output.stderr));
}

#[test]
fn a_keystone_that_is_away_leaves_the_service_degraded_and_that_is_a_success() {
    let directory = TempDir::new().unwrap();
    let password = directory.path().join("password");
    fs::write(&password, "throw-away").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let password = format!("identity.keystone.password_file={}", password.display());
    let mut settings = super::keystone::KEYSTONE.to_vec();
    settings.extend(["--set", &password]);
    let service = Service::start(&settings);
    let output = until(&service, "degraded");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains(r#""keystone":"unavailable""#), "{}", text(&output.stdout));
    let (code, log) = service.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("health: keystone is unavailable: "), "the cause is in the log: {log}");
}

#[test]
fn where_nobody_answers_it_fails_and_says_what_to_look_at() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = health(&free.to_string());
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("does not answer: Connection refused") && stderr.contains("admin.listen"), "{stderr}");
    assert!(output.stdout.is_empty());
}
