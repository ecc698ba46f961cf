//! Several kept private keys at once, in a zip archive.

use std::io::{Cursor, Read};

use awc::http::header::CONTENT_TYPE;
use keypaird::domain::{Owner, ProjectId, Role};
use serde_json::{Value, json};
use zip::ZipArchive;

use super::super::{owner, refusal};
use super::small;
use crate::support::{Answer, TestApp, User};

async fn kept(app: &TestApp, user: &User, scope: &str, name: &str) -> String {
    let keypair = json!({ "name": name, "scope": scope, "algorithm": "ed25519", "key_protection": "default" });
    let made = app.kps_v3(user, "POST", "", json!({ "keypair": keypair })).await.expect(200);
    made.body["keypair"]["private_key"].as_str().unwrap().to_owned()
}

async fn export(app: &TestApp, user: &User, names: &[&str]) -> Answer {
    let items = names.iter().map(|name| json!({ "keypair": { "name": name } })).collect();
    app.kps_v3(user, "POST", "/private-key/batch-export", Value::Array(items)).await
}

/// Name, Unix mode and content of each file.
fn files(answer: &Answer) -> Vec<(String, Option<u32>, String)> {
    let mut archive = ZipArchive::new(Cursor::new(&answer.bytes)).expect("is a zip archive");
    let count = archive.len();
    let read = |place| {
        let mut file = archive.by_index(place).expect("is a file");
        let mut content = String::new();
        file.read_to_string(&mut content).expect("its checksum fits");
        (file.name().expect("has a name").into_owned(), file.unix_mode(), content)
    };
    (0..count).map(read).collect()
}

async fn events(app: &TestApp, of: &Owner) -> Vec<String> {
    app.ledger(of).await.iter().map(|it| format!("{} {} {:?}", it.event, it.outcome, it.key_pair_name)).collect()
}

#[actix_web::test]
async fn kept_private_keys_come_out_as_files_that_only_their_user_reads_and_are_recorded_each() {
    let app = TestApp::spawn().await;
    let long = "n".repeat(255);
    let (own, shared, named) = (
        kept(&app, &app.demo, "user", "own").await,
        kept(&app, &app.demo, "domain", "shared").await,
        kept(&app, &app.demo, "user", &long).await,
    );
    let answer = export(&app, &app.demo, &["own", "shared", &long]).await.expect(200);
    assert_eq!(answer.headers.get(CONTENT_TYPE).unwrap(), "application/zip");
    assert_eq!(answer.header("content-disposition"), ["attachment; filename=\"keypairs.zip\""]);
    assert_eq!(answer.header("cache-control"), ["no-store"]);
    let mode = Some(0o100_600);
    let expected = [
        ("own.pem".to_owned(), mode, own),
        ("shared.pem".to_owned(), mode, shared),
        (format!("{}.pem", &long[..251]), mode, named),
    ];
    assert_eq!(files(&answer), expected);

    let project = Owner::Project(ProjectId::parse(&app.demo.project_id).unwrap());
    assert_eq!(events(&app, &project).await, ["create done Some(\"shared\")", "export done Some(\"shared\")"]);
    let of_user = events(&app, &owner(&app.demo)).await;
    assert_eq!(of_user[2..], ["export done Some(\"own\")".to_owned(), format!("export done Some({long:?})")]);
}

