//! Seals kept private keys anew, under another cipher suite: each is opened, checked and sealed with a fresh data key.

use super::pacer::Pacer;
use super::walk::{JobReport, Walk};
use super::{BATCH, Failed, KeptKeys, Pace, Progress};
use crate::domain::{Entry, Error, Event, Outcome, Result, Subject, Suite};
use crate::ssh;
use crate::store::{KeptRow, Still};
use crate::vault::Binding;

/// What became of a row.
enum Row {
    /// It is under the suite already.
    Right,
    Resealed,
    /// Somebody else changed it: the next walk looks at it again, if it is still there.
    Changed,
}

impl KeptKeys {
    /// Walks over all rows until a walk finds none under another suite that it can seal anew.
    ///
    /// [`Error::Invalid`] where it is not the suite that this service seals by: what is made meanwhile would be under
    /// another, and it might not be opened.
    pub async fn reseal(&self, suite: Suite, pace: Pace, progress: Progress<'_>) -> Result<JobReport> {
        let word = suite.as_str();
        if self.vault.suite() != suite {
            let reason = format!("must be '{word}' first, so that what is made meanwhile is sealed by it");
            return Err(Error::Invalid { field: "vault.suite", reason });
        }
        self.record(Event::Reseal, Outcome::Done, format!("begins to seal private keys anew with {word}")).await?;
        let mut report = JobReport::default();
        report.broken_off = self.reseal_walks(suite, pace, &mut report, progress).await.err();
        let detail = format!("sealed {} private keys anew with {word}{}", report.done, report.ending());
        self.conclude(Event::Reseal, detail, report).await
    }

    async fn reseal_walks(
        &self,
        suite: Suite,
        pace: Pace,
        report: &mut JobReport,
        progress: Progress<'_>,
    ) -> Result<()> {
        let mut pacer = Pacer::new(pace);
        while !self.reseal_walk(suite, &mut pacer, report, progress).await?.is_last() {}
        Ok(())
    }

    async fn reseal_walk(
        &self,
        suite: Suite,
        pacer: &mut Pacer,
        report: &mut JobReport,
        progress: Progress<'_>,
    ) -> Result<Walk> {
        report.begin_walk();
        let (mut walk, mut after) = (Walk::default(), None);
        loop {
            self.follow_master_keys().await?;
            let rows = self.store.kept_rows(after.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { return Ok(walk) };
            after = Some(last.key.clone());
            let seen = rows.len();
            for row in rows {
                match self.reseal_row(row, suite).await {
                    Ok(Row::Right) => {}
                    Ok(Row::Resealed) => {
                        walk.done += 1;
                        report.done += 1;
                        progress(1);
                    }
                    Ok(Row::Changed) => walk.changed += 1,
                    Err(failed) => report.fail(*failed),
                }
            }
            pacer.after(seen).await;
        }
    }

    async fn reseal_row(&self, row: KeptRow, suite: Suite) -> Result<Row, Box<Failed>> {
        let KeptRow { key, name, content } = row;
        let outcome = async {
            let (pair, sealed) = content?;
            if sealed.suite == suite {
                return Ok(Row::Right);
            }
            let binding = Binding::of(self.store.instance(), &pair);
            let private_key = self.vault.open(&sealed, &binding).await?;
            ssh::derives(&private_key, pair.kind, &pair.public_key).map_err(Error::integrity)?;
            let fresh = self.vault.reseal(&sealed, &binding, &private_key, suite).await?;
            let entry = Entry::done(Event::Reseal, self.actor.clone(), Subject::of(&pair, Some(&fresh)));
            Ok(match self.store.private_key_reseal(&pair, &sealed, fresh, entry).await? {
                Still::Same => Row::Resealed,
                Still::Changed => Row::Changed,
            })
        };
        outcome.await.map_err(|error: Error| Box::new(Failed::new(&key, &name, error.with_cause())))
    }
}
