//! Input that is wrong: what Nova says of it and, where a Nova answers 500 or takes it, what is said here.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ED25519, fault, import};
use crate::support::{Answer, TestApp};

/// A body, the versions at which it is refused, and the words in which: recorded, or by Nova's schema.
#[derive(Deserialize)]
struct Case {
    versions: Vec<String>,
    body: String,
    message: String,
}

async fn post(app: &TestApp, version: &str, body: impl Into<Vec<u8>>) -> Answer {
    let version = format!("compute {version}");
    let headers = [
        ("X-Auth-Token", app.demo.token.as_str()),
        ("OpenStack-API-Version", &version),
        ("Content-Type", "application/json"),
    ];
    app.send("POST", "/v2.1/os-keypairs", &headers, body).await
}

#[actix_web::test]
async fn each_bad_body_is_refused_in_novas_words() {
    let app = TestApp::spawn().await;
    let cases: Vec<Case> = serde_json::from_str(include_str!("bodies.json")).unwrap();
    for Case { versions, body, message } in &cases {
        for version in versions {
            let refused = post(&app, version, body.as_str()).await;
            assert_eq!(fault(&refused), ("badRequest", 400, message.as_str()), "{version}: {body}");
        }
    }
    let list = app.nova(&app.demo, "2.92", "GET", "/os-keypairs", Value::Null).await;
    assert!(super::names(&list).is_empty());
}

#[actix_web::test]
async fn of_two_members_of_one_name_the_last_counts() {
    let app = TestApp::spawn().await;
    let body = format!(r#"{{"keypair": {{"name": "dup1", "name": "dup2", "public_key": "{ED25519}"}}}}"#);
    let made = post(&app, "2.92", body).await.expect(201);
    assert_eq!(made.body["keypair"]["name"], "dup2");
}

#[actix_web::test]
async fn s56_a_name_has_at_most_255_characters() {
    let app = TestApp::spawn().await;
    post(&app, "2.1", import(&"n".repeat(255)).to_string()).await.expect(200);
    let name = "n".repeat(256);
    let refused = post(&app, "2.1", import(&name).to_string()).await;
    let told = format!("Invalid input for field/attribute name. Value: {name}. '{name}' is too long");
    assert_eq!(fault(&refused), ("badRequest", 400, told.as_str()));
}

#[actix_web::test]
async fn a_newline_after_a_name_is_stripped() {
    let app = TestApp::spawn().await;
    let made = post(&app, "2.1", import("k\n").to_string()).await.expect(200);
    assert_eq!(made.body["keypair"]["name"], "k");
}

/// A Nova answers 500 to these.
#[actix_web::test]
async fn what_is_no_json_text_is_malformed() {
    let app = TestApp::spawn().await;
    let deep = [b"{\"keypair\":".repeat(5000), b"1".to_vec(), b"}".repeat(5000)].concat();
    let utf16: Vec<u8> = "\u{feff}{\"keypair\": {}}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [b"{\"keypair\": {\"name\": \"\xff\xfe\"}}".to_vec(), utf16, deep, b"[".repeat(100_000)] {
        let refused = post(&app, "2.92", body).await;
        assert_eq!(fault(&refused), ("badRequest", 400, "Malformed request body"));
    }
}

/// A Nova answers 500 to these.
#[actix_web::test]
async fn a_nul_is_refused_wherever_it_is() {
    let app = TestApp::spawn().await;
    let key = json!({ "keypair": { "name": "k", "public_key": format!("{ED25519}\0b") } });
    assert_eq!(fault(&post(&app, "2.92", key.to_string()).await).1, 400);
    let user = json!({ "keypair": { "name": "k", "public_key": ED25519, "user_id": "a\0" } });
    assert_eq!(fault(&post(&app, "2.92", user.to_string()).await).1, 400);
    for method in ["GET", "DELETE"] {
        let path = app.nova(&app.demo, "2.92", method, "/os-keypairs/a%00b", Value::Null).await;
        assert_eq!(fault(&path), ("badRequest", 400, "Invalid input for field/attribute name: must not contain NUL"));
    }
    for query in ["?marker=a%00", "?user_id=a%00"] {
        let refused = app.nova(&app.demo, "2.92", "GET", &format!("/os-keypairs{query}"), Value::Null).await;
        assert_eq!(fault(&refused).1, 400, "{query}");
    }
}

/// A Nova answers 500 to these.
#[actix_web::test]
async fn a_user_id_has_at_most_255_characters() {
    let app = TestApp::spawn().await;
    for (length, create, list) in [(255, 201, 200), (256, 400, 400)] {
        let user = "u".repeat(length);
        let body = json!({ "keypair": { "name": "k", "public_key": ED25519, "user_id": user } });
        app.nova(&app.admin, "2.92", "POST", "/os-keypairs", body).await.expect(create);
        let path = format!("/os-keypairs?user_id={user}");
        app.nova(&app.admin, "2.92", "GET", &path, Value::Null).await.expect(list);
    }
}

#[actix_web::test]
async fn a_body_has_at_most_114688_bytes() {
    let app = TestApp::spawn().await;
    let body = |length: usize| {
        let import = import("big").to_string();
        format!("{import}{}", " ".repeat(length - import.len()))
    };
    post(&app, "2.92", body(114_688)).await.expect(201);
    let refused = post(&app, "2.92", body(114_689)).await;
    assert_eq!(refused.code(), 413);
    assert_eq!(refused.header("Content-Type"), ["text/plain; charset=UTF-8"]);
    assert!(refused.text.starts_with("413 Request Entity Too Large\n\nRequest is too large. "));
    assert!(refused.header("OpenStack-API-Version").is_empty());
}

/// Ours: nobody recorded what a Nova says of a body that never told its length.
#[actix_web::test]
async fn a_body_in_chunks_has_no_more_bytes() {
    let app = TestApp::spawn().await;
    let chunk = format!("{:x}\r\n{}\r\n", 50_000, " ".repeat(50_000));
    let request = format!(
        "POST /v2.1/os-keypairs HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {}\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        app.demo.token,
        chunk.repeat(3)
    );
    let address = app.address;
    let status = actix_web::web::block(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        connection.read_exact(&mut status).unwrap();
        status
    });
    assert_eq!(status.await.unwrap().as_slice(), b"HTTP/1.1 413");
}

