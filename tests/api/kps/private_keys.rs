//! Kept private keys on their way out and in (KPS V3): export, import, clear.

use std::fs;
use std::process::Command;

use keypaird::domain::{Owner, ProjectId, Record, Role};
use serde_json::{Value, json};

use super::{documented, owner, refusal, store_kept_project_pair};
use crate::support::{Answer, TestApp, User};

/// A key pair whose private key is kept; the private key as its create answer had it.
async fn kept(app: &TestApp, user: &User, name: &str, algorithm: &str) -> String {
    let keypair = json!({ "name": name, "algorithm": algorithm, "key_protection": "default" });
    let made = app.kps(user, "POST", "", json!({ "keypair": keypair })).await.expect(200);
    made.body["keypair"]["private_key"].as_str().unwrap().to_owned()
}

async fn export(app: &TestApp, user: &User, keypair: Value) -> Answer {
    app.kps_v3(user, "POST", "/private-key/export", json!({ "keypair": keypair })).await
}

async fn exported(app: &TestApp, user: &User, keypair: Value) -> String {
    let answer = export(app, user, keypair).await.expect(200);
    answer.body["keypair"]["private_key"].as_str().unwrap().to_owned()
}

async fn import(app: &TestApp, user: &User, name: &str, private_key: &str) -> Answer {
    let key_protection = json!({ "private_key": private_key, "encryption": { "type": "default" } });
    let body = json!({ "keypair": { "name": name, "key_protection": key_protection } });
    app.kps_v3(user, "POST", "/private-key/import", body).await
}

async fn clear(app: &TestApp, user: &User, name: &str) -> Answer {
    app.kps_v3(user, "DELETE", &format!("/{name}/private-key"), Value::Null).await
}

async fn shown(app: &TestApp, user: &User, name: &str) -> Value {
    app.kps(user, "GET", &format!("/{name}"), Value::Null).await.expect(200).body["keypair"].clone()
}

fn events(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| format!("{} {}", record.event, record.outcome)).collect()
}

