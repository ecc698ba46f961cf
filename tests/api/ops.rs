//! The operator's listener.

use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn a_started_service_is_live_started_and_ready() {
    let app = TestApp::spawn().await;
    for (path, word) in [("/health/live", "live"), ("/health/startup", "started"), ("/health/ready", "ready")] {
        let answer = app.send_admin("GET", path).await.expect(200);
        assert_eq!(answer.body, json!({ "status": word }));
        assert_eq!(answer.header("Cache-Control"), ["no-store"]);
        app.send_admin("HEAD", path).await.expect(200);
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
