//! What a list contains: S28.

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::seen;
use crate::kps::store_project_pair;
use crate::nova::{imported, names};
use crate::support::{Answer, TestApp, User};

/// Queries that would widen a list, were they believed.
const QUERIES: [&str; 30] = [
    "",
    "?marker=bobs",
    "?marker=a-theirs",
    "?marker=%25",
    "?marker=*",
    "?marker=_",
    "?marker=%00",
    "?marker=anns%00bobs",
    "?marker=u:BOB",
    "?marker=anns'%20OR%20'1'='1",
    "?limit=1000000",
    "?limit=0",
    "?limit=99999999999999999999",
    "?limit=1%20OFFSET%202",
    "?user_id=%25",
    "?user_id=*",
    "?user_id=_",
    "?user_id=",
    "?user_id=BOB",
    "?user_id=ANN&user_id=BOB",
    "?USER_ID=BOB",
    "?sort_key=owner&sort_dir=desc",
    "?sort_key=user_id",
    "?sort=name:asc;user_id=BOB",
    "?name=%25",
    "?name=bobs",
    "?owner=p:OTHER&project_id=OTHER&tenant_id=OTHER",
    "?all_tenants=1&all_projects=true",
    "?region=%25",
    "?changes-since=1970-01-01T00:00:00Z",
];

/// Ann sees two key pairs of her own and the project's; Bob's, and those of another project, she does not.
async fn two_users(app: &TestApp) -> (User, User) {
    let bob = app.user("bob", "demo", Role::MEMBER).await;
    let eve = app.user("eve", "elsewhere", Role::MEMBER).await;
    imported(app, &app.demo, &["anns", "z-anns"]).await;
    imported(app, &bob, &["bobs"]).await;
    imported(app, &eve, &["eves"]).await;
    store_project_pair(app, &app.demo, "shared").await;
    store_project_pair(app, &eve, "a-theirs").await;
    (bob, eve)
}

/// Fails unless the answer is a refusal, or a list of nothing but `visible`; how many it has.
#[track_caller]
fn visible_only(answer: &Answer, visible: &[&str], asked: &str) -> Option<usize> {
    if answer.code() != 200 {
        assert!([400, 403].contains(&answer.code()), "{asked}: {}", answer.text);
        return None;
    }
    let listed = names(answer);
    assert!(listed.iter().all(|name| visible.contains(name)), "{asked}: {listed:?}");
    Some(listed.len())
}

#[actix_web::test]
async fn s28_no_query_brings_anothers_key_pair_into_a_list() {
    let app = TestApp::spawn().await;
    let (bob, eve) = two_users(&app).await;
    let unscoped = app.rescoped(&app.demo, json!("unscoped")).await;
    let (ann, bobs) = (app.demo.user_id.as_str(), bob.user_id.as_str());
    for (caller, other, visible) in [
        (&app.demo, bobs, &["anns", "shared", "z-anns"][..]),
        (&unscoped, bobs, &["anns", "z-anns"]),
        (&bob, ann, &["bobs", "shared"]),
        (&app.admin, "nobody", &[]),
    ] {
        let mut whole = 0;
        for query in QUERIES {
            let query = query.replace("BOB", other).replace("ANN", &caller.user_id).replace("OTHER", &eve.project_id);
            for version in ["2.1", "2.10", "2.35", "2.74", "2.75", "latest"] {
                let answer = app.nova(caller, version, "GET", &format!("/os-keypairs{query}"), Value::Null).await;
                let asked = format!("{} {version} {query}", caller.name);
                whole += usize::from(visible_only(&answer, visible, &asked) == Some(visible.len()));
            }
            let token = [("X-Auth-Token", caller.token.as_str())];
            let frozen = app.json("GET", &format!("/v2/os-keypairs{query}"), &token, Value::Null).await;
            visible_only(&frozen, visible, &query);
            let kps = app.kps(caller, "GET", &query, Value::Null).await;
            visible_only(&kps, visible, &query);
        }
        assert!(whole > 50, "{}: only {whole} lists were whole", caller.name);
    }
}

#[actix_web::test]
async fn s28_a_marker_of_anothers_is_a_marker_that_does_not_exist() {
    let app = TestApp::spawn().await;
    two_users(&app).await;
    for (foreign, missing) in [("bobs", "nobs"), ("eves", "neve"), ("a-theirs", "a-nobody")] {
        let [foreign_answer, missing_answer] = [foreign, missing].map(|marker| format!("/os-keypairs?marker={marker}"));
        let foreign_answer = app.nova(&app.demo, "2.92", "GET", &foreign_answer, Value::Null).await.expect(400);
        let missing_answer = app.nova(&app.demo, "2.92", "GET", &missing_answer, Value::Null).await;
        assert_eq!(seen(&foreign_answer, foreign), seen(&missing_answer, missing));
    }
}

#[actix_web::test]
async fn s28_no_page_of_a_list_has_anothers_key_pair() {
    let app = TestApp::spawn().await;
    two_users(&app).await;
    let (mut seen, mut path) = (Vec::new(), "/os-keypairs?limit=1".to_owned());
    for _ in 0..10 {
        let page = app.nova(&app.demo, "2.92", "GET", &path, Value::Null).await.expect(200);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page.body["keypairs_links"][0]["href"].as_str() else { break };
        path = next.split_once("/v2.1").unwrap().1.to_owned();
    }
    assert_eq!(seen, ["anns", "shared", "z-anns"]);
}

#[actix_web::test]
async fn s28_a_name_is_no_pattern() {
    let app = TestApp::spawn().await;
    two_users(&app).await;
    for name in ["%25", "_", "*", "ann_", "ann%25", "a*", "ANNS", "anns%20", "%20anns", "[a]nns", "?nns", ".*"] {
        for method in ["GET", "DELETE"] {
            app.nova(&app.demo, "2.1", method, &format!("/os-keypairs/{name}"), Value::Null).await.expect(404);
            app.kps(&app.demo, method, &format!("/{name}"), Value::Null).await.expect(404);
        }
    }
    let list = app.nova(&app.demo, "2.1", "GET", "/os-keypairs", Value::Null).await.expect(200);
    assert_eq!(names(&list), ["anns", "shared", "z-anns"]);
}
