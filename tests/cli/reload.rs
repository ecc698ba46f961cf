//! SIGHUP: settings that are read again while the service runs.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use rustix::process::Signal;
use tempfile::TempDir;

use super::Service;
use super::stop::token;

/// A service on the settings of a file.
struct Scene {
    service: Service,
    file: PathBuf,
    token: String,
    _directory: TempDir,
}

impl Scene {
    fn set(settings: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("keypaird.toml");
        fs::write(&file, settings).unwrap();
        let service = Service::start(&["--config", file.to_str().unwrap()]);
        let token = token(&service);
        Self { service, file, token, _directory: directory }
    }

    /// The line of the log that says what became of these settings.
    fn reload(&mut self, settings: &str) -> String {
        fs::write(&self.file, settings).unwrap();
        self.service.signal(Signal::HUP);
        self.service.logged("the settings were read again")
    }

    /// The status of a create.
    fn create(&self, name: &str) -> String {
        let mut stream = TcpStream::connect(self.service.started["api"].as_str().unwrap()).unwrap();
        let body = format!(r#"{{"keypair": {{"name": "{name}", "algorithm": "ed25519"}}}}"#);
        let head =
            "POST /v2.1/os-keypairs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json";
        let (token, length) = (&self.token, body.len());
        write!(stream, "{head}\r\nX-Auth-Token: {token}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[9..12].to_owned()
    }
}

#[test]
fn limits_and_the_logs_level_hold_at_once_and_what_needs_a_restart_is_told() {
    let mut scene = Scene::set("keypair.limit = 1\n");
    assert_eq!([scene.create("a"), scene.create("b")], ["200", "403"]);
    let told = scene.reload("keypair.limit = 2\nlog.level = \"debug\"\nregion = \"R2\"\nkeypair.generators = 1\n");
    assert_eq!(
        told,
        "the settings were read again: keypair.limit, log.level changed; keypair.generators, region changed too, which \
         needs a restart"
    );
    assert_eq!([scene.create("b"), scene.create("c")], ["200", "403"]);
    scene.service.ask("health", "GET /health/live");
    scene.service.logged("GET /health/live");
    let told = scene.reload("keypair.limit = 2\nlog.level = \"info\"\nregion = \"R2\"\n");
    assert_eq!(told, "the settings were read again: log.level changed; region changed too, which needs a restart");
    assert_eq!(scene.reload("keypair.limit = 2\n"), "the settings were read again: log.level changed");
    assert_eq!(scene.reload("keypair.limit = 2\n"), "the settings were read again: none has changed");
    assert_eq!(scene.service.stop().0, Some(0));
}

#[test]
fn settings_that_are_wrong_change_nothing_and_are_told() {
    let mut scene = Scene::set("keypair.limit = 1\n");
    for (settings, problem) in [
        ("keypair.limit = \"two\"\n", "the setting 'keypair.limit'"),
        ("keypair.limit = 2\nkeypair.limt = 2\n", "there is no setting 'keypair.limt'"),
        ("keypair.limit = 2\nlog.level = \"loud\"\n", "'loud' is not a level"),
        ("keypair.limit = ", "cannot be read as settings"),
    ] {
        let told = scene.reload(settings);
        assert!(told.contains("are not used, those that hold stay: ") && told.contains(problem), "{told}");
    }
    assert_eq!([scene.create("a"), scene.create("b")], ["200", "403"]);
    assert_eq!(scene.reload("keypair.limit = 2\n"), "the settings were read again: keypair.limit changed");
    assert_eq!(scene.create("b"), "200");
}

#[test]
fn rates_hold_at_once_and_so_does_their_end() {
    let mut scene = Scene::set("");
    let rates = "http.rate_limit.burst_seconds, http.rate_limit.writes_per_second";
    let told = scene.reload("[http.rate_limit]\nwrites_per_second = 1\nburst_seconds = 1\n");
    assert_eq!(told, format!("the settings were read again: {rates} changed"));
    let statuses: Vec<String> = (0..10).map(|number| scene.create(&format!("k{number}"))).collect();
    assert_eq!(statuses[0], "200");
    assert!(statuses.iter().any(|status| status == "429"), "{statuses:?}");
    assert_eq!(scene.reload(""), format!("the settings were read again: {rates} changed"));
    let statuses: Vec<String> = (0..10).map(|number| scene.create(&format!("l{number}"))).collect();
    assert!(statuses.iter().all(|status| status == "200"), "{statuses:?}");
}
