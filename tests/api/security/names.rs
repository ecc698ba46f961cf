//! Names of key pairs: S56.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::{of_user, stored};
use crate::nova::{ED25519, imported};
use crate::support::{Answer, TestApp, User};

async fn by_frozen_api(app: &TestApp, method: &str, path: &str, body: Value) -> Answer {
    app.json(method, &format!("/v2/os-keypairs{path}"), &[("X-Auth-Token", &app.demo.token)], body).await
}

/// The API that takes nearly every name.
async fn make(app: &TestApp, name: &str) {
    let body = json!({ "keypair": { "name": name, "public_key": format!("{ED25519} {name}") } });
    by_frozen_api(app, "POST", "", body).await.expect(200);
}

/// What each dialect shows at that place in a path: a name, or nothing.
async fn shown(app: &TestApp, user: &User, written: &str) -> Vec<Option<String>> {
    let token = [("X-Auth-Token", user.token.as_str())];
    let mut shown = Vec::new();
    let (v2_1, v3) = (format!("/v2.1/{}/keypairs", user.project_id), format!("/v3/{}/keypairs", user.project_id));
    for before in ["/v2.1/os-keypairs", "/v2/os-keypairs", &v2_1, &v3] {
        let answer = app.send("GET", &format!("{before}/{written}"), &token, "").await;
        assert!([200, 400, 404].contains(&answer.code()), "{before}/{written}: {}", answer.text);
        shown.push(answer.body["keypair"]["name"].as_str().map(str::to_owned));
    }
    shown
}

/// Two forms of one word are two names: neither shows, replaces or deletes the other's key pair.
#[actix_web::test]
async fn s56_names_that_only_look_alike_are_different_names() {
    let app = TestApp::spawn().await;
    let alike = [
        // Composed, decomposed; a ligature; full width; Greek and Cyrillic; letter case; a sign and the letter.
        ["caf\u{e9}", "cafe\u{301}"],
        ["\u{fb01}le", "file"],
        ["\u{ff41}dmin", "admin"],
        ["\u{3bf}mega", "omega"],
        ["\u{440}ass", "pass"],
        ["Key", "key"],
        ["\u{212b}ngstrom", "\u{c5}ngstrom"],
        ["stra\u{df}e", "strasse"],
        ["\u{130}d", "id"],
        ["a b", "a  b"],
    ];
    for [one, other] in alike {
        make(&app, one).await;
        let written = percent_encoded(other);
        assert!(shown(&app, &app.demo, &written).await.iter().all(Option::is_none), "{other:?} shows {one:?}");
        by_frozen_api(&app, "DELETE", &format!("/{written}"), Value::Null).await.expect(404);
        app.kps(&app.demo, "DELETE", &format!("/{written}"), Value::Null).await.expect(404);
        make(&app, other).await;
        for name in [one, other] {
            let shown = shown(&app, &app.demo, &percent_encoded(name)).await;
            assert!(shown.iter().all(|shown| shown.as_deref() == Some(name)), "{name:?}: {shown:?}");
        }
        by_frozen_api(&app, "DELETE", &format!("/{written}"), Value::Null).await.expect(202);
        assert!(stored(&app, &of_user(&app.demo), one).await.is_some(), "{other:?} deleted {one:?}");
    }
}

fn percent_encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Whatever a path is made of, it reaches a key pair of the caller's that has just the name that it spells, or none.
#[actix_web::test]
async fn s56_no_path_leads_out_of_ones_own_names() {
    let app = TestApp::spawn().await;
    let eve = app.user("eve", "elsewhere", Role::MEMBER).await;
    imported(&app, &eve, &["victim", ".."]).await;
    make(&app, "own").await;
    let (user, project) = (&eve.user_id, &eve.project_id);
    for written in [
        "..%2Fvictim".to_owned(),
        "own%2F..%2Fvictim".to_owned(),
        "..%5Cvictim".to_owned(),
        "own/../victim".to_owned(),
        "%2e%2e/victim".to_owned(),
        "%252e%252e%252fvictim".to_owned(),
        "%2Fvictim".to_owned(),
        "victim%00".to_owned(),
        "%00victim".to_owned(),
        "own%00victim".to_owned(),
        "victim%0a".to_owned(),
        "victim%20".to_owned(),
        "victim;user_id=own".to_owned(),
        "victim%3Fuser_id=own".to_owned(),
        "%E0%80%AE%E0%80%AE%2Fvictim".to_owned(),
        "%C0%AE%C0%AE".to_owned(),
        "%2E%2E".to_owned(),
        "%2e".to_owned(),
        format!("u:{user}%2Fvictim"),
        format!("{user}:victim"),
        format!("..%2F..%2F{project}%2Fos-keypairs%2Fvictim"),
        format!("..%2F..%2Fv2.1%2F{project}%2Fkeypairs%2Fvictim"),
    ] {
        let shown = shown(&app, &app.demo, &written).await;
        assert!(shown.iter().all(Option::is_none), "{written}: {shown:?}");
        for method in ["DELETE", "PUT"] {
            let description = json!({ "keypair": { "description": "taken over" } });
            for kps in [
                app.kps(&app.demo, method, &format!("/{written}"), description.clone()).await,
                app.kps_v3(&app.demo, method, &format!("/{written}"), description).await,
            ] {
                assert!([400, 404].contains(&kps.code()), "{method} {written}: {}", kps.code());
            }
        }
        let nova = app.nova(&app.demo, "2.1", "DELETE", &format!("/os-keypairs/{written}"), Value::Null).await;
        assert!([400, 404].contains(&nova.code()), "{written}: {}", nova.code());
    }
    for (user, name) in [(&eve, "victim"), (&eve, ".."), (&app.demo, "own")] {
        let pair = stored(&app, &of_user(user), name).await.expect("is still there");
        assert_eq!(pair.description, "", "{name}");
    }
}

/// A path is decoded once: a name with a percent sign or a slash in it is that name, and no other's.
#[actix_web::test]
async fn s56_a_path_is_decoded_once() {
    let app = TestApp::spawn().await;
    for name in ["a%2Fb", "a/b", "%41", "A", "%2E", ".", "a+b", "a b"] {
        make(&app, name).await;
    }
    let encoded_slash = Some("a/b".to_owned());
    for (written, name) in [
        ("a%252Fb", "a%2Fb"),
        ("%2541", "%41"),
        ("%41", "A"),
        ("%252E", "%2E"),
        ("%2E", "."),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
    ] {
        let shown = shown(&app, &app.demo, written).await;
        assert!(shown.iter().all(|shown| shown.as_deref() == Some(name)), "{written}: {shown:?}");
    }
    // An encoded slash is a slash to a Nova (recorded), which then has no such route; KPS knows it apart.
    assert_eq!(shown(&app, &app.demo, "a%2Fb").await, [None, None, encoded_slash.clone(), encoded_slash]);
}
