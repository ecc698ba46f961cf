//! Public keys that are weak, broken or hostile: S55.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::nova::{ED25519, RSA, names};
use crate::support::TestApp;

/// A line of an SSH key from the fields of its blob.
fn line(word: &str, fields: &[&[u8]]) -> String {
    let mut blob = Vec::new();
    for field in fields {
        blob.extend((field.len() as u32).to_be_bytes());
        blob.extend(*field);
    }
    format!("{word} {} ann@laptop", STANDARD.encode(blob))
}

/// An RSA key with that exponent and an odd modulus of so many bits.
fn rsa(exponent: &[u8], bits: usize) -> String {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    if modulus[0] & 0x80 != 0 {
        modulus.insert(0, 0);
    }
    line("ssh-rsa", &[b"ssh-rsa", exponent, &modulus])
}

/// The statuses of an import in each dialect; a key that is taken is deleted again.
async fn imported(app: &TestApp, public_key: &str) -> [u16; 2] {
    let body = json!({ "keypair": { "name": "k", "public_key": public_key } });
    let by_nova = app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body.clone()).await.code();
    app.nova(&app.demo, "2.1", "DELETE", "/os-keypairs/k", Value::Null).await;
    let by_kps = app.kps(&app.demo, "POST", "", body).await.code();
    app.kps(&app.demo, "DELETE", "/k", Value::Null).await;
    [by_nova, by_kps]
}

const TAKEN: [u16; 2] = [200, 200];
const REFUSED: [u16; 2] = [400, 400];

#[actix_web::test]
async fn s55_rsa_keys_below_the_configured_minimum_are_refused() {
    let app = TestApp::spawn_with(&[("keypair.min_rsa_bits", "2048")]).await;
    let three = [3];
    for (bits, expected) in [(512, REFUSED), (1024, REFUSED), (2047, REFUSED), (2048, TAKEN), (4096, TAKEN)] {
        assert_eq!(imported(&app, &rsa(&three, bits)).await, expected, "{bits}");
    }
    assert_eq!(imported(&app, ED25519).await, TAKEN);
    let body = json!({ "keypair": { "name": "weak", "public_key": rsa(&three, 1024) } });
    let refused = app.kps(&app.demo, "POST", "", body).await.expect(400);
    let told = "public_key: the public key cannot be used: it has 1024 bits; RSA keys need at least 2048";
    assert_eq!(refused.body["error_msg"], json!(told));
}

/// As a Nova does (recorded), while nobody asks for more.
#[actix_web::test]
async fn s55_without_a_configured_minimum_rsa_keys_are_taken_from_512_bits_on() {
    let app = TestApp::spawn().await;
    for (bits, expected) in [(511, REFUSED), (512, TAKEN), (1024, TAKEN), (16_384, TAKEN), (16_385, REFUSED)] {
        assert_eq!(imported(&app, &rsa(&[1, 0, 1], bits)).await, expected, "{bits}");
    }
}

#[actix_web::test]
async fn s55_exponents_that_protect_nothing_are_refused() {
    let app = TestApp::spawn().await;
    let as_long_as_the_modulus = [&[0][..], &[0xff; 256]].concat();
    for exponent in [&[][..], &[0], &[1], &[0, 0, 1], &[2], &[1, 0, 0], &[0x81], &as_long_as_the_modulus] {
        assert_eq!(imported(&app, &rsa(exponent, 2048)).await, REFUSED, "{exponent:?}");
    }
    assert_eq!(imported(&app, &rsa(&[3], 2048)).await, TAKEN);
}

