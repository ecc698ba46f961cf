//! What calls that need no KMS take while it answers, is away, and is slow. `tests/long/kms-away` prints it.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use serde_json::{Value, json};

use super::between::Mood;
use super::{Scene, by_name};

const ROUNDS: usize = 300;

/// Milliseconds that half, and 99 of 100, of the calls take at most.
struct Times {
    p50: f64,
    p99: f64,
}

impl Times {
    fn of(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        let at = |part: f64| taken[((taken.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// One of each call that needs no KMS, in turn: a show, an import, a `default` create.
async fn measure(scene: &Scene, prefix: &str) -> [Times; 3] {
    let demo = &scene.app.demo;
    let mut taken = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh";
        let kept = json!({ "encryption": { "type": "default" } });
        let calls = [
            ("GET", "/shown", Value::Null),
            ("POST", "", json!({ "keypair": { "name": format!("{prefix}-i-{round}"), "public_key": public_key } })),
            ("POST", "", json!({ "keypair": { "name": format!("{prefix}-c-{round}"), "key_protection": kept } })),
        ];
        for (kind, (method, path, body)) in calls.into_iter().enumerate() {
            let started = Instant::now();
            scene.app.kps(demo, method, path, body).await.expect(200);
            taken[kind].push(started.elapsed());
        }
    }
    taken.map(Times::of)
}

/// Eight clients who ask for `kms` creates again and again, for as long as `other` takes.
async fn beside_kms_creates<T>(scene: &Scene, other: impl Future<Output = T>) -> T {
    let client = |number: usize| async move {
        for round in 0.. {
            let body = json!({ "keypair": { "name": format!("kms-{number}-{round}"),
                "key_protection": { "encryption": by_name("mine") } } });
            let answer = scene.app.kps(&scene.app.demo, "POST", "", body).await;
            if answer.code() == 200 {
                scene.app.kps(&scene.app.demo, "DELETE", &format!("/kms-{number}-{round}"), Value::Null).await;
            }
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let clients = futures_util::future::join_all((0..8).map(client));
    match select(pin!(clients), pin!(other)).await {
        Either::Left(_) => unreachable!("the clients never end"),
        Either::Right((done, _)) => done,
    }
}

#[actix_web::test]
#[ignore = "prints figures: tests/long/kms-away runs it"]
async fn figures_of_calls_that_need_no_kms() {
    let limits = [("keypair.limit", "100000"), ("vault.kms.timeout_seconds", "2")];
    let scene = Scene::set(&limits).await;
    scene.app.kps(&scene.app.demo, "POST", "", json!({ "keypair": { "name": "shown" } })).await.expect(200);
    measure(&scene, "warm").await;
    let answers = beside_kms_creates(&scene, measure(&scene, "up")).await;
    scene.between.turn(Mood::Slow(Duration::from_secs(5)));
    let slow = beside_kms_creates(&scene, measure(&scene, "slow")).await;
    scene.between.turn(Mood::Passing);
    scene.between.go_away().await;
    let away = beside_kms_creates(&scene, measure(&scene, "away")).await;
    println!(
        "{ROUNDS} calls each, beside 8 clients that ask for kms creates; ms, p50 and p99, and p99 to that of 'answers'"
    );
    for (kind, name) in ["show", "import", "create, default"].into_iter().enumerate() {
        for (state, times) in [("answers", &answers[kind]), ("slow", &slow[kind]), ("away", &away[kind])] {
            let ratio = times.p99 / answers[kind].p99;
            println!("{name:16} KMS {state:8} {:8.2} {:8.2} {ratio:6.2}", times.p50, times.p99);
        }
    }
}
