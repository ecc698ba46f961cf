//! Moves the data keys of kept private keys to other key-encryption keys.

use std::collections::HashMap;

use super::pacer::Pacer;
use super::walk::{JobReport, Walk};
use super::{BATCH, Failed, KeptKeys, Pace, Progress};
use crate::domain::{Event, KekId, KeyPair, Outcome, ProjectId, Result, SealedPrivateKey};
use crate::store::{KeptRow, Rewrapped};
use crate::vault::{Binding, RewrapTarget};

/// What is to be moved where, and how fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrap {
    pub target: RewrapTarget,
    pub pace: Pace,
}

/// Which key a row has to move to, asked once for all rows that share the answer.
type Destinations = HashMap<(Option<String>, Option<ProjectId>), Destination>;

/// A key-encryption key, and the alias that stands for it.
type Destination = (KekId, Option<String>);

impl KeptKeys {
    /// Walks over all rows until a walk finds none elsewhere, or none that it can move. What it has done stays done:
    /// after being stopped it goes on where it was, because the rows themselves say which of them have moved. The secrets of
    /// access keys, which no KMS wraps, go to the primary master key.
    pub async fn rewrap(&self, order: &Rewrap, progress: Progress<'_>) -> Result<JobReport> {
        let to = in_words(&order.target);
        self.record(Event::Rewrap, Outcome::Done, format!("begins to move data keys to {to}")).await?;
        let mut report = JobReport::default();
        report.broken_off = self.rewrap_walks(order, &mut report, progress).await.err();
        let secrets = match report.secrets {
            0 => String::new(),
            secrets => format!(", and {secrets} secrets of access keys to the primary master key"),
        };
        let detail = format!("moved {} data keys to {to}{secrets}{}", report.done, report.ending());
        self.conclude(Event::Rewrap, detail, report).await
    }

    async fn rewrap_walks(&self, order: &Rewrap, report: &mut JobReport, progress: Progress<'_>) -> Result<()> {
        let mut pacer = Pacer::new(order.pace);
        while !self.rewrap_walk(order, &mut pacer, report, progress).await?.is_last() {}
        self.rewrap_secrets(&mut pacer, report).await
    }

    async fn rewrap_walk(
        &self,
        order: &Rewrap,
        pacer: &mut Pacer,
        report: &mut JobReport,
        progress: Progress<'_>,
    ) -> Result<Walk> {
        report.begin_walk();
        let mut walk = Walk::default();
        let (mut destinations, mut known_primary) = (Destinations::new(), None);
        let mut after = None;
        loop {
            self.follow_master_keys().await?;
            let primary = Some(self.vault.primary_master_key());
            if primary != known_primary {
                (known_primary, destinations) = (primary, Destinations::new());
            }
            let rows = self.store.kept_rows(after.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { return Ok(walk) };
            after = Some(last.key.clone());
            let (seen, mut moves) = (rows.len(), Vec::new());
            for row in rows {
                match self.move_row(row, &order.target, &mut destinations).await {
                    Ok(None) => {}
                    Ok(Some(rewrapped)) => moves.push(rewrapped),
                    Err(failed) => report.fail(*failed),
                }
            }
            let asked = moves.len() as u64;
            let written = self.store.rewrap_rows(moves).await?.into_iter().filter(|written| *written).count() as u64;
            walk.done += written;
            walk.changed += asked - written;
            report.done += written;
            progress(written);
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

fn in_words(target: &RewrapTarget) -> String {
    match target {
        RewrapTarget::SameProvider => "the current key of their provider".to_owned(),
        RewrapTarget::Default => "the primary master key".to_owned(),
        RewrapTarget::Kms(name) => format!("the KMS key '{name}' of their project"),
    }
}
