//! `extensions`: nothing of it was recorded; the shape is that of the published API.

use serde_json::{Value, json};

use super::fault;
use crate::support::TestApp;

#[actix_web::test]
async fn they_name_what_is_answered_here() {
    let app = TestApp::spawn().await;
    for path in ["/extensions".to_owned(), format!("/{}/extensions", app.demo.project_id)] {
        let list = app.nova(&app.demo, "2.92", "GET", &path, Value::Null).await.expect(200);
        let extensions = list.body["extensions"].as_array().unwrap();
        let aliases: Vec<_> = extensions.iter().map(|extension| extension["alias"].as_str().unwrap()).collect();
        assert!(aliases.is_sorted() && aliases.contains(&"os-keypairs") && aliases.contains(&"os-quota-sets"));
        assert!(extensions.iter().all(|extension| extension.as_object().unwrap().len() == 6));
    }
    let shown = app.nova(&app.demo, "2.1", "GET", "/extensions/os-keypairs", Value::Null).await.expect(200);
    let extension = &shown.body["extension"];
    assert_eq!((&extension["name"], &extension["links"]), (&json!("Keypairs"), &json!([])));
}

#[actix_web::test]
async fn one_that_is_not_here_is_not_found() {
    let app = TestApp::spawn().await;
    let missing = app.nova(&app.demo, "2.92", "GET", "/extensions/os-hosts", Value::Null).await;
    assert_eq!(fault(&missing), ("itemNotFound", 404, "The resource could not be found."));
    app.send("GET", "/v2.1/extensions", &[], "").await.expect(401);
    app.nova(&app.demo, "2.92", "POST", "/extensions", Value::Null).await.expect(404);
}
