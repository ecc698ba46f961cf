//! The list, page by page.

use serde_json::{Value, json};

use super::super::refusal;
use super::{import_as, small};
use crate::support::TestApp;

async fn page(app: &TestApp, query: &str) -> (Vec<String>, Value) {
    let answer = app.kps_v3(&app.demo, "GET", query, Value::Null).await.expect(200);
    let pairs = answer.body["keypairs"].as_array().unwrap();
    let names = pairs.iter().map(|pair| pair["keypair"]["name"].as_str().unwrap().to_owned()).collect();
    (names, answer.body["page_info"].clone())
}

#[actix_web::test]
async fn an_item_has_the_types_that_the_terraform_provider_decodes() {
    let app = TestApp::spawn().await;
    let made = app.kps_v3(&app.demo, "POST", "", import_as("domain", "web")).await.expect(200).body["keypair"].clone();
    let listed = app.kps_v3(&app.demo, "GET", "", Value::Null).await.expect(200);
    let item = json!({
        "name": "web", "type": "ssh", "scope": "domain", "public_key": made["public_key"],
        "fingerprint": made["fingerprint"], "is_key_protection": false, "frozen_state": "0",
    });
    let page_info = json!({ "next_marker": null, "previous_marker": null, "current_count": 1 });
    assert_eq!(listed.body, json!({ "keypairs": [{ "keypair": item }], "page_info": page_info }));
}

#[actix_web::test]
async fn every_page_says_where_the_next_one_begins_and_the_last_one_nothing() {
    let app = TestApp::spawn().await;
    let names: Vec<String> = (0..25).map(|number| format!("pair{number:02}")).collect();
    for (number, name) in names.iter().enumerate() {
        let body = if number % 3 == 0 { import_as("domain", name) } else { small(name) };
        app.kps_v3(&app.demo, "POST", "", body).await.expect(200);
    }
    for limit in [1, 10, 24, 25, 26] {
        let (mut seen, mut marker, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (page, info) = page(&app, &format!("?limit={limit}{marker}")).await;
            assert_eq!(info["current_count"], page.len());
            seen.extend(page);
            pages += 1;
            let Some(next) = info["next_marker"].as_str() else { break };
            assert_eq!(Some(next), seen.last().map(String::as_str));
            marker = format!("&marker={next}");
        }
        assert_eq!((&seen, pages), (&names, 25_usize.div_ceil(limit)), "limit {limit}");
    }
    assert_eq!(page(&app, "").await.0.len(), 25);
}

#[actix_web::test]
async fn a_list_goes_on_where_the_key_pair_of_the_marker_is_gone() {
    let app = TestApp::spawn().await;
    for name in ["a", "b", "c"] {
        app.kps_v3(&app.demo, "POST", "", small(name)).await.expect(200);
    }
    app.kps_v3(&app.demo, "DELETE", "/b", Value::Null).await.expect(204);
    let (names, info) = page(&app, "?marker=b").await;
    assert_eq!(names, ["c"]);
    assert_eq!(info, json!({ "next_marker": null, "previous_marker": "b", "current_count": 1 }));
    assert_eq!(page(&app, "?marker=&limit=").await.0, ["a", "c"], "empty is not given");
    assert_eq!(page(&app, "?limit=99999999999999999999").await.0, ["a", "c"]);
}

#[actix_web::test]
async fn a_limit_that_is_no_number_is_refused() {
    let app = TestApp::spawn().await;
    for limit in ["0", "-1", "1.5", "ten", "%31x"] {
        let refused = app.kps_v3(&app.demo, "GET", &format!("?limit={limit}"), Value::Null).await;
        assert_eq!(refusal(&refused), (400, "KPS.0002", "limit: must be a whole number, 1 or more"), "{limit}");
    }
    let refused = app.kps_v3(&app.demo, "GET", "?marker=a%00b", Value::Null).await;
    assert_eq!(refusal(&refused), (400, "KPS.0002", "marker: must be the name of a key pair"));
}
