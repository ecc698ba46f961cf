//! Each call is answered once.

use futures_util::future::join_all;
use futures_util::stream::pending;
use keypaird::app::Application;

use super::{PASSED, refusal};
use crate::support::TestApp;
use crate::support::access_key::{Key, key_of};
use crate::support::alibaba::{Sent, acs3, date, in_query, rpc};

const USED: (u16, &str) = (400, "SignatureNonceUsed");

fn signed(key: &Key, given: &[(&str, &str)]) -> Sent {
    in_query("POST", &rpc(key, "POST", &[&[("Version", "2014-05-26"), ("Action", "NoSuchAction")], given].concat()))
}

#[actix_web::test]
async fn s32_a_call_that_is_sent_again_is_refused() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    for sent in [signed(&key, &[]), acs3(&app, &key, &[], &[], ""), acs3(&app, &key, &[], &[], "a=b")] {
        assert_eq!(refusal(&sent.to(&app).await), PASSED);
        for _ in 0..2 {
            let answer = sent.to(&app).await;
            assert_eq!(refusal(&answer), USED);
            assert_eq!(answer.body["Message"], "Specified signature nonce was used already.");
        }
    }
}

#[actix_web::test]
async fn s32_of_many_that_come_at_once_one_is_answered() {
    let app = TestApp::spawn().await;
    let sent = signed(&key_of(&app, &app.demo, None).await, &[]);
    let answers = join_all((0..16).map(|_| sent.to(&app))).await;
    let passed = answers.iter().filter(|answer| refusal(answer) == PASSED).count();
    let used = answers.iter().filter(|answer| refusal(answer) == USED).count();
    assert_eq!((passed, used), (1, 15));
}

#[actix_web::test]
async fn s32_another_process_on_the_same_database_has_seen_it_too() {
    let app = TestApp::spawn().await;
    let sent = signed(&key_of(&app, &app.demo, None).await, &[]);
    assert_eq!(refusal(&sent.to(&app).await), PASSED);
    let replica = Application::build(&app.settings).await.unwrap();
    let (address, handles) = (replica.address(), replica.handles());
    actix_web::rt::spawn(replica.run(pending()));
    let mut answer = awc::Client::new().post(format!("http://{address}/?{}", sent.query)).send().await.unwrap();
    let body = answer.body().await.unwrap();
    assert_eq!((answer.status().as_u16(), &body[..]), (400, &body[..]));
    assert!(String::from_utf8_lossy(&body).contains("\"SignatureNonceUsed\""), "{body:?}");
    for handle in handles {
        handle.stop(false).await;
    }
}

#[actix_web::test]
async fn s32_it_is_one_of_its_access_key_in_either_scheme() {
    let app = TestApp::spawn().await;
    let (key, other) = (key_of(&app, &app.demo, None).await, key_of(&app, &app.demo, None).await);
    assert_eq!(refusal(&signed(&key, &[("SignatureNonce", "once")]).to(&app).await), PASSED);
    assert_eq!(refusal(&signed(&other, &[("SignatureNonce", "once")]).to(&app).await), PASSED);
    let in_headers = acs3(&app, &key, &[("x-acs-signature-nonce", "once")], &[], "");
    assert_eq!(refusal(&in_headers.to(&app).await), USED);
}

#[actix_web::test]
async fn s32_nobody_uses_up_anothers_nonce_by_a_request_that_is_refused() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    let nonce = ("SignatureNonce", "mine");
    let wrong = Key { secret: "x".repeat(43), ..key.clone() };
    assert_eq!(refusal(&signed(&wrong, &[nonce]).to(&app).await).1, "SignatureDoesNotMatch");
    let old = date(-1000);
    assert_eq!(refusal(&signed(&key, &[nonce, ("Timestamp", &old)]).to(&app).await).1, "InvalidTimeStamp.Expired");
    assert_eq!(refusal(&signed(&key, &[nonce]).to(&app).await), PASSED);
    assert_eq!(refusal(&signed(&key, &[nonce]).to(&app).await), USED);
}

#[actix_web::test]
async fn s32_what_cannot_be_remembered_is_not_answered() {
    let app = TestApp::spawn().await;
    let key = key_of(&app, &app.demo, None).await;
    app.sql("ALTER TABLE nonces RENAME TO lost").await;
    let answer = signed(&key, &[]).to(&app).await;
    assert_eq!(refusal(&answer), (500, "InternalError"));
    assert!(!answer.text.contains("nonces"), "{}", answer.text);
}
