//! Creates key pairs: generated or imported, the private key returned once or also kept.

use super::attempts::Attempt;
use super::generation::{UnusedKey, Writing};
use super::new_key_pair::{Created, Custody, KeptKey, NewKeyPair, Origin};
use super::policy::authorize;
use super::{KeyPairs, Whose};
use crate::domain::{
    Caller, Entry, Error, Event, KeyKind, KeyPair, KeyPairId, KeyPairName, Labels, PrivateKeyPem, Protection, Result,
    SealedPrivateKey, Subject, Timestamp, UserId, Via,
};
use crate::ssh::{
    Algorithm, CERTIFICATE_ALGORITHM, FreshKey, Generated, LineEnd, PrivateKeyFormat, PublicKey, certify, check_pair,
    parse_certificate, parse_ssh,
};
use crate::store::{self, LimitOf};
use crate::vault::{Binding, FreshDataKey, RowIds};

/// The private half of a new key pair, and where it goes.
enum PrivateHalf {
    /// Imported without one.
    Elsewhere,
    Returned(PrivateKeyPem),
    Kept(PrivateKeyPem, FreshDataKey),
    ReturnedAndKept(PrivateKeyPem, FreshDataKey),
}

/// What a new key pair is, before there is a key: enough to draw a data key for it.
struct Draft {
    id: KeyPairId,
    whose: Whose,
    name: KeyPairName,
    labels: Labels,
}

impl KeyPairs {
    /// Refusals come in Nova's recorded order: [`Error::Forbidden`], [`Error::QuotaExceeded`],
    /// [`Error::PublicKeyUnusable`], [`Error::AlreadyExists`]; then a key-encryption key that cannot be used, before the
    /// work of making a key. A refused or failed create stores nothing.
    #[tracing::instrument(skip_all, fields(key_pair.name = %new.name))]
    pub async fn create(&self, caller: &Caller, via: &Via, new: NewKeyPair) -> Result<Created> {
        let attempt = Attempt { action: new.origin.action(), event: new.origin.event(), name: new.name.clone() };
        let outcome = self.try_create(caller, via, new).await;
        self.metrics.created(&outcome);
        self.record_failure(caller, via, attempt, &outcome).await;
        outcome
    }

    async fn try_create(&self, caller: &Caller, via: &Via, new: NewKeyPair) -> Result<Created> {
        let NewKeyPair { whose, name, kind, origin, labels } = new;
        authorize(caller, origin.action(), &whose.written_owner(caller), None)?;
        let draft = Draft { id: KeyPairId::new(), whose, name, labels };
        match origin {
            Origin::Import { public_key, keep } => {
                let (public_key, private) = self.import(caller, &draft, kind, &public_key, keep).await?;
                self.insert(caller, via, draft, public_key, private).await
            }
            Origin::Generate { algorithm, format, line_end, custody } => {
                let algorithm = match kind {
                    KeyKind::Ssh => algorithm.unwrap_or(self.algorithm),
                    KeyKind::X509 => CERTIFICATE_ALGORITHM,
                };
                if custody.costs_beforehand(algorithm) {
                    self.check_room(caller, &draft).await?;
                }
                let data_key = match custody {
                    Custody::ReturnOnce => None,
                    Custody::Escrow(protection) => Some(self.data_key(caller, &draft, &protection).await?),
                };
                let (key, generated) = self.generate(caller, &draft, kind, (algorithm, format, line_end)).await?;
                let Generated { public_key, private_key } = generated;
                let private = PrivateHalf::generated(private_key, data_key);
                let created = self.insert(caller, via, draft, public_key, private).await;
                if created.as_ref().is_err_and(nothing_was_stored) {
                    self.generators.put_back(key);
                }
                created
            }
        }
    }