/// A Nova repeats whatever it was sent.
#[actix_web::test]
async fn no_private_key_is_ever_repeated() {
    let app = TestApp::spawn().await;
    let private_key = "-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----\n";
    for body in [
        json!({ "keypair": { "name": "k", "private_key": private_key } }),
        json!({ "keypair": { "name": "k", "extra": "MIIEsecret" } }),
        json!({ "keypair": { "name": private_key } }),
        json!({ "keypair": { "name": "k", "public_key": private_key } }),
        json!({ "keypair": { "name": "k", "public_key": [private_key] } }),
        json!({ "keypair": { "extra": 1, "key_protection": { "private_key": "MIIEsecret" } } }),
        json!({ "keypair": private_key }),
        json!({ private_key: 1, "keypair": { "name": "k" } }),
        json!(private_key),
        json!({ "keypair": { "name": "k", "type": private_key, "public_key": ED25519 } }),
    ] {
        let refused = post(&app, "2.92", body.to_string()).await;
        assert_eq!(fault(&refused).1, 400, "{body}");
        assert!(!refused.text.contains("secret"), "{}", refused.text);
    }
}

#[actix_web::test]
async fn a_body_of_a_get_is_ignored() {
    let app = TestApp::spawn().await;
    let headers = [("X-Auth-Token", app.demo.token.as_str()), ("Content-Type", "application/json")];
    app.send("GET", "/v2.1/os-keypairs", &headers, "{bad").await.expect(200);
}

#[actix_web::test]
async fn a_query_of_a_post_is_never_checked() {
    let app = TestApp::spawn().await;
    app.nova(&app.demo, "2.92", "POST", "/os-keypairs?zzz=1&limit=x", import("k")).await.expect(201);
}
