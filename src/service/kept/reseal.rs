//! Seals kept private keys anew, under another cipher suite: each is opened, checked and sealed with a fresh data key.

use super::{BATCH, Failed, KeptKeys, Pace, Pacer, Progress};
use crate::domain::{Entry, Error, Event, Outcome, Result, Subject, Suite};
use crate::ssh;
use crate::store::{KeptRow, Still};
use crate::vault::Binding;

/// What a reseal did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    pub resealed: u64,
    /// Rows that are still under another suite because they could not be opened or sealed, and why.
    pub failed: Vec<Failed>,
}

impl KeptKeys {
    /// Walks over all rows until a walk finds none under another suite that it can seal anew.
    pub async fn reseal(&self, suite: Suite, pace: Pace, progress: Progress<'_>) -> Result<Resealed> {
        let mut report = Resealed::default();
        let mut pacer = Pacer::new(pace);
        loop {
            report.failed.clear();
            let before = report.resealed;
            let mut after = None;
            loop {
                let rows = self.store.kept_rows(after.as_ref(), None, BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = Some(last.key.clone());
                let seen = rows.len();
                for row in rows {
                    self.reseal_row(row, suite, &mut report, progress).await;
                }
                pacer.after(seen).await;
            }
            if report.resealed == before {
                break;
            }
        }
        let outcome = if report.failed.is_empty() { Outcome::Done } else { Outcome::Failed };
        let word = suite.as_str();
        let detail = format!("sealed {} private keys anew with {word}; {} left", report.resealed, report.failed.len());
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
                Still::Changed => Ok(0),
            }
        };
        match outcome.await {
            Ok(done) => {
                report.resealed += done;
                progress(1);
            }
            Err(error) => report.failed.push(Failed::new(&key, &name, Error::with_cause(&error))),
        }
    }
}
