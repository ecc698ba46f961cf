//! HTTP/2: what all dialects answer, how a connection ends, and what an attacker gets.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request, StatusCode};
use openssl::ssl::{SslConnectorBuilder, SslStream};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_openssl::SslStream as AsyncSslStream;

use super::{PATIENCE, Scene, ask};
use crate::Service;

const H2: &[u8] = b"\x02h2";

fn speaks_h2(builder: &mut SslConnectorBuilder) {
    builder.set_alpn_protos(H2).unwrap();
}

/// A client, and its connection, which ends with it.
async fn converse(scene: &Scene) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let stream = tokio::net::TcpStream::connect(scene.address()).await.unwrap();
    let ssl = scene.client(speaks_h2).configure().unwrap().into_ssl("127.0.0.1").unwrap();
    let mut stream = AsyncSslStream::new(ssl, stream).unwrap();
    Pin::new(&mut stream).connect().await.unwrap();
    assert_eq!(stream.ssl().selected_alpn_protocol(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

async fn send(
    client: &SendRequest<Bytes>,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Result<Answer, h2::Error> {
    let mut request = Request::builder().method(method).uri(format!("https://keys.example.org{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let mut client = timeout(PATIENCE, client.clone().ready()).await.unwrap()?;
    let (answer, mut sending) = client.send_request(request.body(()).unwrap(), body.is_empty())?;
    if !body.is_empty() {
        sending.send_data(body, true)?;
    }
    let (head, mut incoming) = timeout(PATIENCE, answer).await.unwrap()?.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = timeout(PATIENCE, incoming.data()).await.unwrap() {
        let piece = piece?;
        incoming.flow_control().release_capacity(piece.len())?;
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status: head.status, headers: head.headers, body: String::from_utf8(body).unwrap() })
}

/// A token of the first start's user.
async fn token(scene: &Scene, client: &SendRequest<Bytes>) -> String {
    let openrc = fs::read_to_string(scene.service.directory.path().join("data/openrc")).unwrap();
    let variable = |name: &str| {
        let line = openrc.lines().find_map(|line| line.strip_prefix(&format!("export {name}="))).unwrap();
        line.trim_matches(['\'', '"']).to_owned()
    };
    assert!(variable("OS_AUTH_URL").starts_with("https://127.0.0.1:"));
    let domain = json!({ "id": "default" });
    let user = json!({ "name": variable("OS_USERNAME"), "password": variable("OS_PASSWORD"), "domain": domain });
    let login = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": user } },
        "scope": { "project": { "name": variable("OS_PROJECT_NAME"), "domain": domain } },
    }});
    let headers = [("content-type", "application/json")];
    let answer = send(client, Method::POST, "/identity/v3/auth/tokens", &headers, login).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.headers["x-subject-token"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_dialect_answers_over_http_2() {
    let scene = Scene::set(&[]);
    let (client, _connection) = converse(&scene).await;
    let token = token(&scene, &client).await;
    let own = [("x-auth-token", token.as_str()), ("content-type", "application/json")];
    let new = json!({ "keypair": { "name": "mine", "algorithm": "ed25519" } });
    let made = send(&client, Method::POST, "/v2.1/os-keypairs", &own, new).await.unwrap();
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("PRIVATE KEY"), "{}", made.body);
    for (path, word) in [
        ("/v2.1/os-keypairs/mine", "\"mine\""),
        ("/", "https://keys.example.org/v2.1/"),
        ("/identity/v3", "https://keys.example.org/identity/v3"),
        ("/v3/0123456789abcdef0123456789abcdef/keypairs", "error_code"),
        ("/?Action=DescribeKeyPairs&Version=2014-05-26&Format=JSON", "\"HostId\":\"keys.example.org\""),
    ] {
        let answer = send(&client, Method::GET, path, &own[..1], Value::Null).await.unwrap();
        assert!(answer.body.contains(word), "{path}: {} {}", answer.status, answer.body);
        assert_eq!(answer.headers["content-length"].to_str().unwrap(), answer.body.len().to_string());
        assert!(answer.headers.contains_key("date") && !answer.headers.contains_key("connection"));
    }
    let gone = send(&client, Method::DELETE, "/v2.1/os-keypairs/mine", &own[..1], Value::Null).await.unwrap();
    assert_eq!((gone.status.as_u16(), gone.body.as_str()), (202, ""));
    let head = send(&client, Method::HEAD, "/v2.1/os-keypairs/mine", &own[..1], Value::Null).await.unwrap();
    assert!(head.body.is_empty());
    let long = json!({ "keypair": { "name": "x".repeat(200_000) } });
    let answer = send(&client, Method::POST, "/v2.1/os-keypairs", &own, long).await;
    // The answer to a body that is not read to its end may go before the stream is reset.
    assert!(answer.is_ok_and(|it| it.status == 413), "a body over the limit");
    assert_eq!(send(&client, Method::GET, "/", &[], Value::Null).await.unwrap().status, 200, "the connection goes on");
}

#[tokio::test]
async fn f04_at_sigterm_http_2_clients_are_told_to_go_and_nothing_that_they_asked_fails() {
    let scene = Scene::set(&["--set", "http.drain_seconds=1"]);
    let since = Instant::now();
    let (idle, idle_connection) = converse(&scene).await;
    send(&idle, Method::GET, "/", &[], Value::Null).await.unwrap();
    let (client, connection) = converse(&scene).await;
    send(&client, Method::GET, "/", &[], Value::Null).await.unwrap();
    scene.service.signal(Signal::TERM);
    // Answered as ever, until the connection says that it takes no more.
    let mut answered = 0;
    while let Ok(answer) = send(&client, Method::GET, "/", &[], Value::Null).await {
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("connection"));
        answered += 1;
        assert!(since.elapsed() < PATIENCE, "{answered} answers, and no end");
    }
    assert!(answered > 0);
    // It ended in peace: a connection that breaks off is an error here.
    timeout(PATIENCE, connection).await.unwrap().unwrap().expect("GOAWAY without an error");
    timeout(PATIENCE, idle_connection).await.unwrap().unwrap().expect("GOAWAY without an error");
    drop(idle);
    let (code, log) = scene.service.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(since.elapsed().as_secs() < 25, "a connection that is kept held up the stop");
}

/// Whoever writes frames by hand. What the service says is thrown away.
struct Attacker {
    stream: SslStream<TcpStream>,
    sent: usize,
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET https /` by HPACK's static table, and `:authority: x` in a literal.
const GET: &[u8] = b"\x82\x87\x84\x41\x01x";

impl Attacker {
    fn connect(scene: &Scene) -> Self {
        let mut stream = scene.connect(&scene.client(speaks_h2)).unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
        Self { stream, sent: 0 }
    }

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// Whether it is still listened to.
    fn send(&mut self, frames: &[u8]) -> bool {
        let sent = self.stream.write_all(frames).is_ok();
        self.sent += frames.len();
        sent
    }

    /// The reasons of the GOAWAY frames that came before the end.
    fn goodbyes(mut self) -> Vec<u32> {
        let mut said = Vec::new();
        let _ = self.stream.read_to_end(&mut said);
        let mut reasons = Vec::new();
        let mut rest = &said[..];
        while rest.len() >= 9 {
            let length = usize::from(rest[0]) << 16 | usize::from(rest[1]) << 8 | usize::from(rest[2]);
            let frame = &rest[9..(9 + length).min(rest.len())];
            if rest[3] == 7 && frame.len() >= 8 {
                reasons.push(u32::from_be_bytes(frame[4..8].try_into().unwrap()));
            }
            rest = &rest[(9 + length).min(rest.len())..];
        }
        reasons
    }
}

fn kilobytes(service: &Service) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", service.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What an attack may leave in memory, in kB: buffers of some connections, and nothing that grows with what is sent.
const ROOM: usize = 24 * 1024;

fn assert_unharmed(scene: &Scene, before: usize) {
    let (head, _) = ask(&mut scene.connect(&scene.client(|_| {})).unwrap(), "GET /").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let after = kilobytes(&scene.service);
    assert!(after < before + ROOM, "{before} kB before, {after} kB after");
}

#[test]
fn f33_requests_that_are_taken_back_at_once_end_the_connection() {
    let scene = Scene::set(&[]);
    assert_unharmed(&scene, usize::MAX / 2);
    let before = kilobytes(&scene.service);
    for batch in [1, 50] {
        let mut attacker = Attacker::connect(&scene);
        let mut stream = 1;
        // Ten thousand of them, in pieces of this many.
        while stream < 20_000 {
            let mut frames = Vec::new();
            for _ in 0..batch {
                frames.extend(Attacker::frame(HEADERS, END_HEADERS | END_STREAM, stream, GET));
                frames.extend(Attacker::frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
                stream += 2;
            }
            if !attacker.send(&frames) {
                break;
            }
        }
        let goodbyes = attacker.goodbyes();
        assert!(stream < 20_000 || goodbyes.contains(&11), "{batch} at once: listened to all, and said {goodbyes:?}");
        assert_unharmed(&scene, before);
    }
}

#[test]
fn f33_a_header_without_end_is_refused_early() {
    let scene = Scene::set(&[]);
    assert_unharmed(&scene, usize::MAX / 2);
    let before = kilobytes(&scene.service);
    for _ in 0..10 {
        let mut attacker = Attacker::connect(&scene);
        assert!(attacker.send(&Attacker::frame(HEADERS, END_STREAM, 1, GET)));
        // Literals that are not to be remembered: "a: " and 16,000 letters, 1,000 times.
        let mut line = b"\x00\x01a\x7f\x81\x7c".to_vec();
        line.extend(std::iter::repeat_n(b'x', 127 + 1 + (0x7c << 7)));
        let piece = Attacker::frame(CONTINUATION, 0, 1, &line);
        while attacker.sent < 1000 * piece.len() && attacker.send(&piece) {}
        let sent = attacker.sent;
        let goodbyes = attacker.goodbyes();
        assert!(sent < 1000 * piece.len() || !goodbyes.is_empty(), "it was listened to for {sent} bytes");
    }
    assert_unharmed(&scene, before);
}

#[tokio::test]
async fn f33_a_connection_has_a_hundred_requests_at_a_time_and_a_header_of_64_kilobytes() {
    let scene = Scene::set(&[]);
    let (client, connection) = converse(&scene).await;
    let mut told = vec![0; 9];
    let mut raw = Attacker::connect(&scene).stream;
    raw.read_exact(&mut told).unwrap();
    assert_eq!(told[3], SETTINGS);
    let mut settings = vec![0; usize::from(told[2])];
    raw.read_exact(&mut settings).unwrap();
    for (id, value) in [(3, 100), (6, 65_536_u32)] {
        let setting = [&[0, id][..], &value.to_be_bytes()].concat();
        assert!(settings.chunks(6).any(|told| told == setting), "{id} is not {value} in {settings:?}");
    }
    let long = "x".repeat(30_000);
    let taken = send(&client, Method::GET, "/", &[("a", &long), ("b", &long)], Value::Null).await.unwrap();
    assert_eq!(taken.status, 200);
    let refused = send(&client, Method::GET, "/", &[("a", &long), ("b", &long), ("c", &long)], Value::Null).await;
    assert!(refused.map_or(true, |answer| answer.status == 431), "a header of 90 kB was taken");
    connection.abort();
}
