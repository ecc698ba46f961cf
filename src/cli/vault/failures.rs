//! How rows are printed that a job could not do its work on.

use serde::Serialize;

use crate::cli::{Failure, output};
use crate::service::{Failed, JobReport};

/// How many are printed of each kind.
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

/// Prints what a job did; it failed where something is left.
pub(super) fn conclude(verb: &str, what: &str, report: JobReport) -> Result<(), Failure> {
    let lines = lines(report.failed.iter(), report.failed.len() as u64);
    let mut text = format!("{verb} {} {what}{}\n", report.done, report.ending());
    if report.secrets > 0 {
        text.push_str(&format!("{verb} {} secrets of access keys\n", report.secrets));
    }
    output::print(&(text + &lines))?;
    match (report.broken_off, report.left) {
        (Some(error), _) => Err(Failure::other(error.with_cause())),
        (None, 0) => Ok(()),
        (None, left) => Err(Failure::other(format!("{left} private keys are left"))),
    }
}

/// A line each, of the first ones of so many.
pub(super) fn lines<'a>(failed: impl Iterator<Item = &'a Failed>, all: u64) -> String {
    let more = all.saturating_sub(SHOWN as u64);
    let line = |row: &Failed| format!("  {} {} {}: {}\n", row.region, row.owner, row.name, row.reason);
    let mut text: String = failed.take(SHOWN).map(line).collect();
    if more > 0 {
        text.push_str(&format!("  … and {more} more\n"));
    }
    text
}
