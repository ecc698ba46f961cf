//! A certificate that is replaced while the service runs.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use openssl::ssl::SslRef;
use rustix::process::Signal;

use super::certificates::{new_key, replace};
use super::{PATIENCE, Scene, ask};

fn serial(ssl: &SslRef) -> u32 {
    let number = ssl.peer_certificate().unwrap().serial_number().to_bn().unwrap();
    number.to_dec_str().unwrap().parse().unwrap()
}

/// The number of the certificate that a new connection is shown.
fn shown(scene: &Scene) -> u32 {
    serial(scene.connect(&scene.client(|_| {})).unwrap().ssl())
}

fn until(what: impl Fn() -> bool) {
    let since = Instant::now();
    while !what() {
        assert!(since.elapsed() < PATIENCE, "it took too long");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn s62_f37_a_certificate_is_replaced_under_load_and_no_request_fails() {
    let scene = Scene::set(&[]);
    let client = scene.client(|_| {});
    let (goes_on, answered, seen) = (AtomicBool::new(true), AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    scope(|threads| {
        for _ in 0..2 {
            // One that keeps its connection, from before the first replacement until after the last.
            threads.spawn(|| {
                let mut kept = scene.connect(&client).unwrap();
                while goes_on.load(Ordering::Acquire) {
                    let (head, _) = ask(&mut kept, "GET /").expect("is answered on the old connection");
                    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                assert_eq!(serial(kept.ssl()), 1);
            });
            threads.spawn(|| {
                while goes_on.load(Ordering::Acquire) {
                    let mut stream = scene.connect(&client).expect("each new connection is taken");
                    let (head, _) = ask(&mut stream, "GET /").expect("is answered on a new connection");
                    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                    seen.lock().unwrap().insert(serial(stream.ssl()));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let more = |count: usize| {
            let before = answered.load(Ordering::Relaxed);
            until(|| answered.load(Ordering::Relaxed) >= before + count);
        };
        more(100);
        scene.authority.issue(2, 90).write(scene.directory.path());
        scene.service.signal(Signal::HUP);
        until(|| shown(&scene) == 2);
        more(100);
        // And without a signal, as who renews them in Kubernetes cannot send one.
        scene.authority.issue(3, 90).write(scene.directory.path());
        until(|| shown(&scene) == 3);
        more(100);
        goes_on.store(false, Ordering::Release);
    });
    assert_eq!(*seen.lock().unwrap(), BTreeSet::from([1, 2, 3]));
    let (code, log) = scene.service.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn s62_a_broken_certificate_is_not_used_and_the_one_in_use_stays() {
    let mut scene = Scene::set(&[]);
    let told = "the new certificate is not used, the one in use stays: http.tls.";
    let own_key = fs::read(&scene.files.key).unwrap();
    replace(&scene.files.key, &new_key().private_key_to_pem_pkcs8().unwrap(), 0o600);
    assert!(scene.service.logged(told).contains("does not fit the first certificate"));
    replace(&scene.files.key, &own_key, 0o600);
    scene.authority.issue(2, -1).write(scene.directory.path());
    assert!(scene.service.logged(told).contains("the certificate has expired at"));
    assert_eq!(shown(&scene), 1);
    // An operator who asks is told again.
    scene.service.signal(Signal::HUP);
    assert!(scene.service.logged(told).contains("the certificate has expired at"));
    let renewed = scene.authority.issue(3, 20);
    renewed.write(scene.directory.path());
    scene.service.logged("http.tls: the certificate of CN=keys.example.org was read and is in use");
    assert_eq!(shown(&scene), 3);
    let (_, _, metrics) = scene.service.ask("health", "GET /metrics");
    let shown = metrics
        .lines()
        .find_map(|line| line.strip_prefix("tls_certificate_expiry_timestamp_seconds{listener=\"http\"} "));
    let expires: i64 = shown.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap();
    let in_days = openssl::asn1::Asn1Time::from_unix(expires).unwrap();
    assert_eq!(renewed.certificate.not_after().compare(&in_days).unwrap(), std::cmp::Ordering::Equal);
}
