//! Opens every kept private key and throws it away again: whether each would come out if it were asked for.

use std::collections::{BTreeMap, HashSet};

use super::history::{History, Last};
use super::pacer::Pacer;
use super::{BATCH, Failed, KeptKeys, MOST_NAMED, Pace};
use crate::domain::{Chain, Error, KeyPair, Region, Result, SealedPrivateKey};
use crate::ssh;
use crate::store::{KeptRow, RowKey};
use crate::vault::Binding;

/// How many key pairs are looked through at once for one whose private key is missing.
const PAGE_OF_PAIRS: u32 = 1000;

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A column holds what this version cannot read.
    Unreadable,
    /// It does not open: commitment, binding or cipher.
    Integrity,
    /// It opens, and is not the private key of the stored public key.
    Mismatch,
    /// It opens, and is not what the ledger says was sealed last: an older row was put back.
    RolledBack,
    /// It is sealed under the data key of another row.
    DataKeyTwice,
    /// The key pair says that a private key is kept, and none is.
    Missing,
    /// It could not be looked at: its key-encryption key cannot be used.
    NotChecked,
}

impl Fault {
    /// The word in reports and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Integrity => "integrity",
            Self::Mismatch => "mismatch",
            Self::RolledBack => "rolled-back",
            Self::DataKeyTwice => "data-key-twice",
            Self::Missing => "missing",
            Self::NotChecked => "not-checked",
        }
    }
}

/// A row that something is wrong with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub fault: Fault,
    pub row: Failed,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Rows that opened, and are what the ledger says.
    pub sound: u64,
    /// Of those, the ones that are older than the ledger: it has no word about them.
    pub unrecorded: u64,
    /// How many rows have which fault.
    pub faults: BTreeMap<Fault, u64>,
    /// Some of them.
    pub findings: Vec<Finding>,
}

impl Verification {
    fn add(&mut self, finding: Finding) {
        *self.faults.entry(finding.fault).or_default() += 1;
        if self.findings.len() < MOST_NAMED {
            self.findings.push(finding);
        }
    }
}

/// Told of each row that was looked at, and of each that is missing: what is wrong with it, if anything is.
pub type Observer<'a> = &'a mut (dyn FnMut(Option<&Finding>) + Send);

/// What is remembered of one owner while its rows go by.
struct Current {
    region: String,
    owner: String,
    history: History,
}

/// What is remembered of all data keys that were seen: 16 bytes each, which are in memory only.
type DataKeys = HashSet<[u8; 16]>;

/// What a look at a row tells.
enum Look {
    Sound { recorded: bool },
    Faulty(Fault, String),
}

impl KeptKeys {
    /// Opens every row. `observe` is told of each: what was found, or nothing.
    pub async fn verify(&self, pace: Pace, observe: Observer<'_>) -> Result<Verification> {
        let mut found = Verification::default();
        let mut pacer = Pacer::new(pace);
        self.verify_rows(&mut pacer, &mut found, observe).await?;
        self.verify_flags(&mut pacer, &mut found, observe).await?;
        Ok(found)
    }

