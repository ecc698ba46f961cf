//! Opens every kept private key and throws it away again: whether each would come out if it were asked for.

use std::collections::HashSet;

use super::history::{History, Last};
use super::{BATCH, Failed, KeptKeys, Pace, Pacer};
use crate::domain::{Chain, Error, KeyPair, Region, Result, SealedPrivateKey};
use crate::ssh;
use crate::store::KeptRow;
use crate::vault::Binding;

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub findings: Vec<Finding>,
}

/// Told of each row that was looked at, and of each that is missing: what is wrong with it, if anything is.
pub type Observer<'a> = &'a mut (dyn FnMut(Option<&Finding>) + Send);

/// What is remembered of one owner while its rows go by.
struct Current {
    region: String,
    owner: String,
    history: History,
}

impl KeptKeys {
    /// Opens every row. `observe` is told of each: what was found, or nothing.
    pub async fn verify(&self, pace: Pace, observe: Observer<'_>) -> Result<Verification> {
        let mut found = Verification::default();
        let mut pacer = Pacer::new(pace);
        let mut data_keys = HashSet::new();
        let mut current: Option<Current> = None;
        let mut after = None;
        loop {
            let rows = self.store.kept_rows(after.as_ref(), None, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key.clone());
            for row in rows {
                let history = self.history_of(&row, &mut current).await?;
                let before = found.findings.len();
                self.verify_row(row, history, &mut data_keys, &mut found).await?;
                observe(found.findings.get(before));
                pacer.after(1).await;
            }
        }
        let before = found.findings.len();
        self.verify_flags(&mut found).await?;
        found.findings[before..].iter().for_each(|missing| observe(Some(missing)));
        Ok(found)
    }

    async fn history_of<'c>(&self, row: &KeptRow, current: &'c mut Option<Current>) -> Result<&'c History> {
        let (region, owner) = (&row.key.region, &row.key.owner);
        let known = current.take().filter(|known| known.region == *region && known.owner == *owner);
        let known = match known {
            Some(known) => known,
            None => {
                let history = match (Region::parse(region), Chain::parse(owner)) {
                    (Ok(at), Ok(chain)) => History::read(&self.store, &at, &chain).await?,
                    // No owner that there can be: the row itself is found unreadable.
                    (Err(_), _) | (_, Err(_)) => History::default(),
                };
                Current { region: region.clone(), owner: owner.clone(), history }
            }
        };
        Ok(&current.insert(known).history)
    }

    async fn verify_row(
        &self,
        row: KeptRow,
        history: &History,
        data_keys: &mut HashSet<[u8; 16]>,
        found: &mut Verification,
    ) -> Result<()> {
        let KeptRow { key, name, content } = row;
        let (fault, reason) = match content {
            Err(error) => (Fault::Unreadable, error.with_cause()),
            Ok((pair, sealed)) => match self.fault(&pair, &sealed, history, data_keys).await {
                Some((Fault::RolledBack, _)) if !self.is_rolled_back(&pair).await? => {
                    found.sound += 1;
                    return Ok(());
                }
                Some(faulty) => faulty,
                None => {
                    found.sound += 1;
                    found.unrecorded += u64::from(history.of(&pair.id.to_string()).is_none());
                    return Ok(());
                }
            },
        };
        found.findings.push(Finding { fault, row: Failed::new(&key, &name, reason) });
        Ok(())
    }

    /// Looks once more: the row and the history were read one after the other, and the service goes on meanwhile.
    async fn is_rolled_back(&self, pair: &KeyPair) -> Result<bool> {
        let Some((now, sealed)) = self.store.sealed_private_key(&pair.region, &pair.owner, &pair.name).await? else {
            return Ok(false);
        };
        let history = History::read(&self.store, &pair.region, &Chain::Of(pair.owner.clone())).await?;
        Ok(!history.agrees(&now.id.to_string(), &sealed.commitment))
    }

    async fn fault(
        &self,
        pair: &KeyPair,
        sealed: &SealedPrivateKey,
        history: &History,
        data_keys: &mut HashSet<[u8; 16]>,
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

    async fn verify_flags(&self, found: &mut Verification) -> Result<()> {
        for (region, owner, name) in self.store.kept_rows_missing(BATCH).await? {
            let reason = "the key pair says that a private key is kept, and none is".to_owned();
            let row = Failed { region, owner, name, id: String::new(), reason };
            found.findings.push(Finding { fault: Fault::Missing, row });
        }
        Ok(())
    }
}