/// The public key that OpenSSH reads out of a private key file.
fn public_half(private_key: &str, passphrase: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, private_key).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let output = Command::new("ssh-keygen").args(["-y", "-P", passphrase, "-f"]).arg(&file).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let line = String::from_utf8(output.stdout).unwrap();
    Ok(line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

#[actix_web::test]
async fn a_kept_private_key_comes_out_as_it_was_made_as_often_as_it_is_asked_for() {
    let app = TestApp::spawn().await;
    for algorithm in ["rsa-2048", "ed25519", "ecdsa-p256"] {
        let private_key = kept(&app, &app.demo, algorithm, algorithm).await;
        for _ in 0..2 {
            assert_eq!(exported(&app, &app.demo, json!({ "name": algorithm })).await, private_key);
        }
    }
}

#[actix_web::test]
async fn a_private_key_comes_out_in_the_format_and_under_the_passphrase_that_is_asked_for() {
    let app = TestApp::spawn().await;
    kept(&app, &app.demo, "web", "rsa-2048").await;
    let stored = shown(&app, &app.demo, "web").await["public_key"].as_str().unwrap().to_owned();
    let stored = stored.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let forms = [("pkcs1", "BEGIN RSA PRIVATE KEY"), ("pkcs8", "BEGIN PRIVATE KEY"), ("openssh", "BEGIN OPENSSH")];
    for (format, head) in forms {
        let key = exported(&app, &app.demo, json!({ "name": "web", "private_key_format": format })).await;
        assert!(key.contains(head), "{format}");
        assert_eq!(public_half(&key, "").unwrap(), stored, "{format}");
    }
    let wish = json!({ "name": "web", "passphrase": "correct horse" });
    let encrypted = exported(&app, &app.demo, wish.clone()).await;
    assert_eq!(public_half(&encrypted, "correct horse").unwrap(), stored);
    assert!(public_half(&encrypted, "wrong").is_err());
    assert_ne!(exported(&app, &app.demo, wish).await, encrypted, "salt and key are fresh each time");

    for (wish, member) in [
        (json!({ "name": "web", "private_key_format": "pkcs8", "passphrase": "x" }), "passphrase: "),
        (json!({ "name": "web", "private_key_format": "der" }), "private_key_format: "),
        (json!({ "name": "web", "passphrase": "" }), "passphrase: "),
        (json!({ "name": "web", "pass_phrase": "x" }), "keypair: has no member 'pass_phrase'"),
        (json!({}), "name: "),
    ] {
        let refused = export(&app, &app.demo, wish).await;
        let (status, code, message) = refusal(&refused);
        assert_eq!((status, code), (400, "KPS.0002"), "{message}");
        assert!(message.starts_with(member), "{message}");
    }
    let records = app.ledger(&owner(&app.demo)).await;
    let formats: Vec<_> = records.iter().filter(|it| it.outcome == "done").filter_map(|it| it.format.clone()).collect();
    let under_a_passphrase = "openssh, under a passphrase";
    assert_eq!(formats, ["pkcs1", "pkcs8", "openssh", under_a_passphrase, under_a_passphrase]);
    assert!(!serde_json::to_string(&records).unwrap().contains("correct horse"));
}

#[actix_web::test]
async fn s50_no_answer_with_a_private_key_may_be_stored_or_is_compressed() {
    let app = TestApp::spawn().await;
    kept(&app, &app.demo, "web", "ed25519").await;
    let token = app.demo.token.as_str();
    let kps = format!("/v2.1/{}/keypairs", app.demo.project_id);
    let v3 = format!("/v3/{}/keypairs/private-key/export", app.demo.project_id);
    let create = |name: &str| json!({ "keypair": { "name": name, "algorithm": "ed25519" } });
    for (path, body) in [
        ("/v2.1/os-keypairs", create("a")),
        ("/v2/os-keypairs", create("b")),
        (kps.as_str(), create("c")),
        (v3.as_str(), json!({ "keypair": { "name": "web" } })),
    ] {
        let headers = [("X-Auth-Token", token), ("Accept-Encoding", "gzip, br, zstd, deflate")];
        let answer = app.json("POST", path, &headers, body).await.expect(200);
        assert!(answer.text.contains("PRIVATE KEY"), "{path}");
        assert_eq!(answer.header("cache-control"), ["no-store"], "{path}");
        assert_eq!(answer.header("pragma"), ["no-cache"], "{path}");
        assert!(answer.header("content-encoding").is_empty() && answer.header("etag").is_empty(), "{path}");
    }
}

#[actix_web::test]
async fn what_is_not_kept_or_not_there_is_told_apart_and_recorded() {
    let app = TestApp::spawn().await;
    let plain = json!({ "keypair": { "name": "plain", "algorithm": "ed25519" } });
    app.kps(&app.demo, "POST", "", plain).await.expect(200);
    let refused = export(&app, &app.demo, json!({ "name": "plain" })).await;
    assert_eq!(refusal(&refused), (400, "KPS.6005", "no private key of key pair 'plain' is kept"));
    let refused = clear(&app, &app.demo, "plain").await;
    assert_eq!(refusal(&refused), (404, "KPS.6005", "no private key of key pair 'plain' is kept"));
    let refused = export(&app, &app.demo, json!({ "name": "nope" })).await;
    assert_eq!(refusal(&refused), (404, "KPS.4016", "key pair 'nope' does not exist"));
    assert_eq!(refusal(&clear(&app, &app.demo, "nope").await).0, 404);
    let records = app.ledger(&owner(&app.demo)).await;
    assert_eq!(events(&records), ["create done", "export refused", "clear refused", "export refused", "clear refused"]);
}

#[actix_web::test]
async fn a_private_key_is_imported_into_a_key_pair_that_is_there_and_replaces_what_was_kept() {
    let app = TestApp::spawn().await;
    let body = documented("import with a managed private key");
    let private_key = body["keypair"]["key_protection"]["private_key"].as_str().unwrap();
    let bare = json!({ "keypair": { "name": "bare", "public_key": body["keypair"]["public_key"] } });
    app.kps(&app.demo, "POST", "", bare).await.expect(200);

    let stranger = kept(&app, &app.demo, "other", "rsa-2048").await;
    let refused = import(&app, &app.demo, "bare", &stranger).await;
    assert_eq!(refusal(&refused).1, "KPS.6011");
    assert_eq!(refusal(&import(&app, &app.demo, "bare", "no key").await).1, "KPS.0002");
    assert_eq!(shown(&app, &app.demo, "bare").await["is_key_protection"], false);

    let answer = import(&app, &app.demo, "bare", private_key).await.expect(200);
    assert_eq!(answer.body["keypair"]["name"], "bare");
    assert!(!answer.text.contains("PRIVATE KEY"));
    assert_eq!(shown(&app, &app.demo, "bare").await["is_key_protection"], true);
    assert_eq!(exported(&app, &app.demo, json!({ "name": "bare" })).await, private_key);
    // Once more: the same key in another format takes the place of the first.
    let again = exported(&app, &app.demo, json!({ "name": "bare", "private_key_format": "pkcs8" })).await;
    import(&app, &app.demo, "bare", &again).await.expect(200);
    assert_eq!(exported(&app, &app.demo, json!({ "name": "bare" })).await, again);
    assert_eq!(refusal(&import(&app, &app.demo, "nope", private_key).await).0, 404);
}

#[actix_web::test]
async fn a_cleared_private_key_is_gone_and_its_key_pair_stays() {
    let app = TestApp::spawn().await;
    kept(&app, &app.demo, "web", "ed25519").await;
    let answer = clear(&app, &app.demo, "web").await.expect(200);
    assert_eq!(answer.text, "");
    assert_eq!(shown(&app, &app.demo, "web").await["is_key_protection"], false);
    assert_eq!(refusal(&export(&app, &app.demo, json!({ "name": "web" })).await).1, "KPS.6005");
    assert_eq!(refusal(&clear(&app, &app.demo, "web").await).1, "KPS.6005");
}

#[actix_web::test]
async fn a_user_names_no_other_user_to_import_for() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let private_key = kept(&app, &bob, "web", "ed25519").await;
    for (caller, of) in [(&app.demo, &bob), (&app.admin, &bob)] {
        let key_protection = json!({ "private_key": private_key, "encryption": { "type": "default" } });
        let keypair = json!({ "name": "web", "user_id": of.user_id, "key_protection": key_protection });
        let refused = app.kps_v3(caller, "POST", "/private-key/import", json!({ "keypair": keypair })).await;
        assert_eq!(refusal(&refused).1, "KPS.9003", "{}", caller.name);
    }
}

