//! How large, how deep and how strange a request may be: S57.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::nova::{ED25519, fault, import, names};
use crate::support::{Answer, TestApp};

/// The paths of a create in each dialect.
fn creates(app: &TestApp) -> [String; 3] {
    ["/v2.1/os-keypairs".to_owned(), "/v2/os-keypairs".to_owned(), format!("/v2.1/{}/keypairs", app.demo.project_id)]
}

async fn post(app: &TestApp, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let headers = [("X-Auth-Token", app.demo.token.as_str()), ("Content-Type", "application/json")];
    app.send("POST", path, &headers, body).await
}

async fn is_empty(app: &TestApp) -> bool {
    let list = app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await.expect(200);
    names(&list).is_empty()
}

/// What comes back first for raw bytes; empty where the connection is closed.
async fn raw(address: SocketAddr, request: Vec<u8>) -> String {
    let exchange = move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The service may have answered and closed before it has all.
        let _ = connection.write_all(&request);
        let mut status = [0; 12];
        match connection.read(&mut status) {
            Ok(read) => String::from_utf8_lossy(&status[..read]).into_owned(),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("no answer in time, and the connection stays open: {error}"),
        }
    };
    actix_web::web::block(exchange).await.unwrap()
}

#[actix_web::test]
async fn s57_no_dialect_takes_a_body_over_112_kib() {
    let app = TestApp::spawn().await;
    let sized = |length: usize| {
        let body = import("big").to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    for path in creates(&app).iter().chain([&"/identity/v3/auth/tokens".to_owned(), &"/v3/auth/tokens".to_owned()]) {
        for length in [114_689, 200_000, 1_000_000] {
            post(&app, path, sized(length)).await.expect(413);
        }
        let chunk = [format!("{:x}\r\n", 60_000).into_bytes(), vec![b' '; 60_000], b"\r\n".to_vec()].concat();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            app.demo.token
        );
        let in_chunks = [head.into_bytes(), chunk.repeat(3), b"0\r\n\r\n".to_vec()].concat();
        assert_eq!(raw(app.address, in_chunks).await, "HTTP/1.1 413", "{path}");
    }
    assert!(is_empty(&app).await);
    for path in creates(&app) {
        post(&app, &path, sized(114_688)).await;
        app.nova(&app.demo, "2.1", "DELETE", "/os-keypairs/big", Value::Null).await.expect(202);
    }
}

/// A create with a MiB of blanks behind it, in a kilobyte: nothing is unpacked, so that nothing grows.
#[actix_web::test]
async fn f33_a_compressed_body_is_not_unpacked() {
    let app = TestApp::spawn().await;
    let packed = include_bytes!("unpacked.json.gz");
    let token = app.demo.token.as_str();
    let paths = ["/identity/v3/auth/tokens".to_owned(), format!("/v3/{}/keypairs", app.demo.project_id)];
    for path in creates(&app).iter().chain(&paths) {
        for encoding in ["gzip", "deflate, gzip", "br"] {
            let headers =
                [("X-Auth-Token", token), ("Content-Type", "application/json"), ("Content-Encoding", encoding)];
            app.send("POST", path, &headers, packed).await.expect(400);
        }
    }
    assert!(is_empty(&app).await);
}