#[actix_web::test]
async fn a_file_is_named_so_that_it_can_be_unpacked_anywhere() {
    let app = TestApp::spawn().await;
    let names = ["../my laptop", "..\\my laptop", "Web", "web", "schlüssel"];
    for name in names {
        let keypair = json!({ "name": name, "key_protection": "default" });
        let headers = [("X-Auth-Token", app.demo.token.as_str())];
        app.json("POST", "/v2/os-keypairs", &headers, json!({ "keypair": keypair })).await.expect(200);
    }
    let keypair = json!({ "name": "windows", "type": "x509", "key_protection": "default" });
    app.kps_v3(&app.demo, "POST", "", json!({ "keypair": keypair })).await.expect(200);
    let answer = export(&app, &app.demo, &[&names[..], &["windows"]].concat()).await.expect(200);
    let mut archive = ZipArchive::new(Cursor::new(&answer.bytes)).unwrap();
    let unpacked: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let expected = [".._my laptop.pem", ".._my laptop-2.pem", "Web.pem", "web-2.pem", "schlüssel.pem", "windows.p12"];
    assert_eq!(unpacked, expected);
    let mut content = Vec::new();
    archive.by_index(5).unwrap().read_to_end(&mut content).unwrap();
    openssl::pkcs12::Pkcs12::from_der(&content).unwrap().parse2("").unwrap().pkey.unwrap();
    // One by one they come out under their own names.
    for name in names {
        let wish = json!({ "keypair": { "name": name } });
        app.kps_v3(&app.demo, "POST", "/private-key/export", wish).await.expect(200);
    }
}

#[actix_web::test]
async fn what_a_list_answered_can_be_sent_back() {
    let app = TestApp::spawn().await;
    kept(&app, &app.demo, "user", "own").await;
    let listed = app.kps_v3(&app.demo, "GET", "", Value::Null).await.expect(200);
    let answer = app.kps_v3(&app.demo, "POST", "/private-key/batch-export", listed.body["keypairs"].clone()).await;
    assert_eq!(files(&answer.expect(200)).len(), 1);
    // The Terraform provider sends what is not configured as null.
    let sparse = json!([{ "keypair": { "name": "own", "type": null, "scope": null, "public_key": null,
        "fingerprint": null, "is_key_protection": null, "frozen_state": null } }]);
    app.kps_v3(&app.demo, "POST", "/private-key/batch-export", sparse).await.expect(200);
}

#[actix_web::test]
async fn nothing_comes_out_where_one_of_them_cannot() {
    let app = TestApp::spawn().await;
    let rita = app.user("rita", "demo", Role::READER).await;
    for name in ["a", "b"] {
        kept(&app, &app.demo, "domain", name).await;
    }
    app.kps_v3(&app.demo, "POST", "", small("plain")).await.expect(200);
    for (user, names, status, code, told) in [
        (&app.demo, &["a", "plain", "b"][..], 400, "KPS.6005", "no private key of key pair 'plain' is kept"),
        (&app.demo, &["a", "nope"][..], 404, "KPS.4016", "key pair 'nope' does not exist"),
        (&rita, &["a"][..], 403, "KPS.9003", "not allowed to"),
    ] {
        let refused = export(&app, user, names).await;
        let said = refusal(&refused);
        assert_eq!((said.0, said.1), (status, code), "{names:?}");
        assert!(said.2.starts_with(told) && !refused.text.contains("PRIVATE KEY"), "{}", refused.text);
    }
    let project = Owner::Project(ProjectId::parse(&app.demo.project_id).unwrap());
    assert_eq!(events(&app, &project).await.len(), 2, "two creates and no export");
    assert_eq!(
        events(&app, &owner(&app.demo)).await,
        ["export refused Some(\"plain\")", "export refused Some(\"nope\")"]
    );
}

#[actix_web::test]
async fn a_batch_names_one_to_ten_key_pairs_each_once() {
    let app = TestApp::spawn().await;
    kept(&app, &app.demo, "user", "own").await;
    let many: Vec<String> = (0..11).map(|number| format!("pair{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (names, told) in [
        (&[][..], "body: must be an array of 1 to 10 objects"),
        (&many, "body: must be an array of 1 to 10 objects"),
        (&["own", "own"], "[1].name: is that of an earlier item, too"),
        (&["own", "a\0b"], "[1].name: cannot be the name of a key pair"),
    ] {
        let refused = export(&app, &app.demo, names).await;
        assert_eq!(refusal(&refused), (400, "KPS.0002", told));
    }
}
