//! Seals kept private keys anew, under another cipher suite: each is opened, checked and sealed with a fresh data key.

use super::super::RETRY_AFTER;
use super::{BATCH, Failed, KeptKeys, MOST_NAMED, Pace, Pacer, Progress};
use crate::domain::{Entry, Error, Event, Outcome, Result, Subject, Suite};
use crate::ssh;
use crate::store::{KeptRow, Still};
use crate::vault::Binding;

/// How often all rows are walked over: rows that others change at the same time are left to the next walk.
const MOST_WALKS: u32 = 10;

/// What a reseal did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    pub resealed: u64,
    /// Rows that the last walk left under another suite.
    pub left: u64,
    /// Some of them, and why.
    pub failed: Vec<Failed>,
}

impl KeptKeys {
    /// Walks over all rows until a walk finds none under another suite that it can seal anew.
    ///
    /// [`Error::Invalid`] where it is not the suite that this service seals by: what is made meanwhile would be under
    /// another, and it might not be opened.
    pub async fn reseal(&self, suite: Suite, pace: Pace, progress: Progress<'_>) -> Result<Resealed> {
        if self.vault.suite() != suite {
            let reason = format!("must be '{}' first, so that what is made meanwhile is sealed by it", suite.as_str());
            return Err(Error::Invalid { field: "vault.suite", reason });
        }
        let mut report = Resealed::default();
        let mut pacer = Pacer::new(pace);
        for _ in 0..MOST_WALKS {
            report.failed.clear();
            report.left = 0;
            let mut after = None;
            loop {
                self.follow_master_keys().await?;
                let rows = self.store.kept_rows(after.as_ref(), None, BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = Some(last.key.clone());
                let seen = rows.len();
                for row in rows {
                    self.reseal_row(row, suite, &mut report, progress).await;
                }
                pacer.after(seen).await;
            }
            if report.left == 0 || report.left == report.failed.len() as u64 {
                break;
            }
        }
        let outcome = if report.left == 0 { Outcome::Done } else { Outcome::Failed };
        let word = suite.as_str();
        let detail = format!("sealed {} private keys anew with {word}; {} left", report.resealed, report.left);
        self.record(Event::Reseal, outcome, detail).await?;
        Ok(report)
    }

    async fn reseal_row(&self, row: KeptRow, suite: Suite, report: &mut Resealed, progress: Progress<'_>) {
        let KeptRow { key, name, content } = row;
        let outcome = async {
            let (pair, sealed) = content?;
            if sealed.suite == suite {
                return Ok(0);
            }
            let binding = Binding::of(self.store.instance(), &pair);
            let private_key = self.vault.open(&sealed, &binding).await?;
            ssh::derives(&private_key, pair.kind, &pair.public_key).map_err(Error::integrity)?;
            let fresh = self.vault.reseal(&sealed, &binding, &private_key, suite).await?;
            let entry = Entry::done(Event::Reseal, self.actor.clone(), Subject::of(&pair, Some(&fresh)));
            match self.store.private_key_reseal(&pair, &sealed, fresh, entry).await? {
                Still::Same => Ok(1),
                // Somebody else changed it: the next walk looks at it again, if it is still there.
                Still::Changed => Err(Error::Busy { what: "a row that others change", retry_after: RETRY_AFTER }),
            }
        };
        match outcome.await {
            Ok(done) => {
                report.resealed += done;
                progress(1);
            }
            Err(Error::Busy { .. }) => report.left += 1,
            Err(error) => {
                report.left += 1;
                if report.failed.len() < MOST_NAMED {
                    report.failed.push(Failed::new(&key, &name, Error::with_cause(&error)));
                }
            }
        }
    }
}