    async fn verify_rows(&self, pacer: &mut Pacer, found: &mut Verification, observe: Observer<'_>) -> Result<()> {
        let (mut data_keys, mut current, mut after) = (DataKeys::new(), None, None);
        loop {
            let rows = self.store.kept_rows(after.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for row in rows {
                let (key, name) = (row.key.clone(), row.name.clone());
                let history = self.history_of(&row.key, &mut current).await?;
                match self.verify_row(row, history, &mut data_keys).await? {
                    None => {}
                    Some(Look::Sound { recorded }) => {
                        found.sound += 1;
                        found.unrecorded += u64::from(!recorded);
                        observe(None);
                    }
                    Some(Look::Faulty(fault, reason)) => {
                        let finding = Finding { fault, row: Failed::new(&key, &name, reason) };
                        observe(Some(&finding));
                        found.add(finding);
                    }
                }
                pacer.after(1).await;
            }
        }
    }

    /// A row that seems faulty is read again, and its history: they were read one after the other and some time ago, and
    /// the service goes on meanwhile. `None` where it is gone by now.
    async fn verify_row(&self, row: KeptRow, history: &History, data_keys: &mut DataKeys) -> Result<Option<Look>> {
        let key = row.key.clone();
        let first = self.look_at(row, history, data_keys).await;
        match first {
            Look::Sound { .. } | Look::Faulty(Fault::NotChecked, _) => Ok(Some(first)),
            Look::Faulty(..) => {
                let Some(row) = self.store.kept_row(&key).await? else { return Ok(None) };
                let history = self.read_history(&key).await?;
                Ok(Some(self.look_at(row, &history, data_keys).await))
            }
        }
    }

    async fn history_of<'c>(&self, key: &RowKey, current: &'c mut Option<Current>) -> Result<&'c History> {
        let known = current.take().filter(|known| known.region == key.region && known.owner == key.owner);
        let known = match known {
            Some(known) => known,
            None => {
                let history = self.read_history(key).await?;
                Current { region: key.region.clone(), owner: key.owner.clone(), history }
            }
        };
        Ok(&current.insert(known).history)
    }

    async fn read_history(&self, key: &RowKey) -> Result<History> {
        match (Region::parse(&key.region), Chain::parse(&key.owner)) {
            (Ok(region), Ok(chain)) => History::read(&self.store, &region, &chain).await,
            // No owner that there can be: the row itself is found unreadable.
            (Err(_), _) | (_, Err(_)) => Ok(History::default()),
        }
    }

    async fn look_at(&self, row: KeptRow, history: &History, data_keys: &mut DataKeys) -> Look {
        match row.content {
            Err(error) => Look::Faulty(Fault::Unreadable, error.with_cause()),
            Ok((pair, sealed)) => match self.fault(&pair, &sealed, history, data_keys).await {
                Some((fault, reason)) => Look::Faulty(fault, reason),
                None => Look::Sound { recorded: history.of(&pair.id.to_string()).is_some() },
            },
        }
    }

    async fn fault(
        &self,
        pair: &KeyPair,
        sealed: &SealedPrivateKey,
        history: &History,
        data_keys: &mut DataKeys,
    ) -> Option<(Fault, String)> {
        let binding = Binding::of(self.store.instance(), pair);
        let (private_key, data_key) = match self.vault.open_for_check(sealed, &binding).await {
            Ok(opened) => opened,
            Err(error @ Error::Integrity(_)) => return Some((Fault::Integrity, error.with_cause())),
            Err(error) => return Some((Fault::NotChecked, error.with_cause())),
        };
        if let Err(error) = ssh::derives(&private_key, pair.kind, &pair.public_key) {
            return Some((Fault::Mismatch, error.with_cause()));
        }
        let id = pair.id.to_string();
        if !history.agrees(&id, &sealed.commitment) {
            let said = match history.of(&id) {
                Some(Last::Gone) => "the ledger says that it was cleared or deleted",
                Some(Last::NeverKept) => "the ledger says that it was never kept",
                Some(Last::Sealed(_)) | None => "the ledger says that another was sealed later",
            };
            return Some((Fault::RolledBack, said.to_owned()));
        }
        if !data_keys.insert(data_key) {
            return Some((Fault::DataKeyTwice, "another row is sealed under the same data key".to_owned()));
        }
        None
    }

    async fn verify_flags(&self, pacer: &mut Pacer, found: &mut Verification, observe: Observer<'_>) -> Result<()> {
        let mut after = None;
        while let Some(page) = self.store.kept_rows_missing(after.as_ref(), PAGE_OF_PAIRS).await? {
            for (key, name) in page.missing {
                let reason = "the key pair says that a private key is kept, and none is".to_owned();
                let finding = Finding { fault: Fault::Missing, row: Failed::new(&key, &name, reason) };
                observe(Some(&finding));
                found.add(finding);
            }
            after = Some(page.last);
            // Costs about as much as opening one.
            pacer.after(1).await;
        }
        Ok(())
    }
}