#[actix_web::test]
async fn s57_headers_have_limits_and_the_service_lives_on() {
    let app = TestApp::spawn().await;
    let get = |more: &str| format!("GET /v2.1/os-keypairs HTTP/1.1\r\nHost: x\r\n{more}\r\n").into_bytes();
    let header = |number: usize, length: usize| format!("X-H{number}: {}\r\n", "v".repeat(length));
    let many = |count: usize, length: usize| (0..count).map(|number| header(number, length)).collect::<String>();
    for more in [many(1, 4_000), many(80, 10)] {
        assert_eq!(raw(app.address, get(&more)).await, "HTTP/1.1 401", "{} bytes of headers", more.len());
    }
    let long_path = format!("GET /v2.1/os-keypairs/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1_000_000));
    for request in [get(&many(1_000, 10)), get(&many(1, 1_000_000)), get(&many(50, 20_000)), long_path.into_bytes()] {
        // A connection that is closed while the client still sends may lose the answer.
        let status = raw(app.address, request).await;
        assert!(["HTTP/1.1 431", ""].contains(&status.as_str()), "{status}");
    }
    assert!(is_empty(&app).await);
}

#[actix_web::test]
async fn s57_a_request_that_two_servers_could_read_differently_is_refused() {
    let app = TestApp::spawn().await;
    let token = &app.demo.token;
    let post = |headers: &str, body: &str| {
        let head = format!("POST /v2.1/os-keypairs HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n{headers}\r\n");
        [head.as_bytes(), body.as_bytes()].concat()
    };
    let body = import("smuggled").to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = body.len();
    for headers in [
        format!("Content-Length: {length}\r\nContent-Length: {}\r\n", length + 1),
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        format!("Content-Length: +{length}\r\n"),
        format!("Content-Length: {length},{length}\r\n"),
        "Content-Length: -1\r\n".to_owned(),
    ] {
        for body in [&body, &chunked] {
            let status = raw(app.address, post(&headers, body)).await;
            assert_eq!(status, "HTTP/1.1 400", "{headers}");
        }
    }
    assert!(is_empty(&app).await);
}

#[actix_web::test]
async fn s57_json_that_is_too_deep_or_too_wide_is_refused() {
    let app = TestApp::spawn().await;
    let nested = |depth: usize| format!(r#"{{"keypair": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", r#"{"keypair":"#.repeat(depth), "}".repeat(depth));
    let wide: String = (0..9_000).map(|number| format!(r#""m{number}":1,"#)).collect();
    let wide = format!(r#"{{"keypair": {{{wide}"name": "k", "public_key": "{ED25519}"}}}}"#);
    assert!(wide.len() < 114_688);
    for path in creates(&app) {
        for body in [nested(129), nested(50_000), objects(5_000), wide.clone()] {
            let refused = post(&app, &path, body).await.expect(400);
            assert!(refused.text.len() < 1_000, "{path}: {} bytes", refused.text.len());
        }
    }
    assert!(is_empty(&app).await);
}

/// Of two members of one name the last counts (recorded), everywhere and for everything alike: nothing is checked by the
/// one and done by the other.
#[actix_web::test]
async fn s57_of_two_members_of_one_name_the_last_counts_in_every_dialect() {
    let app = TestApp::spawn().await;
    let other = &app.admin.user_id;
    for path in creates(&app) {
        let twice = format!(
            r#"{{"keypair": {{"name": "first"}}, "keypair": {{"name": "first", "public_key": "bad", "name": "last",
            "public_key": "{ED25519}"}}}}"#
        );
        let made = post(&app, &path, twice).await.expect(200);
        assert_eq!(made.body["keypair"]["name"], json!("last"), "{path}");
        app.nova(&app.demo, "2.1", "DELETE", "/os-keypairs/last", Value::Null).await.expect(202);
    }
    let own = &app.demo.user_id;
    for (ids, status) in [([own, other], 403), ([other, own], 201)] {
        let body = format!(
            r#"{{"keypair": {{"name": "k", "public_key": "{ED25519}", "user_id": "{}", "user_id": "{}"}}}}"#,
            ids[0], ids[1]
        );
        let headers = [("X-Auth-Token", app.demo.token.as_str()), ("OpenStack-API-Version", "compute 2.10")];
        app.send("POST", "/v2.1/os-keypairs", &headers, body).await.expect(status);
    }
}

#[actix_web::test]
async fn s57_members_that_a_dialect_does_not_know_are_refused_by_name() {
    let app = TestApp::spawn().await;
    for unknown in
        ["id", "owner", "project_id", "private_key", "deleted", "is_key_protection", "scope", "key_protectoin"]
    {
        let mut inner = import("k");
        inner["keypair"][unknown] = json!("x");
        let mut outer = import("k");
        outer[unknown] = json!("x");
        for body in [inner, outer] {
            let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body.clone()).await;
            let told = format!("Additional properties are not allowed ('{unknown}' was unexpected)");
            assert!(fault(&refused).1 == 400 && fault(&refused).2.ends_with(&told), "{}", refused.text);
            let refused = app.kps(&app.demo, "POST", "", body).await.expect(400);
            assert!(refused.text.contains(&format!("has no member '{unknown}'")), "{}", refused.text);
        }
    }
    assert!(is_empty(&app).await);
}
