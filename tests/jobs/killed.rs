//! A service that is killed while it hands private keys out.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keypaird::domain::{Owner, UserId};
use serde_json::{Value, json};

use super::command;
use super::rows::keep;
use super::support::TestApp;

const ROUNDS: usize = 6;
const CLIENTS: usize = 6;

/// The program as it is run, on the database of `app` and a port of its own.
fn serve(app: &TestApp) -> (Child, SocketAddr) {
    let [api, admin] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let mut serve = command(app, &["serve", "--listen", &api.to_string()]);
    serve.arg("--set").arg(format!("admin.listen={admin}")).args(["--set", "keypair.pool.size=0"]);
    serve.stdout(Stdio::null()).stderr(Stdio::null());
    let child = serve.spawn().unwrap();
    let started = Instant::now();
    while TcpStream::connect(api).is_err() {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not serve");
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, api)
}

/// The private key of an export, or nothing where the service is gone.
async fn export(api: SocketAddr, app: &TestApp, name: &str) -> Option<String> {
    let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
    let url = format!("http://{api}/v3/{}/keypairs/private-key/export", app.demo.project_id);
    let request = client.post(url).insert_header(("X-Auth-Token", app.demo.token.as_str()));
    let mut answer = request.send_json(&json!({ "keypair": { "name": name } })).await.ok()?;
    let body: Value = answer.json().await.ok()?;
    assert_eq!(answer.status().as_u16(), 200, "{body}");
    Some(body["keypair"]["private_key"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn s38_of_a_service_that_is_killed_every_private_key_that_left_is_in_the_ledger() {
    let app = TestApp::spawn().await;
    let private_key = keep(&app, &app.demo, CLIENTS).await;
    let received = AtomicUsize::new(0);
    for _ in 0..ROUNDS {
        let (mut child, api) = serve(&app);
        let clients = (0..CLIENTS).map(|client| {
            let (app, received, private_key) = (&app, &received, &private_key);
            async move {
                while let Some(exported) = export(api, app, &format!("k{client}")).await {
                    assert_eq!(exported, *private_key);
                    received.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let enough = received.load(Ordering::Relaxed) + 2 * CLIENTS;
        let kill = async {
            let started = Instant::now();
            while received.load(Ordering::Relaxed) < enough && started.elapsed() < Duration::from_secs(30) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            child.kill().unwrap();
        };
        tokio::join!(join_all(clients), kill);
        child.wait().unwrap();
    }
    let owner = Owner::User(UserId::parse(&app.demo.user_id).unwrap());
    let recorded = app.ledger(&owner).await.iter().filter(|record| record.event == "export").count();
    let received = received.into_inner();
    assert!(received > ROUNDS * CLIENTS, "{received} were received: too few to tell");
    assert!(recorded >= received, "{received} left, {recorded} are recorded");
    assert!(recorded <= received + ROUNDS * CLIENTS, "{received} left, {recorded} are recorded");
}
