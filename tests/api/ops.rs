//! The operator's listener.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::support::{Answer, TestApp, fresh_schema};

/// A look every three seconds, three that agree, and a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer has this status.
async fn until(app: &TestApp, path: &str, status: u16) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = app.send_admin("GET", path).await;
        if answer.code() == status {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} is still answered {}", answer.text);
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ready, but for one check.
fn report(status: &str, check: &str, found: &str) -> Value {
    let mut checks =
        json!({ "database": "ok", "schema": "ok", "master_keys": "ok", "kms": "unused", "keystone": "unused" });
    checks[check] = json!(found);
    json!({ "status": status, "checks": checks })
}

#[actix_web::test]
async fn a_started_service_is_live_started_and_ready() {
    let app = TestApp::spawn().await;
    let status = |word: &str| json!({ "status": word });
    let ready = report("ready", "database", "ok");
    for (path, told) in
        [("/health/live", status("live")), ("/health/startup", status("started")), ("/health/ready", ready)]
    {
        let answer = app.send_admin("GET", path).await.expect(200);
        assert_eq!(answer.body, told);
        assert_eq!(answer.header("Cache-Control"), ["no-store"]);
        app.send_admin("HEAD", path).await.expect(200);
    }
}

#[actix_web::test]
async fn a_schema_that_is_newer_takes_the_service_out_once_it_was_seen_several_times() {
    let app = TestApp::spawn().await;
    until(&app, "/health/ready", 200).await;
    app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").await;
    let inserted = Instant::now();
    let answer = until(&app, "/health/ready", 503).await;
    assert!(inserted.elapsed() > Duration::from_secs(4), "one look was enough: {:?}", inserted.elapsed());
    assert_eq!(answer.body, report("unready", "schema", "newer"));
    assert_eq!(answer.header("Cache-Control"), ["no-store"]);
    app.send_admin("HEAD", "/health/ready").await.expect(503);
    app.send_admin("GET", "/health/live").await.expect(200);
    app.send_admin("GET", "/health/startup").await.expect(200);
    app.sql("DELETE FROM __diesel_schema_migrations WHERE version = '9999'").await;
    assert_eq!(until(&app, "/health/ready", 200).await.body, report("ready", "schema", "ok"));
}

#[actix_web::test]
async fn master_keys_that_are_not_the_databases_own_take_the_service_out() {
    let app = TestApp::spawn().await;
    until(&app, "/health/ready", 200).await;
    let other = if app.settings.database.url.is_some() { "'\\x00'" } else { "x'00'" };
    app.sql(&format!("UPDATE master_key_checks SET check_value = {other}")).await;
    let answer = until(&app, "/health/ready", 503).await;
    assert_eq!(answer.body, report("unready", "master_keys", "wrong"));
}

#[actix_web::test]
async fn a_database_that_hangs_takes_the_service_out_and_holds_up_no_probe() {
    // A PostgreSQL's own: a SQLite file answers.
    let Some(url) = fresh_schema().await else { return };
    let (between, url) = Between::start(Url::parse(&url).unwrap());
    let app = TestApp::spawn_with(&[("database.url", url.as_str())]).await;
    until(&app, "/health/ready", 200).await;
    between.hangs.store(true, Ordering::Relaxed);
    let deadline = Instant::now() + PATIENCE;
    let answer = loop {
        let asked = Instant::now();
        let answer = app.send_admin("GET", "/health/ready").await;
        assert!(asked.elapsed() < Duration::from_secs(1), "a probe waited for {:?}", asked.elapsed());
        if answer.code() == 503 {
            break answer;
        }
        assert!(Instant::now() < deadline, "{}", answer.text);
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(answer.body, report("unready", "database", "unavailable"));
    between.hangs.store(false, Ordering::Relaxed);
    assert_eq!(until(&app, "/health/ready", 200).await.body, report("ready", "database", "ok"));
}

/// Stands before a database, and passes nothing on while it hangs.
struct Between {
    hangs: Arc<AtomicBool>,
}

impl Between {
    /// With the URL by which the database is reached through it.
    fn start(database: Url) -> (Self, Url) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut through = database.clone();
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let hangs = Arc::new(AtomicBool::new(false));
        let server = format!("{}:{}", database.host_str().unwrap(), database.port().unwrap_or(5432));
        let hanging = Arc::clone(&hangs);
        actix_web::rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                actix_web::rt::spawn(pass(from_client, to_server, Arc::clone(&hanging)));
                actix_web::rt::spawn(pass(from_server, to_client, Arc::clone(&hanging)));
            }
        });
        (Self { hangs }, through)
    }
}

async fn pass(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, hangs: Arc<AtomicBool>) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        while hangs.load(Ordering::Relaxed) {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[actix_web::test]
async fn it_has_nothing_else_and_says_so_in_json() {
    let app = TestApp::spawn().await;
    for path in ["/", "/v2.1/os-keypairs", "/identity/v3/auth/tokens", "/health/"] {
        let answer = app.send_admin("GET", path).await.expect(404);
        assert!(answer.body["error"].is_string(), "{}", answer.text);
    }
    let answer = app.send_admin("POST", "/health/live").await.expect(405);
    assert_eq!(answer.header("Allow"), ["GET, HEAD"]);
}

#[actix_web::test]
async fn the_clients_listener_does_not_tell_the_health() {
    let app = TestApp::spawn().await;
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let answer = app.send("GET", path, &[], "").await.expect(300);
        assert!(answer.body["choices"].is_array(), "{path} is answered like any unknown path");
    }
}
