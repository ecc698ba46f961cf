//! How the service ends: whom it still answers, and how long that takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::Service;

const LIST: &str = "GET /v2.1/os-keypairs";
/// More than any of these stops takes, on a busy machine; less than any wait that it must not come to.
const AT_ONCE: Duration = Duration::from_secs(15);

/// A client that keeps its connection as long as the service does, or takes a new one each time.
struct Client<'s> {
    address: &'s str,
    token: &'s str,
    keeps: Keeps,
    connection: Option<BufReader<TcpStream>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Keeps {
    Connection,
    Nothing,
}

impl<'s> Client<'s> {
    fn new(address: &'s str, token: &'s str, keeps: Keeps) -> Self {
        Self { address, token, keeps, connection: None }
    }

    /// The status of one answer.
    fn ask(&mut self) -> std::io::Result<String> {
        let mut connection = match self.connection.take() {
            Some(kept) => kept,
            None => BufReader::new(TcpStream::connect(self.address)?),
        };
        connection.get_ref().set_read_timeout(Some(AT_ONCE))?;
        let head = format!("{LIST} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {}\r\n\r\n", self.token);
        connection.get_mut().write_all(head.as_bytes())?;
        let (mut status, mut length, mut closes) = (String::new(), 0, false);
        connection.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            connection.read_line(&mut line)?;
            let line = line.trim_end().to_lowercase();
            match line.split_once(": ") {
                Some(("content-length", bytes)) => length = bytes.parse().unwrap(),
                Some(("connection", kept)) => closes = kept == "close",
                Some(_) => {}
                None => break,
            }
        }
        connection.read_exact(&mut vec![0; length])?;
        self.connection = Some(connection).filter(|_| !closes && self.keeps == Keeps::Connection);
        Ok(status.get(9..12).unwrap_or("no answer").to_owned())
    }
}

/// Logs in as the first start's user.
pub(super) fn token(service: &Service) -> String {
    let openrc = std::fs::read_to_string(service.directory.path().join("data/openrc")).unwrap();
    let variable = |name: &str| {
        let line = openrc.lines().find_map(|line| line.strip_prefix(&format!("export {name}="))).unwrap();
        line.trim_matches(['\'', '"']).to_owned()
    };
    let (user, password, project) = (variable("OS_USERNAME"), variable("OS_PASSWORD"), variable("OS_PROJECT_NAME"));
    let body = serde_json::json!({ "auth": {
        "identity": { "methods": ["password"], "password": {
            "user": { "name": user, "password": password, "domain": { "id": "default" } } } },
        "scope": { "project": { "name": project, "domain": { "id": "default" } } },
    }});
    let mut stream = TcpStream::connect(service.started["api"].as_str().unwrap()).unwrap();
    stream.write_all(login(&body.to_string()).as_bytes()).unwrap();
    let answer = read_all(stream);
    let token = answer.lines().find_map(|line| line.strip_prefix("x-subject-token: "));
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn login(body: &str) -> String {
    let head = "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn read_all(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The word of `/health/ready`, which must fit the status; none where nobody listens.
fn readiness(service: &Service) -> Option<String> {
    let address = service.started["health"].as_str().unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = serde_json::from_str::<Value>(body).unwrap()["status"].as_str().unwrap().to_owned();
    assert_eq!(head.starts_with("HTTP/1.1 200"), status == "ready", "{answer}");
    Some(status)
}

fn until_stopping(service: &Service) {
    let since = Instant::now();
    while readiness(service).as_deref() != Some("stopping") {
        assert!(since.elapsed() < AT_ONCE, "it does not tell that it stops");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn f04_sigterm_under_load_fails_no_request_of_clients_that_follow_readiness() {
    let drain = Duration::from_secs(2);
    // Nobody reads the log meanwhile, and a pipe that is full holds up who writes.
    let service = Service::start(&["--set", "http.drain_seconds=2", "--set", "log.level=info,keypaird::http=warn"]);
    let token = token(&service);
    let (ready, answered) = (AtomicBool::new(true), AtomicUsize::new(0));
    let mut stopped = Instant::now();
    scope(|threads| {
        for client in 0..6 {
            let keeps = if client % 2 == 0 { Keeps::Connection } else { Keeps::Nothing };
            let mut client = Client::new(service.started["api"].as_str().unwrap(), &token, keeps);
            let (ready, answered) = (&ready, &answered);
            threads.spawn(move || {
                while ready.load(Ordering::Acquire) {
                    assert_eq!(client.ask().expect("is answered"), "200");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        threads.spawn(|| {
            while readiness(&service).as_deref() == Some("ready") {
                sleep(Duration::from_millis(100));
            }
            ready.store(false, Ordering::Release);
        });
        sleep(Duration::from_secs(1));
        service.signal(Signal::TERM);
        stopped = Instant::now();
    });
    assert!(answered.load(Ordering::Relaxed) > 100, "{answered:?} requests are no load");
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
    let took = stopped.elapsed();
    assert!(took >= drain && took < drain + AT_ONCE, "{took:?}");
}

#[test]
fn while_it_drains_both_listeners_answer_and_connections_end_with_their_answer() {
    let service = Service::start(&["--set", "http.drain_seconds=3"]);
    let (_, head, _) = service.ask("api", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /");
    assert!(!head.contains("connection: close"), "{head}");
    service.signal(Signal::TERM);
    until_stopping(&service);
    for path in ["live", "startup"] {
        assert_eq!(service.ask("health", &format!("GET /health/{path}")).0, 200, "{path}");
    }
    let (code, head, _) = service.ask("api", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /");
    assert_eq!(code, 200);
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(service.wait().0, Some(0));
}

/// Its body comes in two halves; sends the first.
fn begin_login(service: &Service) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(service.started["api"].as_str().unwrap()).unwrap();
    let request = login(
        r#"{"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "x", "password": "x"}}}}}"#,
    );
    let (first, second) = request.split_at(request.len() - 20);
    stream.write_all(first.as_bytes()).unwrap();
    // Until the service has read it: a connection that nobody has taken yet ends with the listener.
    sleep(Duration::from_millis(300));
    (stream, second.to_owned())
}

#[test]
fn a_request_under_way_is_answered_while_no_new_one_is_taken() {
    let service = Service::start(&[]);
    let (mut stream, rest) = begin_login(&service);
    service.signal(Signal::TERM);
    let since = Instant::now();
    while TcpStream::connect(service.started["api"].as_str().unwrap()).is_ok() {
        assert!(since.elapsed() < AT_ONCE, "it still takes connections");
        sleep(Duration::from_millis(20));
    }
    stream.write_all(rest.as_bytes()).unwrap();
    let answer = read_all(stream);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
}

#[test]
fn whoever_asks_again_waits_no_longer() {
    let drains = ["--set", "http.drain_seconds=60"];
    for again in [Signal::TERM, Signal::INT] {
        let service = Service::start(&drains);
        service.signal(Signal::TERM);
        until_stopping(&service);
        let since = Instant::now();
        service.signal(again);
        assert_eq!(service.wait().0, Some(0));
        assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    }
    let service = Service::start(&[]);
    let (_stream, _rest) = begin_login(&service);
    service.signal(Signal::TERM);
    sleep(Duration::from_millis(500));
    let since = Instant::now();
    service.signal(Signal::TERM);
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("requests under way are broken off"), "{log}");
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
}

#[test]
fn somebody_at_a_terminal_does_not_wait() {
    let service = Service::start(&["--set", "http.drain_seconds=60"]);
    let since = Instant::now();
    service.signal(Signal::INT);
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
}
