//! `keypaird reseal`.

use keypaird::domain::{Owner, Suite, UserId};
use keypaird::service::Pace;
use keypaird::vault::Suites;
use serde_json::json;

use super::meanwhile::{jobs, meanwhile};
use super::rows::{create, export, keep, status};
use super::support::TestApp;
use super::{run, told};

const RESEAL: [&str; 5] = ["reseal", "--suite", "chacha20-poly1305", "--set", "vault.suite=chacha20-poly1305"];

#[actix_web::test]
async fn private_keys_are_sealed_anew_by_another_suite_and_the_ledger_says_so() {
    let app = TestApp::spawn().await;
    let private_key = keep(&app, &app.demo, 5).await;
    let refused = run(&app, &RESEAL[..3]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("vault.suite"), "the service would seal by another");
    let told_first = told(&app, &RESEAL).await;
    assert_eq!(told_first, "sealed 5 private keys anew; 0 are left\n");
    assert_eq!(status(&app).await[0]["suite"], json!("chacha20-poly1305"));
    assert_eq!(status(&app).await[0]["private_keys"], json!(5));
    for number in 0..5 {
        assert_eq!(export(&app, &app.demo, &format!("k{number}")).await, private_key);
    }
    assert_eq!(told(&app, &RESEAL).await, "sealed 0 private keys anew; 0 are left\n");
    let owner = Owner::User(UserId::parse(&app.demo.user_id).unwrap());
    let records = app.ledger(&owner).await;
    let resealed: Vec<_> = records.iter().filter(|record| record.event == "reseal").collect();
    assert_eq!(resealed.len(), 5);
    assert!(resealed.iter().all(|record| record.dialect == "cli" && record.user_id.starts_with("os:")));
    assert!(told(&app, &["verify"]).await.starts_with("5 private keys are sound\n"));
}

#[actix_web::test]
async fn what_a_service_seals_by_the_old_suite_meanwhile_is_sealed_anew_too() {
    let app = TestApp::spawn().await;
    let mut users = [&app.demo, &app.admin];
    users.sort_by_key(|user| user.user_id.clone());
    let [earlier, later] = users;
    keep(&app, later, 5).await;
    let (old, new) = (Suite::Aes256GcmHkdfSha512Commit, Suite::ChaCha20Poly1305HkdfSha512Commit);
    let kept = jobs(&app, app.vault.clone().with_suites(Suites::new(new, vec![old, new]).unwrap()));
    let reseal = async move |pause: &mut (dyn FnMut() + Send)| {
        kept.reseal(new, Pace::AsFastAsPossible, &mut |_| pause()).await.expect("reports")
    };
    // Where the job has been already.
    let report = meanwhile(reseal, create(&app, earlier, "behind")).await;
    assert_eq!((report.done, report.left), (6, 0));
    assert_eq!(status(&app).await.as_array().unwrap().len(), 1);
}
