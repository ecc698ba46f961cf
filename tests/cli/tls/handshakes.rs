//! Who gets a connection, and what is said to whoever does not.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnectorBuilder, SslVersion};
use tempfile::TempDir;

use super::certificates::{Authority, new_key, replace};
use super::{PATIENCE, Scene, ask};
use crate::{Service, keypaird, run, text};

fn only(version: SslVersion) -> impl FnOnce(&mut SslConnectorBuilder) {
    move |builder| {
        // OpenSSL itself offers no TLS 1.1 at its usual level.
        builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        builder.set_min_proto_version(Some(version)).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
    }
}

#[test]
fn s62_tls_1_2_and_1_3_are_spoken_with_a_key_exchange_for_the_future_and_nothing_older() {
    let scene = Scene::set(&[]);
    let mut newest = scene.connect(&scene.client(|_| {})).unwrap();
    assert_eq!(newest.ssl().version_str(), "TLSv1.3");
    let (head, body) = ask(&mut newest, "GET /").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(body.contains("https://keys.example.org/v2.1/"), "links lead back by TLS: {body}");

    for group in ["X25519MLKEM768", "X25519", "P-256", "P-384"] {
        scene.connect(&scene.client(|it| it.set_groups_list(group).unwrap())).expect(group);
    }
    scene.connect(&scene.client(|it| it.set_groups_list("P-521").unwrap())).expect_err("is not offered");
    for (suite, taken) in [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", true),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", true),
        ("ECDHE-ECDSA-AES128-SHA256", false),
        ("ECDHE-ECDSA-AES128-SHA", false),
        ("AES128-GCM-SHA256", false),
    ] {
        let client = scene.client(|builder| {
            only(SslVersion::TLS1_2)(builder);
            builder.set_cipher_list(&format!("{suite}:@SECLEVEL=0")).unwrap();
        });
        assert_eq!(scene.connect(&client).is_ok(), taken, "{suite}");
    }
    scene.connect(&scene.client(only(SslVersion::TLS1_1))).expect_err("TLS 1.1");
}

#[test]
fn s62_whoever_speaks_plain_http_to_a_tls_port_is_told() {
    let scene = Scene::set(&[]);
    let mut stream = TcpStream::connect(scene.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: keys.example.org\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("begin its address with https://"), "{answer}");
    let length = answer.split_once("\r\n\r\n").unwrap().1.len();
    assert!(answer.contains(&format!("Content-Length: {length}\r\n")), "{answer}");

    let mut stream = TcpStream::connect(scene.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\0\0\0 neither TLS nor HTTP").unwrap();
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0, "it is hung up on");
}

#[test]
fn s62_those_who_are_slow_with_their_handshake_hold_up_nobody_and_are_cut_off() {
    let scene = Scene::set(&[]);
    let mut silent: Vec<_> = (0..300).map(|_| TcpStream::connect(scene.address()).unwrap()).collect();
    let (head, _) = ask(&mut scene.connect(&scene.client(|_| {})).unwrap(), "GET /").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let since = Instant::now();
    for stream in &mut silent {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
    }
    assert!(since.elapsed() < PATIENCE, "they were not cut off");
}

#[test]
fn s62_clients_show_a_certificate_where_that_is_required() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let ca = format!("http.tls.client_ca_file={}", authority.write(directory.path()).display());
    let (known, stranger) = (authority.issue(7, 1), Authority::new().issue(8, 1));
    for (asked, without) in [("required", false), ("optional", true)] {
        let asked = format!("http.tls.client_certificates={asked}");
        let mut scene = Scene::set(&["--set", &ca, "--set", &asked]);
        // In TLS 1.3 a client hears of it when it reads.
        let is_served = |tune: &dyn Fn(&mut SslConnectorBuilder)| {
            let stream = scene.connect(&scene.client(|builder| tune(builder)));
            stream.ok().and_then(|mut stream| ask(&mut stream, "GET /").ok()).is_some()
        };
        assert_eq!(is_served(&|_| {}), without, "{asked}");
        for (shown, served) in [(&known, true), (&stranger, false)] {
            let show = |builder: &mut SslConnectorBuilder| {
                builder.set_certificate(&shown.certificate).unwrap();
                builder.set_private_key(&shown.key).unwrap();
            };
            assert_eq!(is_served(&show), served, "{asked}");
        }
        let told = scene.service.logged("a client connected by the certificate of");
        assert!(told.ends_with("CN=keys.example.org"), "{told}");
    }
}

