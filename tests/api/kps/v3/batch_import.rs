//! Several key pairs imported at once.

use serde_json::{Value, json};

use super::super::{documented, refusal};
use super::small;
use crate::support::{Answer, TestApp};

async fn import(app: &TestApp, items: Value) -> Answer {
    app.kps_v3(&app.demo, "POST", "/batch-import", items).await
}

#[actix_web::test]
async fn what_is_wrong_with_one_key_pair_stops_no_other() {
    let app = TestApp::spawn().await;
    let mut kept = documented("import with a managed private key");
    kept["keypair"]["key_protection"]["encryption"] = json!({ "type": "default" });
    let mut mismatch = kept.clone();
    mismatch["keypair"]["public_key"] = small("x")["keypair"]["public_key"].clone();
    mismatch["keypair"]["name"] = json!("mismatch");
    let no_key = json!({ "keypair": { "name": "generate" } });
    let mut shared = small("shared");
    shared["keypair"]["scope"] = json!("domain");
    let items = json!([small("a"), small("a"), kept, no_key, mismatch, small("b c"), shared]);
    let answer = import(&app, items).await.expect(200);
    assert!(!answer.text.contains("PRIVATE KEY"), "{}", answer.text);

    let succeeded = answer.body["succeeded_keypairs"].as_array().unwrap();
    let name = kept["keypair"]["name"].as_str().unwrap();
    let names: Vec<_> = succeeded.iter().map(|item| item["keypair"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", name, "shared"]);
    let first = &succeeded[0]["keypair"];
    let public_key = &small("a")["keypair"]["public_key"];
    let pair = json!({
        "name": "a", "type": "ssh", "public_key": public_key, "fingerprint": first["fingerprint"],
        "user_id": app.demo.user_id,
    });
    let mut twice = pair.clone();
    twice["keypair"] = pair;
    assert_eq!(*first, twice, "once for the documentation's readers, and once for the provider's");

    let failed: Vec<_> = answer.body["failed_keypairs"].as_array().unwrap().iter().collect();
    let told = |place: usize| {
        (failed[place]["keypair_name"].as_str().unwrap(), failed[place]["failed_reason"].as_str().unwrap())
    };
    assert_eq!(told(0), ("a", "KPS.0002: name: key pair 'a' already exists"));
    assert_eq!(told(1), ("generate", "KPS.0002: public_key: is required: a batch imports key pairs and makes none"));
    assert!(told(2).0 == "mismatch" && told(2).1.starts_with("KPS.6011: "), "{:?}", told(2));
    assert!(told(3).0 == "b c" && told(3).1.starts_with("KPS.0002: name: must have 1 to 255"), "{:?}", told(3));
    assert_eq!(failed.len(), 4);

    let listed = app.kps_v3(&app.demo, "GET", "", Value::Null).await.expect(200);
    assert_eq!(listed.body["page_info"]["current_count"], 3);
    let exported = json!({ "keypair": { "name": name } });
    app.kps_v3(&app.demo, "POST", "/private-key/export", exported).await.expect(200);
}

#[actix_web::test]
async fn a_batch_has_one_to_ten_key_pairs_each_with_a_name_or_nothing_is_imported() {
    let app = TestApp::spawn().await;
    let many = |count: usize| Value::Array((0..count).map(|number| small(&format!("pair{number}"))).collect());
    for (items, told) in [
        (json!([]), "body: must be an array of 1 to 10 objects"),
        (many(11), "body: must be an array of 1 to 10 objects"),
        (small("a"), "body: must be an array of 1 to 10 objects"),
        (json!([small("a"), {}]), "[1].keypair: is required"),
        (json!([small("a"), "b"]), "[1].keypair: is required"),
        (json!([small("a"), { "keypair": {} }]), "[1].name: is required"),
        (json!([{ "keypair": { "name": 1 } }, small("a")]), "[0].name: must be a string"),
    ] {
        let refused = import(&app, items).await;
        assert_eq!(refusal(&refused), (400, "KPS.0002", told));
    }
    let listed = app.kps_v3(&app.demo, "GET", "", Value::Null).await.expect(200);
    assert_eq!(listed.body["keypairs"], json!([]));
    let answer = import(&app, many(10)).await.expect(200);
    assert_eq!(answer.body["succeeded_keypairs"].as_array().unwrap().len(), 10);
}
