//! What is about virtual machines.

use serde_json::{Value, json};

use super::super::refusal;
use crate::support::{Answer, TestApp};

async fn ask(app: &TestApp, method: &str, path: &str, body: Value) -> Answer {
    let path = format!("/v3/{}{path}", app.demo.project_id);
    app.json(method, &path, &[("X-Auth-Token", &app.demo.token)], body).await
}

#[actix_web::test]
async fn task_lists_are_empty() {
    let app = TestApp::spawn().await;
    for path in ["/running-tasks", "/failed-tasks", "/running-tasks?limit=1000&offset=0"] {
        let answer = ask(&app, "GET", path, Value::Null).await.expect(200);
        assert_eq!(answer.body, json!({ "total": 0, "tasks": [] }), "{path}");
    }
    assert_eq!(ask(&app, "DELETE", "/failed-tasks", Value::Null).await.expect(200).text, "");
}

#[actix_web::test]
async fn what_needs_a_server_is_told_that_there_are_none() {
    let app = TestApp::spawn().await;
    let server = json!({ "id": "b5d5ebd6-8d8b-4d8f-b5b5-b5d5ebd68d8b" });
    for (method, path, code) in [
        ("POST", "/keypairs/associate", "KPS.0002"),
        ("POST", "/keypairs/batch-associate", "KPS.0002"),
        ("POST", "/keypairs/disassociate", "KPS.0002"),
        ("GET", "/tasks/aee8d2fe-5484-44fc-b25b-d3a5a5f4a7cd", "KPS.0001"),
        ("DELETE", "/failed-tasks/aee8d2fe-5484-44fc-b25b-d3a5a5f4a7cd", "KPS.0005"),
    ] {
        let body = if method == "POST" { json!({ "keypair_name": "web", "server": server }) } else { Value::Null };
        let refused = ask(&app, method, path, body).await;
        let (status, said, message) = refusal(&refused);
        assert_eq!((status, said), (400, code), "{path}");
        assert!(message.contains("this service has no servers"), "{message}");
    }
}
