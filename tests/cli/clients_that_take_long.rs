//! Clients that are slow, idle or endless, against the program: F32, and what HTTP/1 has of F33. `tests/long/slow-clients` is
//! the same with thousands.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::Service;
use super::stop::token;

/// Longer than any of the timeouts that are set here, on a busy machine. What a client does at once must not take as long as a
/// head may.
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT: [&str; 8] = [
    "--set",
    "http.head_timeout_seconds=5",
    "--set",
    "http.body_timeout_seconds=1",
    "--set",
    "http.idle_timeout_seconds=1",
    "--set",
    "http.answer_timeout_seconds=1",
];
const WHOLE: &str = "GET /v2.1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HALF_A_HEAD: &str = "GET /v2.1 HTTP/1.1\r\nHost: loc";

impl Service {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.started["api"].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn kilobytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// How many connections to the API the service has open.
    fn connections(&self) -> usize {
        let port: u16 = self.started["api"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let (here, established) = (format!(":{port:04X}"), "01");
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let columns = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        columns.filter(|line| line[1].ends_with(&here) && line[3] == established).count()
    }

    fn until_nobody_is_connected(&self) {
        self.until_connected_are(0);
    }

    /// Those that come and go count too.
    fn until_connected_are(&self, few: usize) {
        let since = Instant::now();
        while self.connections() > few {
            assert!(since.elapsed() < PATIENCE, "{} connections stay open", self.connections());
            sleep(Duration::from_millis(20));
        }
    }
}

/// What the service sends until it closes. A connection that it closes on something unread is reset, and loses the rest.
fn all_that_comes(mut stream: &TcpStream) -> String {
    let (mut came, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => came.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the connection stays open: {error}"),
        }
    }
    String::from_utf8_lossy(&came).into_owned()
}

/// Half a create: its head, and some of its body.
fn half_a_create(token: &str, framing: &str, some: &str) -> String {
    let head = "POST /v2.1/os-keypairs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
    format!("{head}\r\nX-Auth-Token: {token}\r\n{framing}\r\n\r\n{some}")
}

#[test]
fn f32_clients_that_do_not_finish_or_are_idle_are_closed_and_others_are_answered_meanwhile() {
    let service = Service::start(&[&SHORT[..], &["--set", "log.level=info,keypaird::http=warn"]].concat());
    let token = token(&service);
    let in_length = half_a_create(&token, "Content-Length: 1000", "{\"keypair\": ");
    let in_chunks = half_a_create(&token, "Transfer-Encoding: chunked", "a\r\n{\"keypair\"");
    let refused_unread = half_a_create("none", "Transfer-Encoding: chunked", "a\r\n{\"keypair\"");
    let at_once = format!("{WHOLE}{HALF_A_HEAD}");
    // What is sent, and the statuses that come before the connection is closed.
    let kinds: [(&str, &[&str]); 7] = [
        ("", &["408"]),
        (HALF_A_HEAD, &["408"]),
        (&at_once, &["200"]),
        (WHOLE, &["200"]),
        (&in_length, &["408"]),
        (&in_chunks, &["408"]),
        (&refused_unread, &["401"]),
    ];
    let (opened, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    scope(|threads| {
        let other = threads.spawn(|| {
            let mut answered = 0;
            while !done.load(Ordering::SeqCst) {
                let mut stream = service.connect();
                let head = "GET /v2.1/os-keypairs HTTP/1.1\r\nHost: localhost\r\nConnection: close";
                write!(stream, "{head}\r\nX-Auth-Token: {token}\r\n\r\n").unwrap();
                assert!(all_that_comes(&stream).starts_with("HTTP/1.1 200"));
                answered += 1;
            }
            answered
        });
        for (sent, statuses) in kinds {
            let (service, opened) = (&service, &opened);
            threads.spawn(move || {
                let begin = |_| {
                    let mut stream = service.connect();
                    stream.write_all(sent.as_bytes()).unwrap();
                    opened.fetch_add(1, Ordering::SeqCst);
                    stream
                };
                let streams: Vec<TcpStream> = (0..50).map(begin).collect();
                for stream in &streams {
                    let came = all_that_comes(stream);
                    let seen = came.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3));
                    assert_eq!(seen.collect::<Vec<_>>(), statuses, "{sent}");
                }
            });
        }
        // Also where the test fails, or the others would go on for ever.
        let ends = Ends(&done);
        while opened.load(Ordering::SeqCst) < 7 * 50 {
            sleep(Duration::from_millis(10));
        }
        service.until_connected_are(1);
        drop(ends);
        assert!(other.join().unwrap() > 0);
    });
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A byte now and then is no progress.
#[test]
fn f32_a_request_that_trickles_in_is_cut_off() {
    let service = Service::start(&SHORT);
    let token = token(&service);
    let endless_chunk = half_a_create(&token, "Transfer-Encoding: chunked", "ffff\r\n");
    let second = format!("{WHOLE}GET /");
    let refused_unread = half_a_create("none", "Transfer-Encoding: chunked", "ffffff\r\n");
    scope(|threads| {
        for begins in ["GET /", &second, &endless_chunk, &refused_unread] {
            let service = &service;
            threads.spawn(move || {
                let mut stream = service.connect();
                stream.write_all(begins.as_bytes()).unwrap();
                let since = Instant::now();
                // What is written to a closed connection fails, if not the first time.
                while stream.write_all(b"x").is_ok() {
                    assert!(since.elapsed() < PATIENCE, "it goes on: {begins}");
                    sleep(Duration::from_millis(100));
                }
            });
        }
    });
}

