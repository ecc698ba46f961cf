//! A recording of a real Nova 34 is played against the service: it answers alike, but for what `deviations.json` lists.
//! With `TEST_KEYSTONE_URL` its users are those of that Keystone, else of the service's own identity.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, dead_code, unused_imports)]

mod bodies;
mod cast;
mod client;
mod deviations;
mod normal;
mod player;
#[path = "../keystone/realm.rs"]
mod realm;
mod recording;
#[path = "../api/support/mod.rs"]
mod support;

use std::net::SocketAddr;

use self::cast::Cast;
use self::deviations::{Deviations, Outcome, Reason};
use self::normal::{Fields, Run};
use self::player::Player;
use self::recording::{Recording, Row};

#[actix_web::test]
async fn the_service_answers_as_a_real_nova_was_seen_to() {
    let recording = recording::read();
    let (stage, cast) = cast::assemble().await;
    let outcomes = play(&recording, stage.service().address, &cast).await;
    let wrong = Deviations::read().judge(&outcomes);
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), outcomes.len(), wrong.join("\n"));
}

#[test]
fn the_documentation_lists_every_deviation() {
    let compatibility = include_str!("../../docs/compatibility.md");
    let (_, section) = compatibility.split_once("\n## OpenStack Nova\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let listed: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let row = |reason: &Reason| format!("| `{}` | {} | {} |", reason.id, reason.cases.len(), reason.why);
    let deviations = Deviations::read();
    assert_eq!(listed, deviations.reasons.iter().map(row).collect::<Vec<_>>());
    let says_what_is_not_there = section.lines().any(|line| line.ends_with(" are not there yet."));
    assert_eq!(says_what_is_not_there, !deviations.not_yet.is_empty());
}

/// Plays all rows, and compares the answers to the cases among them.
async fn play(recording: &Recording, address: SocketAddr, cast: &Cast) -> Vec<Outcome> {
    let player = Player::new(address, &recording.place, cast);
    let root = format!("http://{address}");
    let mut theirs = Run::new(&recording.place.root, &recording.place.keystone, &recording.place.vars);
    let mut ours = Run::new(&root, &cast.login_url, &cast.ids);
    let mut outcomes = Vec::new();
    for rows in recording.rows.chunk_by(Row::goes_along_with) {
        match &rows[0] {
            Row::Wipe { wipe } => {
                for user in wipe {
                    player.wipe(user).await;
                }
            }
            Row::Setup(_) => player.set_up(rows.iter().filter_map(Row::setup)).await,
            Row::Case(case) => {
                let answer = player.case(case).await;
                let differences = differences(theirs.recorded(case), ours.answered(&answer, case));
                outcomes.push(Outcome { id: case.id.clone(), status: answer.status, differences });
            }
        }
    }
    outcomes
}

fn differences(recorded: Fields, got: Fields) -> Vec<(&'static str, String, String)> {
    let both = recorded.into_iter().zip(got);
    both.filter(|(recorded, got)| recorded != got).map(|((field, recorded), (_, got))| (field, recorded, got)).collect()
}
