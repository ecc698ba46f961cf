//! Kept private keys on their way out.

use std::sync::Arc;

use super::KeyPairs;
use super::attempts::Attempt;
use super::private_keys::{ROUNDS, changes_too_fast};
use crate::domain::{
    Action, Caller, Entry, Error, Event, KeyPair, KeyPairName, PrivateKeyPem, Result, SealedPrivateKey, Subject, Via,
};
use crate::ssh::{self, ExportForm};
use crate::store::{HandOut, Still};
use crate::vault::Binding;

/// Kept private keys that are asked for: all of them go out, or none.
pub struct Export {
    pub names: Vec<KeyPairName>,
    pub form: ExportForm,
}

/// A private key that went out, and is in the ledger.
pub struct Exported {
    pub pair: KeyPair,
    pub private_key: PrivateKeyPem,
}

/// Why nothing went out: which of the names it was.
struct Refused<'n> {
    name: Option<&'n KeyPairName>,
    error: Error,
}

impl KeyPairs {
    /// Hands kept private keys out, in the order of their names in the wish. Each is opened first; then, in one
    /// transaction, all rows are read again and the hand-outs recorded; only then they are returned.
    ///
    /// [`Error::NotKept`] where there is none. [`Error::Integrity`] where a stored key is not what was sealed for its key
    /// pair, or does not derive its public key.
    #[tracing::instrument(skip_all)]
    pub async fn export(&self, caller: &Caller, via: &Via, wish: Export) -> Result<Vec<Exported>> {
        let Export { names, form } = wish;
        match self.try_export(caller, via, &names, form).await {
            Ok(exported) => Ok(exported),
            Err(Refused { name, error }) => {
                let outcome = Err(error);
                for name in name.map_or(names.as_slice(), std::slice::from_ref) {
                    let attempt = Attempt { action: Action::Export, event: Event::Export, name: name.clone() };
                    self.record_failure(caller, via, attempt, &outcome).await;
                }
                outcome
            }
        }
    }

    async fn try_export<'n>(
        &self,
        caller: &Caller,
        via: &Via,
        names: &'n [KeyPairName],
        form: ExportForm,
    ) -> Result<Vec<Exported>, Refused<'n>> {
        let form = Arc::new(form);
        for _ in 0..ROUNDS {
            let (mut exported, mut hand_outs) = (Vec::new(), Vec::new());
            for name in names {
                let opened = self.open(caller, name, &form).await;
                let (out, sealed) = opened.map_err(|error| Refused { name: Some(name), error })?;
                let entry = Entry {
                    format: Some(in_words(&form).to_owned()),
                    ..Entry::done(Event::Export, caller.actor(via), Subject::of(&out.pair, Some(&sealed)))
                };
                hand_outs.push(HandOut { pair: out.pair.clone(), opened: sealed, entry });
                exported.push(out);
            }
            match self.store.private_keys_release(hand_outs).await.map_err(|error| Refused { name: None, error })? {
                Still::Same => {
                    exported.iter().for_each(|Exported { pair, .. }| tell(pair, caller));
                    return Ok(exported);
                }
                Still::Changed => {}
            }
        }
        Err(Refused { name: None, error: changes_too_fast() })
    }

    /// The key pair with its private key as it is to go out, and what was opened. Nothing of it may go out yet.
    async fn open(
        &self,
        caller: &Caller,
        name: &KeyPairName,
        form: &Arc<ExportForm>,
    ) -> Result<(Exported, SealedPrivateKey)> {
        let (pair, sealed) = self.kept(caller, Action::Export, name).await?;
        let opened = self.vault.open(&sealed, &Binding::of(self.store.instance(), &pair)).await?;
        let private_key = self.write(caller, opened, &pair, form).await?;
        Ok((Exported { pair, private_key }, sealed))
    }

    /// The key as it goes out, if it derives the pair's public key. Encrypting it under a passphrase is slow on purpose,
    /// so that happens where keys are generated.
    async fn write(
        &self,
        caller: &Caller,
        opened: PrivateKeyPem,
        pair: &KeyPair,
        form: &Arc<ExportForm>,
    ) -> Result<PrivateKeyPem> {
        match **form {
            ExportForm::AsKept | ExportForm::Format(_) => ssh::export(opened, pair.kind, &pair.public_key, form),
            ExportForm::Encrypted(_) => {
                let (kind, public_key, form) = (pair.kind, pair.public_key.clone(), Arc::clone(form));
                self.generators.run(&caller.party(), move || ssh::export(opened, kind, &public_key, &form)).await
            }
        }
    }
}

fn tell(pair: &KeyPair, caller: &Caller) {
    tracing::info!(
        key_pair.name = %pair.name, key_pair.id = %pair.id, user = %caller.user,
        "exported the private key of {}", pair.name
    );
}

/// What the ledger says of it.
const fn in_words(form: &ExportForm) -> &'static str {
    match form {
        ExportForm::AsKept => "as kept",
        ExportForm::Format(format) => format.as_str(),
        ExportForm::Encrypted(_) => "openssh, under a passphrase",
    }
}