#[actix_web::test]
async fn s55_lengths_that_do_not_fit_are_refused() {
    let app = TestApp::spawn().await;
    let blob = STANDARD.decode(RSA.split(' ').nth(1).unwrap()).unwrap();
    let mut broken = vec![blob[..blob.len() - 1].to_vec(), [&blob[..], b"\0"].concat(), Vec::new(), vec![0; 3]];
    // Each of the three lengths in turn: larger than all that follows, the largest there is, one too small, none.
    for at in [0, 11, 18] {
        let length = u32::from_be_bytes(blob[at..at + 4].try_into().unwrap());
        for wrong in [length + 1, u32::MAX, 0x7fff_ffff, 1 << 16, length - 1, 0] {
            let mut changed = blob.clone();
            changed[at..at + 4].copy_from_slice(&wrong.to_be_bytes());
            broken.push(changed);
        }
    }
    for blob in broken {
        let key = format!("ssh-rsa {}", STANDARD.encode(&blob));
        assert_eq!(imported(&app, &key).await, REFUSED, "{key}");
    }
    for (word, fields) in [
        ("ssh-ed25519", &[&b"ssh-ed25519"[..], &[7; 31]][..]),
        ("ssh-ed25519", &[b"ssh-ed25519", &[7; 33]]),
        ("ssh-ed25519", &[b"ssh-ed25519", &[7; 32], &[7; 32]]),
        ("ssh-ed25519", &[b"ssh-rsa", &[7; 32]]),
        ("ecdsa-sha2-nistp256", &[b"ecdsa-sha2-nistp256", b"nistp256", &[4; 65]]),
        ("ecdsa-sha2-nistp256", &[b"ecdsa-sha2-nistp256", b"nistp256", &[0]]),
        ("ecdsa-sha2-nistp256", &[b"ecdsa-sha2-nistp256", b"nistp521", &[4; 65]]),
    ] {
        assert_eq!(imported(&app, &line(word, fields)).await, REFUSED, "{word} {fields:?}");
    }
}

/// Whoever copies a public key into `authorized_keys` must get one line, with no say in what it allows.
#[actix_web::test]
async fn s55_what_would_be_more_than_a_key_in_authorized_keys_is_refused() {
    let app = TestApp::spawn().await;
    let mut hostile: Vec<String> = ["\n", "\r\n", "\r", "\n\n", "\0", "\u{b}", "\u{c}", "\u{85}", "\u{1b}[2K\r"]
        .iter()
        .map(|between| format!("{ED25519}{between}command=\"/bin/sh\" {RSA}"))
        .collect();
    hostile.extend(
        ["command=\"/bin/sh\"", "no-pty", "cert-authority", "from=\"*\"", "environment=\"A=B\"", "@revoked"]
            .map(|options| format!("{options} {ED25519}")),
    );
    hostile.extend([
        format!("\n{ED25519}"),
        format!("# {ED25519}"),
        format!(" {ED25519}"),
        format!("\u{feff}{ED25519}"),
    ]);
    for key in hostile {
        assert_eq!(imported(&app, &key).await, REFUSED, "{key:?}");
    }
}

#[actix_web::test]
async fn s55_a_key_that_is_no_utf_8_is_refused() {
    let app = TestApp::spawn().await;
    let project = &app.demo.project_id;
    let headers = [("X-Auth-Token", app.demo.token.as_str()), ("Content-Type", "application/json")];
    for bytes in [&b"\xff\xfe"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"] {
        let body =
            [format!(r#"{{"keypair": {{"name": "k", "public_key": "{ED25519} "#).as_bytes(), bytes, b"\"}}"].concat();
        app.send("POST", "/v2.1/os-keypairs", &headers, body.clone()).await.expect(400);
        app.send("POST", &format!("/v2.1/{project}/keypairs"), &headers, body).await.expect(400);
    }
    let list = app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await;
    assert!(names(&list).is_empty());
}

/// The longest comment is the longest body's, as in a Nova (recorded with 20,000 bytes); the key itself has its own end.
#[actix_web::test]
async fn s55_a_long_comment_is_taken_and_a_longer_key_is_not() {
    let app = TestApp::spawn().await;
    assert_eq!(imported(&app, &format!("{ED25519} {}", "c".repeat(100_000))).await, TAKEN);
    for bits in [17_000, 131_072, 500_000] {
        assert_eq!(imported(&app, &rsa(&[3], bits)).await, REFUSED, "{bits}");
    }
}
