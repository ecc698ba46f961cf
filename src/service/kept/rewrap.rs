//! Moves the data keys of kept private keys to other key-encryption keys.

use std::collections::HashMap;

use super::{BATCH, Failed, KeptKeys, MOST_NAMED, Pace, Pacer, Progress};
use crate::domain::{Event, KekId, KeyPair, Outcome, ProjectId, Result, SealedPrivateKey};
use crate::store::{KeptRow, Rewrapped};
use crate::vault::{Binding, RewrapTarget};

/// What is to be moved where, and how fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrap {
    pub target: RewrapTarget,
    pub pace: Pace,
}

/// What a rewrap did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewrapReport {
    pub moved: u64,
    /// Rows that the last walk over all of them still found elsewhere. A rewrap is done when this is 0.
    pub left: u64,
    /// Of those that are left, some that could not be moved, and why.
    pub failed: Vec<Failed>,
}

/// Which key a row has to move to, asked once for all rows that share the answer.
type Destinations = HashMap<(Option<String>, Option<ProjectId>), Destination>;

/// A key-encryption key, and the alias that stands for it.
type Destination = (KekId, Option<String>);

impl KeptKeys {
    /// Walks over all rows until a walk finds none elsewhere, or none that it can move. What it has done stays done:
    /// after being stopped it goes on where it was, because the rows themselves say which of them have moved.
    pub async fn rewrap(&self, order: &Rewrap, progress: Progress<'_>) -> Result<RewrapReport> {
        let to = in_words(&order.target);
        self.record(Event::Rewrap, Outcome::Done, format!("begins to move data keys to {to}")).await?;
        let mut report = RewrapReport::default();
        let walked = self.walks(order, &mut report, progress).await;
        let outcome = if walked.is_ok() && report.left == 0 { Outcome::Done } else { Outcome::Failed };
        let detail = format!("moved {} data keys to {to}; {} left", report.moved, report.left);
        self.record(Event::Rewrap, outcome, detail).await?;
        walked.map(|()| report)
    }

    async fn walks(&self, order: &Rewrap, report: &mut RewrapReport, progress: Progress<'_>) -> Result<()> {
        let mut pacer = Pacer::new(order.pace);
        loop {
            let walk = self.walk(order, &mut pacer, progress).await?;
            report.moved += walk.moved;
            report.left = walk.left;
            report.failed = walk.failed;
            // The walk that finds nothing to move is the proof. Where nothing could be moved, another would not help.
            if walk.moved == 0 && walk.changed == 0 {
                return Ok(());
            }
        }
    }

    async fn walk(&self, order: &Rewrap, pacer: &mut Pacer, progress: Progress<'_>) -> Result<Walk> {
        let mut walk = Walk::default();
        let (mut destinations, mut known_primary) = (Destinations::new(), None);
        let mut after = None;
        loop {
            self.follow_master_keys().await?;
            // Rows under the primary master key are where they belong, unless they are to go to a KMS.
            let primary = match order.target {
                RewrapTarget::SameProvider | RewrapTarget::Default => Some(self.vault.primary_master_key()),
                RewrapTarget::Kms(_) => None,
            };
            if primary != known_primary {
                (known_primary, destinations) = (primary.clone(), Destinations::new());
            }
            let rows = self.store.kept_rows(after.as_ref(), primary.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { return Ok(walk) };
            after = Some(last.key.clone());
            let seen = rows.len();
            let mut moves = Vec::new();
            for row in rows {
                match self.move_row(row, &order.target, &mut destinations).await {
                    Ok(None) => {}
                    Ok(Some(rewrapped)) => moves.push(rewrapped),
                    Err(failed) => walk.fail(*failed),
                }
            }
            walk.settle(self.store.rewrap_rows(moves).await?, progress);
            pacer.after(seen).await;
        }
    }

    /// The row with its data key wrapped by the key that it belongs under; `None` where that is so already.
    async fn move_row(
        &self,
        row: KeptRow,
        target: &RewrapTarget,
        destinations: &mut Destinations,
    ) -> Result<Option<Rewrapped>, Box<Failed>> {
        let KeptRow { key, name, content } = row;
        let outcome = async {
            let (pair, sealed) = content?;
            let binding = Binding::of(self.store.instance(), &pair);
            let destination = self.destination(&pair, &sealed, target, destinations).await?;
            if (&destination.0, &destination.1) == (&sealed.kek, &sealed.kek_alias) {
                return Ok(None);
            }
            let now = self.vault.rewrap(&sealed, &binding, target).await?;
            Ok(Some((sealed.wrapped_data_key, now)))
        };
        match outcome.await {
            Ok(None) => Ok(None),
            Ok(Some((was, now))) => Ok(Some(Rewrapped { key, was, now })),
            Err(error) => Err(Box::new(Failed::new(&key, &name, crate::domain::Error::with_cause(&error)))),
        }
    }

    async fn destination(
        &self,
        pair: &KeyPair,
        sealed: &SealedPrivateKey,
        target: &RewrapTarget,
        known: &mut Destinations,
    ) -> Result<Destination> {
        let asked = (sealed.kek_alias.clone(), pair.project.clone());
        if let Some(known) = known.get(&asked) {
            return Ok(known.clone());
        }
        let binding = Binding::of(self.store.instance(), pair);
        let destination = self.vault.rewrap_to(sealed, &binding, target).await?;
        known.insert(asked, destination.clone());
        Ok(destination)
    }
}

/// What one walk over all rows found and did.
#[derive(Default)]
struct Walk {
    moved: u64,
    /// Rows that somebody else changed meanwhile: the next walk looks at them again.
    changed: u64,
    left: u64,
    failed: Vec<Failed>,
}

impl Walk {
    fn fail(&mut self, failed: Failed) {
        self.left += 1;
        // Enough to see why; the number says how many.
        if self.failed.len() < MOST_NAMED {
            self.failed.push(failed);
        }
    }

    fn settle(&mut self, written: Vec<bool>, progress: Progress<'_>) {
        let moved = written.iter().filter(|written| **written).count() as u64;
        self.moved += moved;
        self.changed += written.len() as u64 - moved;
        progress(moved);
    }
}

fn in_words(target: &RewrapTarget) -> String {
    match target {
        RewrapTarget::SameProvider => "the current key of their provider".to_owned(),
        RewrapTarget::Default => "the primary master key".to_owned(),
        RewrapTarget::Kms(name) => format!("the KMS key '{name}' of their project"),
    }
}