    /// A key that nobody has seen, and what is stored and answered of it.
    async fn generate(
        &self,
        caller: &Caller,
        draft: &Draft,
        kind: KeyKind,
        (algorithm, format, line_end): (Algorithm, Option<PrivateKeyFormat>, LineEnd),
    ) -> Result<(UnusedKey, Generated)> {
        let party = caller.party();
        match kind {
            KeyKind::Ssh => {
                let write = move |key: &FreshKey| key.write(format, line_end);
                self.generators.make(&party, algorithm, Writing::Quick, write).await
            }
            KeyKind::X509 => {
                let user = draft.whose.user(caller).clone();
                let write = move |key: &FreshKey| certify(key, &user);
                self.generators.make(&party, algorithm, Writing::Slow, write).await
            }
        }
    }

    async fn import(
        &self,
        caller: &Caller,
        draft: &Draft,
        kind: KeyKind,
        public_key: &str,
        keep: Option<KeptKey>,
    ) -> Result<(PublicKey, PrivateHalf)> {
        let parsed = match kind {
            KeyKind::Ssh => parse_ssh(public_key, self.bounds.now().min_rsa_bits),
            KeyKind::X509 => parse_certificate(public_key),
        };
        // At the limit Nova says so before it looks at the key; a usable key meets the limit when it is inserted.
        let public_key = match parsed {
            Ok(public_key) => public_key,
            Err(unusable) => return Err(self.check_quota(caller, &draft.whose).await.err().unwrap_or(unusable)),
        };
        let Some(KeptKey { private_key, protection }) = keep else { return Ok((public_key, PrivateHalf::Elsewhere)) };
        check_pair(&private_key, &public_key)?;
        self.check_room(caller, draft).await?;
        let data_key = self.data_key(caller, draft, &protection).await?;
        Ok((public_key, PrivateHalf::Kept(private_key, data_key)))
    }

    /// Spares the work on what the insert would refuse; the insert decides, whatever was seen here.
    async fn check_room(&self, caller: &Caller, Draft { whose, name, .. }: &Draft) -> Result<()> {
        let (owner, other) = (whose.written_owner(caller), whose.other_owner(caller));
        self.store.key_pair_check_room(&self.region, &owner, other.as_ref(), name, self.limit_of(caller)).await
    }

    async fn check_quota(&self, caller: &Caller, whose: &Whose) -> Result<()> {
        self.store.key_pair_check_quota(&self.region, &whose.written_owner(caller), self.limit_of(caller)).await
    }

    fn limit_of<'a>(&'a self, caller: &'a Caller) -> LimitOf<'a> {
        let default = self.bounds.now().key_pairs;
        LimitOf { limits_in: &self.home, project: caller.project(), caller: &caller.user, default }
    }

    async fn data_key(&self, caller: &Caller, draft: &Draft, protection: &Protection) -> Result<FreshDataKey> {
        let row = RowIds {
            instance: self.store.instance(),
            region: &self.region,
            owner: &draft.whose.written_owner(caller),
            project: caller.project(),
            key_pair: draft.id,
        };
        self.vault.fresh_data_key(protection, &row).await
    }

    async fn insert(
        &self,
        caller: &Caller,
        via: &Via,
        draft: Draft,
        public_key: PublicKey,
        private: PrivateHalf,
    ) -> Result<Created> {
        let Draft { id, whose, name, labels: Labels { tags, resource_group } } = draft;
        let pair = KeyPair {
            id,
            region: self.region.clone(),
            owner: whose.written_owner(caller),
            project: caller.project().cloned(),
            user: whose.user(caller).clone(),
            name,
            kind: public_key.kind,
            algorithm: public_key.algorithm,
            public_key: public_key.text,
            fingerprint: public_key.fingerprint,
            fingerprint_sha256: public_key.fingerprint_sha256,
            description: String::new(),
            resource_group,
            has_private_key: private.is_kept(),
            created_at: Timestamp::now(),
            updated_at: None,
        };
        let (sealed, returned) = self.seal(private, &pair).await?;
        let event = match (&returned, &sealed) {
            (Some(_), _) => Some(Event::Create),
            (None, Some(_)) => Some(Event::Keep),
            (None, None) => None,
        };
        let entry = event.map(|event| Entry::done(event, caller.actor(via), Subject::of(&pair, sealed.as_ref())));
        let new = store::NewKeyPair {
            pair: pair.clone(),
            tags,
            sealed,
            entry,
            also_visible: whose.other_owner(caller),
            caller: caller.user.clone(),
            limits_in: self.home.clone(),
            limit: self.bounds.now().key_pairs,
        };
        self.store.key_pair_create(new).await?;
        tracing::info!(
            key_pair.name = %pair.name, key_pair.id = %pair.id, user = %caller.user, algorithm = %pair.algorithm,
            "created key pair {}", pair.name
        );
        Ok(Created { pair, private_key: returned })
    }