#[actix_web::test]
async fn s30_a_reader_exports_nothing_and_the_attempt_is_recorded() {
    let app = TestApp::spawn().await;
    let rita = app.user("rita", "demo", Role::READER).await;
    kept(&app, &rita, "web", "ed25519").await;
    assert_eq!(shown(&app, &rita, "web").await["is_key_protection"], true, "she reads");
    let refused = export(&app, &rita, json!({ "name": "web" })).await;
    assert_eq!((refusal(&refused).0, refusal(&refused).1), (403, "KPS.9003"));
    let records = app.ledger(&owner(&rita)).await;
    let [_, refused] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((refused.event.as_str(), refused.outcome.as_str()), ("export", "refused"));
    assert_eq!(refused.key_pair_name.as_deref(), Some("web"));
}

#[actix_web::test]
async fn s41_a_foreign_name_and_a_missing_one_are_refused_and_recorded_alike() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    kept(&app, &bob, "foreign", "ed25519").await;
    for name in ["foreign", "missing"] {
        let refused = export(&app, &app.demo, json!({ "name": name })).await;
        assert_eq!(refusal(&refused), (404, "KPS.4016", format!("key pair '{name}' does not exist").as_str()));
    }
    let records = app.ledger(&owner(&app.demo)).await;
    let [mut foreign, mut missing] = <[Record; 2]>::try_from(records).unwrap();
    for record in [&mut foreign, &mut missing] {
        record.at = 0;
        record.request_id = None;
        let name = record.key_pair_name.take().unwrap();
        record.detail = record.detail.take().map(|detail| detail.replace(&name, "NAME"));
    }
    assert_eq!(foreign, missing);
    assert_eq!(events(&app.ledger(&owner(&bob)).await), ["create done"], "nothing on the owner's chain");
}

#[actix_web::test]
async fn a_flood_of_refused_attempts_is_a_few_records() {
    let app = TestApp::spawn().await;
    for number in 0..40 {
        export(&app, &app.demo, json!({ "name": format!("nope{}", number % 20) })).await.expect(404);
    }
    assert_eq!(app.ledger(&owner(&app.demo)).await.len(), 10);
}

