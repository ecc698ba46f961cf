//! Plays every cell of `docs/authorization.md` that has a route.

mod cast;
mod play;
mod table;

use cast::Cast;
use table::Cell;

use crate::support::TestApp;

#[actix_web::test]
async fn each_cell_of_the_document_is_what_a_caller_gets() {
    let app = TestApp::spawn_with(&[("keypair.limit", "1000")]).await;
    let cast = Cast::of(&app).await;
    let mut wrong = Vec::new();
    for Cell { whose, what, who, outcome, route } in table::cells() {
        let got = match play::request(&cast, whose, what, who).await {
            Some(request) => play::outcome(&cast, request).await,
            None => "none yet".to_owned(),
        };
        let expected = match (route, who) {
            ("none yet", _) => route,
            // Its paths name a project, which such a token has not.
            ("KPS", "unscoped") => "403",
            _ => outcome,
        };
        if got != expected {
            wrong.push(format!("{whose}: {what}, {who}: {got}, and the document says {expected}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