    /// What is stored of the private half, and what is returned.
    async fn seal(
        &self,
        private: PrivateHalf,
        pair: &KeyPair,
    ) -> Result<(Option<SealedPrivateKey>, Option<PrivateKeyPem>)> {
        let binding = Binding::of(self.store.instance(), pair);
        match private {
            PrivateHalf::Elsewhere => Ok((None, None)),
            PrivateHalf::Returned(private_key) => Ok((None, Some(private_key))),
            PrivateHalf::Kept(private_key, data_key) => {
                Ok((Some(self.vault.seal(data_key, &binding, &private_key).await?), None))
            }
            PrivateHalf::ReturnedAndKept(private_key, data_key) => {
                Ok((Some(self.vault.seal(data_key, &binding, &private_key).await?), Some(private_key)))
            }
        }
    }
}

/// Whether a failed insert has certainly stored nothing of the key. What is not known counts as stored: a key that is in
/// the database may be in nobody else's hands.
const fn nothing_was_stored(error: &Error) -> bool {
    match error {
        Error::AlreadyExists(_)
        | Error::QuotaExceeded { .. }
        | Error::TooManyTags { .. }
        | Error::Invalid { .. }
        | Error::Forbidden(_)
        | Error::RateLimited { .. }
        | Error::Busy { .. } => true,
        Error::Unavailable { .. }
        | Error::Integrity(_)
        | Error::Internal(_)
        | Error::NotFound(_)
        | Error::JustDeleted(_)
        | Error::NotKept(_)
        | Error::PublicKeyUnusable { .. }
        | Error::MarkerNotFound(_)
        | Error::PrivateKeyUnusable { .. }
        | Error::PrivateKeyMismatch
        | Error::ProtectionUnavailable { .. } => false,
    }
}

impl PrivateHalf {
    /// Kept where there is a data key to keep it under.
    fn generated(private_key: PrivateKeyPem, data_key: Option<FreshDataKey>) -> Self {
        match data_key {
            None => Self::Returned(private_key),
            Some(data_key) => Self::ReturnedAndKept(private_key, data_key),
        }
    }

    fn is_kept(&self) -> bool {
        match self {
            Self::Kept(..) | Self::ReturnedAndKept(..) => true,
            Self::Elsewhere | Self::Returned(_) => false,
        }
    }
}

impl Whose {
    /// The user that a new key pair is for.
    fn user<'a>(&'a self, caller: &'a Caller) -> &'a UserId {
        match self {
            Self::Callers | Self::Project(_) => &caller.user,
            Self::User(user) => user,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn s61_a_key_counts_as_stored_unless_it_certainly_was_not() {
        let retry_after = Duration::from_secs(1);
        let unknown = Error::Unavailable { retry_after, source: "the database did not answer in time".into() };
        for error in [unknown, Error::internal("cause"), Error::integrity("cause")] {
            assert!(!nothing_was_stored(&error), "{error:?}");
        }
        let name = KeyPairName::parse("k1").unwrap();
        let full = Error::Busy { what: "the database", retry_after };
        for error in [Error::AlreadyExists(name), Error::QuotaExceeded { limit: 1 }, full] {
            assert!(nothing_was_stored(&error), "{error:?}");
        }
    }
}