#[actix_web::test]
async fn s37_what_cannot_be_recorded_does_not_leave() {
    let app = TestApp::spawn().await;
    kept(&app, &app.demo, "web", "ed25519").await;
    app.sql(if app.settings.database.url.is_some() {
        "ALTER TABLE ledger ADD CONSTRAINT no_room CHECK (seq < 0) NOT VALID"
    } else {
        "CREATE TRIGGER no_room BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is full'); END"
    })
    .await;
    let create = json!({ "keypair": { "name": "new", "algorithm": "ed25519" } });
    let answers = [
        export(&app, &app.demo, json!({ "name": "web" })).await,
        app.kps(&app.demo, "POST", "", create.clone()).await,
        app.nova(&app.demo, "2.1", "POST", "/os-keypairs", create).await,
        clear(&app, &app.demo, "web").await,
    ];
    for answer in answers {
        assert_eq!(answer.code(), 500, "{}", answer.text);
        assert!(!answer.text.contains("PRIVATE KEY") && !answer.text.contains("ledger"), "{}", answer.text);
    }
    app.kps(&app.demo, "GET", "/new", Value::Null).await.expect(404);
    assert_eq!(shown(&app, &app.demo, "web").await["is_key_protection"], true);
    assert_eq!(events(&app.ledger(&owner(&app.demo)).await), ["create done"]);
}

#[actix_web::test]
async fn s39_a_record_says_who_what_and_whence_and_holds_nothing_secret() {
    let app = TestApp::spawn().await;
    let private_key = kept(&app, &app.demo, "web", "ed25519").await;
    let answer = export(&app, &app.demo, json!({ "name": "web" })).await.expect(200);
    let records = app.ledger(&owner(&app.demo)).await;
    let [created, exported] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(created.event, "create");
    let exported = serde_json::to_value(exported).unwrap();
    let id = exported["key_pair_id"].as_str().unwrap();
    let expected = json!({
        "at": exported["at"], "event": "export", "outcome": "done", "user_id": app.demo.user_id,
        "project_id": app.demo.project_id, "dialect": "kps", "client": "127.0.0.1",
        "request_id": answer.header("x-request-id")[0], "key_pair_id": id, "key_pair_name": "web",
        "fingerprint": exported["fingerprint"], "commitment": exported["commitment"], "format": "as kept",
        "repeats": 1,
    });
    assert_eq!(exported, expected);
    assert!(exported["fingerprint"].as_str().unwrap().starts_with("SHA256:"));
    let all = serde_json::to_string(&records).unwrap();
    assert!(!all.contains("PRIVATE KEY") && !all.contains(&app.demo.token));
    for line in private_key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!all.contains(line));
    }
}

#[actix_web::test]
async fn a_projects_private_key_is_for_its_members_and_the_users_own_comes_first() {
    let app = TestApp::spawn().await;
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let project = Owner::Project(ProjectId::parse(&app.demo.project_id).unwrap());
    let shared = store_kept_project_pair(&app, &app.demo, "shared").await;
    for user in [&app.demo, &bob, &app.demo] {
        assert_eq!(exported(&app, user, json!({ "name": "shared" })).await, shared);
    }
    let records = app.ledger(&project).await;
    assert_eq!(events(&records), ["export done", "export done", "export done"]);
    assert_eq!(records[1].user_id, bob.user_id);

    // Nobody can take a name that the project has; a project's that comes later hides behind the user's own.
    let own = kept(&app, &bob, "twin", "ed25519").await;
    let twin = store_kept_project_pair(&app, &app.demo, "twin").await;
    assert_eq!(exported(&app, &bob, json!({ "name": "twin" })).await, own);
    clear(&app, &bob, "twin").await.expect(200);
    assert_eq!(refusal(&export(&app, &bob, json!({ "name": "twin" })).await).1, "KPS.6005", "it never falls through");
    assert_eq!(refusal(&clear(&app, &bob, "twin").await).1, "KPS.6005");
    assert_eq!(exported(&app, &app.demo, json!({ "name": "twin" })).await, twin);
}
