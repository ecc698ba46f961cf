//! Jobs that walk over all rows, again and again, until a walk finds nothing left to do.

use super::{Failed, MOST_NAMED};
use crate::domain::{Error, Outcome};

/// What such a job did.
#[derive(Debug, Default)]
pub struct JobReport {
    /// Rows that it worked on.
    pub done: u64,
    /// Secrets of access keys that a rewrap moved beside them.
    pub secrets: u64,
    /// Rows that the last walk over all of them could not do its work on. A job is done when this is 0.
    pub left: u64,
    /// Some of those, and why.
    pub failed: Vec<Failed>,
    /// What ended the job before a walk was through: what is done stays done, and `left` says nothing.
    pub broken_off: Option<Error>,
}

impl JobReport {
    pub(super) fn begin_walk(&mut self) {
        self.left = 0;
        self.failed.clear();
    }

    pub(super) fn fail(&mut self, failed: Failed) {
        self.left += 1;
        // Enough to see why; the number says how many.
        if self.failed.len() < MOST_NAMED {
            self.failed.push(failed);
        }
    }

    /// How the ledger says that it ended.
    pub(super) fn outcome(&self) -> Outcome {
        if self.left == 0 && self.broken_off.is_none() { Outcome::Done } else { Outcome::Failed }
    }

    /// How it ended, for people: `; 3 are left`.
    pub fn ending(&self) -> String {
        match self.broken_off {
            None => format!("; {} are left", self.left),
            Some(_) => ", and was broken off".to_owned(),
        }
    }
}

/// What one walk over all rows did.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) done: u64,
    /// Rows that somebody else changed meanwhile: the next walk looks at them again.
    pub(super) changed: u64,
}

impl Walk {
    /// The walk that finds nothing to do is the proof. Where nothing could be done, another would not help.
    pub(super) const fn is_last(&self) -> bool {
        self.done == 0 && self.changed == 0
    }
}
