//! How rows are printed that a job could not do its work on.

use serde::Serialize;

use crate::service::Failed;

/// How many are printed; a report has them all with `--output json`.
const SHOWN: usize = 20;

/// A row, as a program reads it.
#[derive(Serialize)]
pub(super) struct Row {
    region: String,
    owner: String,
    name: String,
    key_pair_id: String,
    reason: String,
}

impl From<&Failed> for Row {
    fn from(Failed { region, owner, name, id, reason }: &Failed) -> Self {
        Self {
            region: region.clone(),
            owner: owner.clone(),
            name: name.clone(),
            key_pair_id: id.clone(),
            reason: reason.clone(),
        }
    }
}

/// A line each, of the first ones.
pub(super) fn lines<'a>(failed: impl ExactSizeIterator<Item = &'a Failed>) -> String {
    let more = failed.len().saturating_sub(SHOWN);
    let line = |row: &Failed| format!("  {} {} {}: {}\n", row.region, row.owner, row.name, row.reason);
    let mut text: String = failed.take(SHOWN).map(line).collect();
    if more > 0 {
        text.push_str(&format!("  … and {more} more\n"));
    }
    text
}
