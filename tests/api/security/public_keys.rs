//! Public keys that are taken, and the private key that was pasted instead: S54.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::nova::fault;
use crate::support::TestApp;

/// What ssh-keygen reads and we do not, and why.
const NOT_TAKEN: [(&str, &str); 22] = [
    ("leading-newline", "more than the key's own line"),
    ("leading-space", "more than the key's own line"),
    ("hash-comment-first", "more than the key's own line"),
    ("comment-newline-second-line", "more than the key's own line"),
    ("two-keys", "more than the key's own line"),
    ("two-keys-second-garbage", "more than the key's own line"),
    ("newline-injected-config", "more than the key's own line"),
    ("two-spaces", "not the form in which it is written"),
    ("tab-sep", "not the form in which it is written"),
    ("type-rsa-sha2-256", "the name of a signature, not of a key"),
    ("options-command", "options, which are for whoever writes authorized_keys"),
    ("options-noagent", "options, which are for whoever writes authorized_keys"),
    ("options-from", "options, which are for whoever writes authorized_keys"),
    ("cert-authority", "options, which are for whoever writes authorized_keys"),
    ("rsa-e1", "an exponent that protects nothing"),
    ("rsa-e-even", "an exponent that protects nothing"),
    ("rsa-e-zero", "an exponent that protects nothing"),
    ("nul-in-comment", "characters that a terminal obeys"),
    ("control-in-comment", "characters that a terminal obeys"),
    ("private-openssh", "a private key"),
    ("private-ed25519", "a private key"),
    ("private-at-2.1", "a private key"),
];