#[test]
fn s62_a_certificate_that_cannot_be_used_ends_the_start_and_says_why() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new();
    let files = authority.issue(1, 90).write(directory.path());
    let refused = |said: &str| {
        let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), "127.0.0.1:0".to_owned()];
        arguments.extend(["--set".to_owned(), "admin.listen=127.0.0.1:0".to_owned()]);
        arguments.extend(files.flags("http"));
        let mut command = keypaird(directory.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let since = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if since.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("it started: {said}");
            }
            sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.lines().any(|line| line.starts_with("keypaird: http.tls.") && line.contains(said)), "{stderr}");
    };
    let own_key = fs::read(&files.key).unwrap();
    replace(&files.key, &new_key().private_key_to_pem_pkcs8().unwrap(), 0o600);
    refused("does not fit the first certificate of certificate_file");
    let encrypted = new_key().private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_128_cbc(), b"x").unwrap();
    replace(&files.key, &encrypted, 0o600);
    refused("is encrypted");
    replace(&files.key, b"-----BEGIN NOTHING-----\n", 0o600);
    refused("holds no private key in PEM");
    replace(&files.key, &own_key, 0o644);
    refused("can be read by everybody; make it private by `chmod 600`");
    replace(&files.key, &own_key, 0o400);
    assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o400);
    authority.issue(2, -1).write(directory.path());
    refused("the certificate has expired at");
    replace(&files.certificate, &own_key, 0o644);
    refused("holds no certificate in PEM");
    fs::remove_file(&files.certificate).unwrap();
    refused("cannot read");
}

#[test]
fn s62_a_listener_that_other_machines_reach_speaks_tls_or_is_told_to_do_without() {
    let directory = TempDir::new().unwrap();
    let files = Authority::new().issue(1, 90).write(directory.path());
    let [certificate, key] = [1, 3].map(|at| files.flags("http")[at].clone());
    let show = |settings: &[&str]| {
        let mut arguments = vec!["config", "show", "--set", "http.listen=0.0.0.0:0"];
        arguments.extend(settings.iter().flat_map(|it| ["--set", *it]));
        let output = run(directory.path(), &arguments);
        (output.status.success(), text(&output.stderr))
    };
    assert!(show(&[&certificate, &key]).0);
    for (settings, said) in [
        (vec![], "tls.certificate_file"),
        (vec![certificate.as_str()], "'http.tls.private_key_file'"),
        (vec![key.as_str(), "http.listen=127.0.0.1:0"], "'http.tls.certificate_file'"),
        (vec![&*certificate, &*key, "http.tls.client_certificates=required"], "'http.tls.client_ca_file'"),
        (vec![&*certificate, &*key, "http.tls.client_certificates=maybe"], "client_certificates"),
        (vec![&*certificate, &*key, "http.tls.client_ca_file=ca.pem"], "'http.tls.client_ca_file'"),
        (vec![&*certificate, &*key, "admin.listen=0.0.0.0:1"], "'admin.listen'"),
    ] {
        let (taken, told) = show(&settings);
        assert!(!taken && told.contains(said), "{settings:?}: {told}");
    }
}

#[test]
fn health_asks_the_operators_listener_by_tls() {
    let directory = TempDir::new().unwrap();
    let files = Authority::new().issue(1, 90).write(directory.path());
    let flags = files.flags("admin");
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let service = Service::spawn(&flags);
    let listen = format!("admin.listen={}", service.started["health"].as_str().unwrap());
    let since = Instant::now();
    loop {
        let output = run(directory.path(), &[&["health", "--set", &listen], &flags[..]].concat());
        if output.status.success() {
            assert!(text(&output.stdout).contains(r#"{"status":"ready""#));
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{}", text(&output.stderr));
    }
    // Named by an address, it is held to its certificate.
    let url = format!("https://{}", service.started["health"].as_str().unwrap());
    assert_eq!(run(directory.path(), &["health", "--url", &url]).status.code(), Some(1));
    assert_eq!(service.stop().0, Some(0));
}
