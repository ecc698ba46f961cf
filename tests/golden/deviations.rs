//! Where the service means to differ from the recording, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviations {
    /// What the recorded cases ask of a surface that is not there: cases whose ids begin so.
    pub not_yet: Vec<String>,
    pub reasons: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    pub id: String,
    pub why: String,
    /// The cases, and the status that the service answers.
    pub cases: BTreeMap<String, u16>,
}

/// What came of one case.
pub struct Outcome {
    pub id: String,
    pub status: u16,
    /// Each field that differs: its name, what was recorded, what came.
    pub differences: Vec<(&'static str, String, String)>,
}

impl Deviations {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("deviations.json")).unwrap()
    }

    /// Everything that is not as it is written down, a message each.
    pub fn judge(&self, outcomes: &[Outcome]) -> Vec<String> {
        let mut wrong: Vec<String> = outcomes.iter().filter_map(|outcome| self.judge_one(outcome)).collect();
        let played: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
        let listed = self.reasons.iter().flat_map(|reason| reason.cases.keys());
        let unknown = listed.filter(|id| !played.contains(id.as_str()));
        wrong.extend(unknown.map(|id| format!("{id}: is listed, and there is no such case")));
        let differs = |prefix: &str| outcomes.iter().any(|o| o.id.starts_with(prefix) && !o.differences.is_empty());
        let stale = self.not_yet.iter().filter(|prefix| !differs(prefix));
        wrong.extend(stale.map(|prefix| format!("{prefix}…: is not_yet there, and no such case differs")));
        wrong
    }

    fn judge_one(&self, outcome: &Outcome) -> Option<String> {
        let Outcome { id, status, differences } = outcome;
        let reasons: Vec<&Reason> = self.reasons.iter().filter(|reason| reason.cases.contains_key(id)).collect();
        let is_not_yet = self.not_yet.iter().any(|prefix| id.starts_with(prefix));
        match (reasons.as_slice(), differences.is_empty()) {
            ([], true) => None,
            ([], false) if is_not_yet => None,
            ([], false) => Some(told(outcome)),
            ([_], _) if is_not_yet => Some(format!("{id}: is listed, and not_yet there, too")),
            ([reason], true) => Some(format!("{id}: does not differ, and is listed under {}", reason.id)),
            ([reason], false) if reason.cases[id] != *status => {
                Some(format!("{id}: {} says that {} is answered, not {status}", reason.id, reason.cases[id]))
            }
            ([_], false) => None,
            ([_, _, ..], _) => Some(format!("{id}: is listed more than once")),
        }
    }
}

fn told(outcome: &Outcome) -> String {
    let fields = outcome.differences.iter().map(|(field, recorded, got)| {
        format!("\n  {field}\n    recorded: {}\n    got:      {}", cut(recorded), cut(got))
    });
    format!("{}: differs, and is not listed{}", outcome.id, fields.collect::<String>())
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 700;
    let end: &str = if text.chars().count() > LONGEST { "…" } else { "" };
    text.chars().take(LONGEST).collect::<String>() + end
}