/// Requests are sent and no answer is taken until the connection's buffers are full. No other time ends it.
#[test]
fn f32_a_client_that_takes_no_answers_is_cut_off() {
    let times = ["head_timeout_seconds=600", "idle_timeout_seconds=600", "answer_timeout_seconds=1"];
    let settings = times.map(|time| format!("--set=http.{time}"));
    let mut settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    settings.push("--set=log.level=info,keypaird::http=warn");
    let service = Service::start(&settings);
    let mut stream = service.connect();
    stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let requests = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    let (mut at, since) = (0, Instant::now());
    // The service stops to read when it cannot write, and its client then cannot write either.
    loop {
        match stream.write(&requests.as_bytes()[at..]) {
            Ok(written) => at = (at + written) % requests.len(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        assert!(since.elapsed() < PATIENCE, "it stays connected");
    }
    service.until_nobody_is_connected();
}

#[test]
fn f32_connections_past_the_most_wait_until_there_is_room() {
    let processors = std::thread::available_parallelism().unwrap().get();
    let most = format!("http.max_connections={processors}");
    let service = Service::start(&["--set", &most, "--set", "http.idle_timeout_seconds=3"]);
    // Each thread of the service takes one.
    let mut idle = Vec::new();
    for _ in 0..processors {
        let mut stream = service.connect();
        stream.write_all(WHOLE.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        idle.push(stream);
    }
    let waiting = service.connect();
    (&waiting).write_all(WHOLE.as_bytes()).unwrap();
    // When the idle ones are closed it is its turn.
    let mut status = [0; 12];
    (&waiting).read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    let closed = idle.iter().filter(|stream| {
        stream.set_nonblocking(true).unwrap();
        all_that_has_come(stream).is_some()
    });
    assert!(closed.count() > 0, "it was served beside as many as there may be");
}

/// All that came, where the connection is closed.
fn all_that_has_come(mut stream: &TcpStream) -> Option<usize> {
    let (mut came, mut buffer) = (0, [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Some(came),
            Ok(read) => came += read,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Some(came),
            Err(_) => return None,
        }
    }
}

/// What the service may grow by, in kB: the buffers of a few connections.
const FLAT: usize = 48 << 10;

#[test]
fn f33_what_is_endless_is_refused_and_memory_stays_flat() {
    let service = Service::start(&[&SHORT[..], &["--set", "log.level=info,keypaird::http=warn"]].concat());
    let token = token(&service);
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    let line = format!("X-More: {}\r\n", "x".repeat(0x1_0000));
    let plain = "x".repeat(0x1_0000);
    // What it begins with, what is sent again and again, and how it is refused.
    let endless = [
        (half_a_create(&token, "Transfer-Encoding: chunked", ""), &chunk, "413"),
        (half_a_create("none", "Transfer-Encoding: chunked", ""), &chunk, "401"),
        (half_a_create(&token, "Content-Length: 1099511627776", ""), &plain, "413"),
        (half_a_create("none", "Content-Length: 1099511627776", ""), &plain, "413"),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), &chunk, "413"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n".to_owned(), &line, "431"),
        ("GET /".to_owned(), &plain, "431"),
    ];
    // Once, so that what is there from the first request on is there.
    for (begins, again, status) in &endless {
        refused(&service, begins, again, status);
    }
    let before = service.kilobytes();
    for _ in 0..5 {
        scope(|threads| {
            for (begins, again, status) in &endless {
                threads.spawn(|| refused(&service, begins, again, status));
            }
        });
    }
    service.until_nobody_is_connected();
    let grown = service.kilobytes().saturating_sub(before);
    assert!(grown < FLAT, "{grown} kB more than {before} kB");
}

fn refused(service: &Service, begins: &str, again: &str, status: &str) {
    let mut stream = service.connect();
    stream.write_all(begins.as_bytes()).unwrap();
    let since = Instant::now();
    while stream.write_all(again.as_bytes()).is_ok() {
        assert!(since.elapsed() < PATIENCE, "it is taken for ever: {begins}");
    }
    let came = all_that_comes(&stream);
    // A reset that comes before the answer is read takes it along.
    assert!(came.is_empty() || came.starts_with(&format!("HTTP/1.1 {status}")), "{came}");
}