/// Runs ssh-keygen in the folder; what it prints, if it succeeds.
fn ssh_keygen(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("ssh-keygen").args(arguments).current_dir(folder).output();
    let output = output.expect("ssh-keygen is installed (Debian: openssh-client)");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../vectors/ssh_public_keys.json")).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// Keys and certificates that ssh-keygen makes, a file each.
fn make_keys(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for (kind, bits) in [
        ("rsa", "1024"),
        ("rsa", "2048"),
        ("rsa", "3072"),
        ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
        ("ed25519", "256"),
    ] {
        let file = format!("{kind}{bits}");
        let comment = format!("{kind} für ann@laptop");
        ssh_keygen(folder, &["-q", "-t", kind, "-b", bits, "-N", "", "-C", &comment, "-f", &file]).unwrap();
        ssh_keygen(folder, &["-q", "-s", "rsa1024", "-I", "ann", "-n", "root,ann", &format!("{file}.pub")]).unwrap();
        files.extend([format!("{file}.pub"), format!("{file}-cert.pub")]);
    }
    files
}

#[actix_web::test]
async fn s54_what_ssh_keygen_makes_is_taken_and_comes_back_byte_for_byte() {
    let app = TestApp::spawn().await;
    let folder = tempfile::tempdir().unwrap();
    for (number, file) in make_keys(folder.path()).iter().enumerate() {
        let public_key = fs::read_to_string(folder.path().join(file)).unwrap();
        let (by_nova, by_kps) = (format!("nova-{number}"), format!("kps-{number}"));
        let body = |name: &str| json!({ "keypair": { "name": name, "public_key": public_key } });
        let mut seen = vec![
            app.nova(&app.demo, "2.1", "POST", "/os-keypairs", body(&by_nova)).await.expect(200),
            app.kps(&app.demo, "POST", "", body(&by_kps)).await.expect(200),
        ];
        for name in [by_nova, by_kps] {
            seen.push(app.nova(&app.demo, "2.92", "GET", &format!("/os-keypairs/{name}"), Value::Null).await);
            seen.push(app.kps(&app.demo, "GET", &format!("/{name}"), Value::Null).await);
        }
        for answer in seen {
            assert_eq!(answer.body["keypair"]["public_key"], json!(public_key), "{file}");
        }
    }
    for list in [
        app.nova(&app.demo, "2.92", "GET", "/os-keypairs", Value::Null).await,
        app.kps(&app.demo, "GET", "", Value::Null).await,
    ] {
        assert_eq!(list.body["keypairs"].as_array().unwrap().len(), 28);
        for pair in list.body["keypairs"].as_array().unwrap() {
            let listed = pair["keypair"]["public_key"].as_str().unwrap();
            assert!(listed.ends_with(" für ann@laptop\n"), "{listed}");
        }
    }
}

#[actix_web::test]
async fn s54_what_ssh_keygen_reads_is_taken_but_for_a_list_with_reasons() {
    let app = TestApp::spawn().await;
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for (number, case) in vectors().iter().enumerate() {
        let (name, public_key) = (case["name"].as_str().unwrap(), case["public_key"].as_str().unwrap());
        let body = json!({ "keypair": { "name": format!("k{number}"), "public_key": public_key } });
        let made = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await;
        let path = folder.path().join("key");
        fs::write(&path, public_key).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let printed = ssh_keygen(folder.path(), &["-l", "-E", "md5", "-f", "key"]);
        match NOT_TAKEN.iter().find(|(not_taken, _)| *not_taken == name) {
            Some((_, reason)) => assert_eq!(made.code(), 400, "{name}: {reason}"),
            None if printed.is_some() => assert_eq!(made.code(), 201, "{name}: {}", made.text),
            None => {}
        }
        // Of a certificate, ssh-keygen prints the fingerprint of its key, and a Nova that of the whole (recorded).
        if let (Some(printed), 201, false) = (printed, made.code(), name.contains("cert")) {
            let fingerprint = made.body["keypair"]["fingerprint"].as_str().unwrap();
            assert!(printed.contains(&format!("MD5:{fingerprint} ")), "{name}: {printed}");
            read += 1;
        }
    }
    assert!(read > 18, "ssh-keygen read {read} of them only");
}

/// Private keys as they are pasted by mistake.
fn private_keys() -> Vec<String> {
    let file: Value = serde_json::from_str(include_str!("../../vectors/ssh_private_keys.json")).unwrap();
    let mut keys: Vec<String> = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["private_key"].as_str().unwrap().to_owned())
        .filter(|text| text.contains("PRIVATE KEY-----"))
        .collect();
    keys.truncate(18);
    let public_key = crate::nova::ED25519;
    keys.extend([format!("{public_key}\n{}", keys[0]), format!("{}{public_key}\n", keys[1])]);
    keys.push("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nMHcCAQEEIA\n".to_owned());
    keys
}

/// A Nova has one sentence for whatever is wrong with a key (recorded); KPS, whose words are free, says what happened.
#[actix_web::test]
async fn s54_a_pasted_private_key_is_refused_with_a_clear_error_that_does_not_repeat_it() {
    let app = TestApp::spawn().await;
    for private_key in private_keys() {
        let body = json!({ "keypair": { "name": "pasted", "public_key": private_key } });
        let by_nova = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body.clone()).await;
        let told = "Keypair data is invalid: failed to generate fingerprint";
        assert_eq!(fault(&by_nova), ("badRequest", 400, told));
        let by_kps = app.kps(&app.demo, "POST", "", body).await.expect(400);
        let told =
            "public_key: the public key cannot be used: it contains a private key; only the public half belongs here";
        assert_eq!((&by_kps.body["error_code"], &by_kps.body["error_msg"]), (&json!("KPS.0002"), &json!(told)));
        for line in private_key.lines().filter(|line| line.len() > 20) {
            assert!(!by_nova.text.contains(line) && !by_kps.text.contains(line));
        }
    }
    let certificate = json!({ "keypair": { "name": "pasted", "type": "x509", "public_key": private_keys()[0] } });
    app.kps(&app.demo, "POST", "", certificate.clone()).await.expect(400);
    app.nova(&app.demo, "2.92", "POST", "/os-keypairs", certificate).await.expect(400);
    let list = app.nova(&app.demo, "2.92", "GET", "/os-keypairs", Value::Null).await;
    assert_eq!(list.body, json!({ "keypairs": [] }));
}
