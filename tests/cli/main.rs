//! The program as its users start it: arguments, environment, exit status, signals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clients_that_take_long;
mod doctor;
mod health;
mod keypair;
mod keystone;
mod listeners;
mod manual;
mod migrate;
mod reload;
mod secrets;
mod stop;
mod tls;
mod traces;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The program in a directory of its own, with nothing of this process's environment.
fn keypaird(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keypaird"));
    command.current_dir(directory).env_clear().args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    keypaird(directory, arguments).output().unwrap()
}

const DEFAULT_LEVEL: &str = "info,actix_server=warn,actix_http=off";

#[test]
fn every_command_has_a_help_text_that_tells_its_options() {
    let directory = TempDir::new().unwrap();
    let cases: [(&[&str], &[&str]); 11] = [
        (&["--help"], &["serve", "config", "master-key", "Examples:", "Exit status:", "KEYPAIRD_CONFIG"]),
        (&["serve", "--help"], &["--listen", "--data-dir", "--config", "--set", "SIGTERM", "Examples:"]),
        (&["migrate", "--help"], &["Back it up", "master keys", "KEYPAIRD__DATABASE__URL"]),
        (&["health", "--help"], &["--url", "admin.listen", "degraded"]),
        (&["config", "--help"], &["show", "reference"]),
        (&["config", "show", "--help"], &["toml", "json", "table", "masked"]),
        (&["master-key", "create", "--help"], &["0600", "<FILE>"]),
        (&["master-key", "add", "--help"], &["--name", "--file", "set-primary"]),
        (&["master-key", "list", "--help"], &["ROWS", "missing", "--output"]),
        (&["master-key", "set-primary", "--help"], &["<NAME> <VERSION>", "within seconds"]),
        (&["master-key", "retire", "--help"], &["--missing", "rewrap", "backup"]),
    ];
    for (arguments, words) in cases {
        let output = run(directory.path(), arguments);
        assert!(output.status.success(), "{arguments:?}");
        for word in words {
            assert!(text(&output.stdout).contains(word), "{arguments:?} must tell {word}");
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    let output = run(TempDir::new().unwrap().path(), &["--version"]);
    assert_eq!(text(&output.stdout), format!("keypaird {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn config_show_tells_values_and_origins_in_each_form() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("config")).unwrap();
    fs::write(directory.path().join("config/keypaird.toml"), "region = \"R1\"\n").unwrap();
    let show = |form: &str| {
        let output = keypaird(directory.path(), &["config", "show", "--output", form, "--set", "log.level=debug"])
            .env("KEYPAIRD__DATABASE__URL", "postgres://keypaird:hunter2@db/keypaird")
            .env("KEYPAIRD__VAULT__MASTER_KEY_FILE", "master.key")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(!text(&output.stdout).contains("hunter2"));
        text(&output.stdout)
    };
    let url = "postgres://keypaird:***@db/keypaird";

    let toml = show("toml");
    assert!(toml.starts_with("region = \"R1\"  # config/keypaird.toml\n"), "{toml}");
    assert!(toml.contains(&format!("\nurl = \"{url}\"  # KEYPAIRD__DATABASE__URL\n")), "{toml}");
    assert!(toml.contains("level = \"debug\"  # --set log.level\n"), "{toml}");
    assert!(toml.contains("listen = \"127.0.0.1:8774\"  # default\n"), "{toml}");

    let json: Value = serde_json::from_str(&show("json")).unwrap();
    assert_eq!(json["database.url"]["value"], url);
    assert_eq!(json["keypair.limit"]["value"], 100);
    assert_eq!(json["region"]["origin"], "config/keypaird.toml");

    let table = show("table");
    let row = table.lines().find(|line| line.starts_with("database.url ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["database.url", url, "KEYPAIRD__DATABASE__URL"]);
}

#[test]
fn what_config_show_prints_can_be_used_as_a_file() {
    let directory = TempDir::new().unwrap();
    let list = "http.trusted_proxies=192.0.2.1,2001:db8::/64";
    let shown = run(directory.path(), &["config", "show", "--set", "keypair.limit=3", "--set", list]);
    fs::write(directory.path().join("saved.toml"), shown.stdout).unwrap();
    let again = run(directory.path(), &["config", "show", "--config", "saved.toml", "--output", "json"]);
    let json: Value = serde_json::from_str(&text(&again.stdout)).unwrap();
    assert_eq!((&json["keypair.limit"]["value"], &json["keypair.limit"]["origin"]), (&3.into(), &"saved.toml".into()));
    assert_eq!(json["http.trusted_proxies"]["value"], serde_json::json!(["192.0.2.1", "2001:db8::/64"]));
}

#[test]
fn flags_before_and_behind_a_commands_name_add_up() {
    let directory = TempDir::new().unwrap();
    for (file, region) in [("first.toml", "R1"), ("second.toml", "R2")] {
        let content = format!("region = \"{region}\"\n[keypair]\nlimit = 7\n");
        fs::write(directory.path().join(file), content).unwrap();
    }
    let cases = [
        ("--set log.level=warn config --set region=R3 show --set keypair.limit=8", "", ["warn", "R3", "8"]),
        ("--config first.toml config show --config second.toml", "", [DEFAULT_LEVEL, "R2", "7"]),
        ("config --set region=R3 show", "first.toml", [DEFAULT_LEVEL, "R3", "7"]),
        ("--config second.toml config show", "first.toml", [DEFAULT_LEVEL, "R2", "7"]),
        ("--set region=R3 config show --set region=R4", "", [DEFAULT_LEVEL, "R4", "100"]),
    ];
    for (arguments, variable, expected) in cases {
        let mut command = keypaird(directory.path(), &arguments.split_whitespace().collect::<Vec<_>>());
        let variable = Some(("KEYPAIRD_CONFIG", variable)).filter(|(_, file)| !file.is_empty());
        let output = command.args(["--output", "json"]).envs(variable).output().unwrap();
        let shown: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        let values = ["log.level", "region", "keypair.limit"].map(|key| match &shown[key]["value"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        assert_eq!(values, expected, "{arguments}");
    }
}

#[test]
fn wrong_settings_end_serve_with_status_2_before_anything_is_made() {
    let listn = "KEYPAIRD__HTTP__LISTN";
    let cases = [
        ("--set http.listn=127.0.0.1:1", "", "there is no setting 'http.listn' (--set http.listn)"),
        ("", listn, "(KEYPAIRD__HTTP__LISTN); did you mean 'KEYPAIRD__HTTP__LISTEN'?"),
        ("--listen 8774", "", "the setting 'http.listen' (--listen) cannot be used"),
        ("--listen 0.0.0.0:0", "", "http.allow_plain_http = true"),
        ("--config missing.toml", "", "missing.toml cannot be read as settings: No such file"),
        ("--set region", "", "'--set region' is not of the form section.key=value"),
    ];
    for (arguments, variable, said) in cases {
        let directory = TempDir::new().unwrap();
        let mut command = keypaird(directory.path(), &["serve"]);
        let variables = Some((variable, "x")).filter(|(name, _)| !name.is_empty());
        let output = command.args(arguments.split_whitespace()).envs(variables).output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("keypaird: ") && stderr.contains(said), "{stderr}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
    }
}

#[test]
fn a_port_that_is_taken_ends_serve_with_status_1() {
    let directory = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(directory.path(), &["serve", "--listen", &address, "--set", "admin.listen=127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.lines().any(|line| line.starts_with("keypaird: ") && line.contains(&address)), "{stderr}");
}

#[test]
fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    let directory = TempDir::new().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = keypaird(directory.path(), &["serve", "--set", "vault.master_key_file=master.key"])
        .env("KEYPAIRD__DATABASE__URL", format!("postgres://keypaird:hunter2@{free}/keypaird"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    let told = format!("keypaird: cannot open the database postgres://keypaird:***@{free}/keypaird: ");
    assert!(stderr.starts_with(&told) && stderr.contains("database.url"), "{stderr}");
}

#[test]
fn a_master_key_file_that_is_not_the_databases_own_ends_serve_and_it_says_what_to_do() {
    let directory = TempDir::new().unwrap();
    let key = directory.path().join("data/master.key");
    let data = ["--data-dir", directory.path().join("data").to_str().unwrap()].map(str::to_owned);
    let data = data.each_ref().map(String::as_str);
    assert_eq!(Service::start(&data).stop().0, Some(0));
    let own = fs::read_to_string(&key).unwrap();
    let refused = |said: &str| {
        let output = run(directory.path(), &["serve", "--listen", "127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with("keypaird: ") && stderr.contains(said), "{stderr}");
    };

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused("has mode 0644: run `chmod 600 data/master.key`");
    fs::remove_file(&key).unwrap();
    refused("data/master.key is missing");
    assert!(run(directory.path(), &["master-key", "create", "data/master.key"]).status.success());
    refused("restore the right file");
    fs::write(&key, &own).unwrap();
    assert_eq!(Service::start(&data).stop().0, Some(0), "with its own key it starts");
}

#[test]
fn a_master_key_file_is_made_once() {
    let directory = TempDir::new().unwrap();
    let create = || run(directory.path(), &["master-key", "create", "master.key"]);
    assert!(create().status.success());
    let made = fs::read(directory.path().join("master.key")).unwrap();
    assert_eq!(create().status.code(), Some(1), "it is not made a second time");
    assert_eq!(fs::read(directory.path().join("master.key")).unwrap(), made);
}

/// A running service; killed if the test fails.
struct Service {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    /// The line that tells where it listens.
    started: Value,
    directory: TempDir,
}

impl Service {
    fn start(settings: &[&str]) -> Self {
        Self::start_among(&[], settings)
    }

    /// With variables in its environment.
    fn start_among(variables: &[(&str, &str)], settings: &[&str]) -> Self {
        let service = Self::spawn_among(variables, settings);
        // Bound ports come before running servers; from the first answer on, signals are heeded too.
        while service.ask("health", "GET /health/startup").0 != 200 {
            std::thread::sleep(Duration::from_millis(10));
        }
        service
    }

    /// The same, as soon as its ports are bound.
    fn spawn(settings: &[&str]) -> Self {
        Self::spawn_among(&[], settings)
    }

    fn spawn_among(variables: &[(&str, &str)], settings: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let mut command = keypaird(directory.path(), &["serve", "--listen", "127.0.0.1:0"]);
        command.args(["--set", "admin.listen=127.0.0.1:0", "--set", "log.format=json"]);
        // No balancer is told that it stops.
        command.args(["--set", "http.drain_seconds=0"]).args(settings);
        let mut child = command.envs(variables.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut service = Self { child, log, started: Value::Null, directory };
        let mut told = String::new();
        while service.started.is_null() {
            let mut line = String::new();
            assert_ne!(service.log.read_line(&mut line).unwrap(), 0, "the service ended: {told}");
            told.push_str(&line);
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"].as_str().is_some_and(|message| message.contains("serves the API at")) {
                service.started = entry;
            }
        }
        service
    }

    /// The next line of the log with these words.
    fn logged(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "the service ended");
            let entry: Value = serde_json::from_str(&line).unwrap();
            if let Some(message) = entry["message"].as_str().filter(|message| message.contains(words)) {
                return message.to_owned();
            }
        }
    }

    /// The status, headers and body of one answer.
    fn ask(&self, listener: &str, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.started[listener].as_str().unwrap()).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    /// Ends it as an operator would; what it logged until then.
    fn stop(self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        self.wait()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its exit status once it has ended, and what it logged until then.
    fn wait(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Logs in as a user that there is not; the status.
#[cfg(target_os = "linux")]
fn fail_to_log_in(address: &str, name: usize) -> String {
    let body = format!(
        r#"{{"auth":{{"identity":{{"methods":["password"],"password":{{"user":{{"id":"nobody-{name}","password":"x"}}}}}}}}}}"#
    );
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length:";
    write!(stream, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn a_flood_of_logins_does_not_stay_in_memory() {
    const AT_ONCE: usize = 8;
    let service = Service::start(&[]);
    let kilobytes = || -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", service.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let (before, address) = (kilobytes(), service.started["api"].as_str().unwrap());
    std::thread::scope(|scope| {
        for client in 0..AT_ONCE {
            scope.spawn(move || {
                for login in 0..10 {
                    assert_eq!(fail_to_log_in(address, client * 10 + login), "401");
                }
            });
        }
    });
    let grown = kilobytes() - before;
    // 19 MiB for each that can run at once, and as much again for all else; it was 80 times 19 MiB.
    assert!(grown < AT_ONCE * 2 * 19 * 1024, "{grown} kB");
}

#[test]
fn two_that_start_at_once_in_one_directory_share_its_master_key() {
    for _ in 0..3 {
        let directory = TempDir::new().unwrap();
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"];
        let start = || keypaird(directory.path(), &arguments).stderr(Stdio::piped()).spawn().unwrap();
        let outcomes = [start(), start()].map(|mut child| {
            let mut told = String::new();
            let serves = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap).any(|line| {
                told.push_str(&line);
                line.contains("serves the API at")
            });
            child.kill().and_then(|()| child.wait()).unwrap();
            (serves, told)
        });
        assert!(outcomes.iter().all(|(serves, _)| *serves), "{outcomes:?}");
    }
}

#[test]
fn a_signal_ends_the_service_in_the_middle_of_a_key_that_is_made_beforehand() {
    for algorithm in ["rsa-2048", "rsa-4096"] {
        let service = Service::start(&["--set", &format!("keypair.algorithm={algorithm}")]);
        let since = Instant::now();
        let (code, log) = service.stop();
        assert_eq!(code, Some(0), "{log}");
        assert!(since.elapsed() < Duration::from_secs(10), "it waited for {algorithm}");
    }
}

#[test]
fn health_is_on_the_second_listener_alone() {
    let service = Service::start(&[]);
    let checks = r#"{"database":"ok","schema":"ok","master_keys":"ok","kms":"unused","keystone":"unused"}"#;
    let ready = format!(r#"{{"status":"ready","checks":{checks}}}"#);
    for (path, told) in [("live", r#"{"status":"live"}"#), ("ready", &ready), ("startup", r#"{"status":"started"}"#)] {
        let (code, head, body) = service.ask("health", &format!("GET /health/{path}"));
        assert_eq!((code, body.as_str()), (200, told));
        assert!(head.contains("content-type: application/json") && head.contains("cache-control: no-store"), "{head}");
        assert_eq!(service.ask("health", &format!("HEAD /health/{path}")).0, 200);
        let (code, head, body) = service.ask("health", &format!("POST /health/{path}"));
        assert_eq!((code, body.as_str()), (405, r#"{"error":"use GET or HEAD"}"#));
        assert!(head.contains("allow: get, head"), "{head}");
        assert_ne!(service.ask("api", &format!("GET /health/{path}")).0, 200);
    }
    let (code, _, body) = service.ask("health", "GET /");
    assert_eq!(code, 404);
    assert!(serde_json::from_str::<Value>(&body).unwrap()["error"].as_str().unwrap().starts_with("not found"));
}

#[test]
fn each_request_is_one_line_without_what_the_caller_sent() {
    let service = Service::start(&[]);
    service.ask("api", "GET /v2.1/os-keypairs/name-of-mine?marker=secret-marker");
    let (_, log) = service.stop();
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let requests: Vec<Value> = entries.filter(|entry| !entry["status"].is_null()).collect();
    assert_eq!(requests.len(), 1, "a health check that passes is logged at debug only: {log}");
    let [request] = requests.as_slice() else { unreachable!() };
    assert_eq!(request["status"], 401);
    assert_eq!(request["dialect"], "nova");
    assert!(request["latency_ms"].is_u64());
    assert_eq!(request["spans"][0]["method"], "GET");
    assert_eq!(request["spans"][0]["client"], "127.0.0.1");
    assert_eq!(request["spans"][0]["request_id"].as_str().unwrap().len(), 36);
    assert!(request["message"].as_str().unwrap().starts_with("GET /v2.1/os-keypairs/{"), "{request}");
    assert!(!log.contains("name-of-mine") && !log.contains("secret-marker"), "{log}");
}

#[test]
fn the_log_names_the_client_that_a_trusted_proxy_names_and_nobody_else_does() {
    for (trusted, expected) in [("127.0.0.1", "192.0.2.1"), ("192.0.2.99", "127.0.0.1")] {
        let service = Service::start(&["--set", &format!("http.trusted_proxies={trusted}")]);
        service.ask("api", "GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9, 192.0.2.1\r\nX-Ignored:");
        let (_, log) = service.stop();
        let mut entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let request = entries.find(|entry| !entry["status"].is_null()).unwrap();
        assert_eq!(request["spans"][0]["client"], expected, "{trusted}");
    }
}

#[test]
fn sigterm_ends_the_service_with_status_0() {
    let (code, log) = Service::start(&[]).stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_service_leaves_no_core_dump() {
    let service = Service::start(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
}
