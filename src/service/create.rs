//! Creates key pairs: generated or imported, the private key returned once or also kept.

use super::policy::authorize;
use super::{KeyPairs, Whose};
use crate::domain::{
    Action, Caller, Error, KeyKind, KeyPair, KeyPairId, KeyPairName, PrivateKeyPem, Protection, Result,
    SealedPrivateKey, Timestamp, UserId,
};
use crate::ssh::{
    Algorithm, Generated, LineEnd, PrivateKeyFormat, PublicKey, check_pair, generate_certificate, generate_ssh,
    parse_certificate, parse_ssh,
};
use crate::store;
use crate::vault::Binding;

/// A key pair that is asked for.
pub struct NewKeyPair {
    pub whose: Whose,
    pub name: KeyPairName,
    pub kind: KeyKind,
    pub origin: Origin,
}

/// Where the key pair comes from.
pub enum Origin {
    Generate { algorithm: Option<Algorithm>, format: Option<PrivateKeyFormat>, line_end: LineEnd, custody: Custody },
    Import { public_key: String, keep: Option<KeptKey> },
}

/// What becomes of a generated private key besides the one answer that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    ReturnOnce,
    Escrow(Protection),
}

/// A private key that comes with an import, to be kept.
pub struct KeptKey {
    pub private_key: PrivateKeyPem,
    pub protection: Protection,
}

/// A key pair that was made.
pub struct Created {
    pub pair: KeyPair,
    /// Only of a generated pair: an imported private key is never sent back.
    pub private_key: Option<PrivateKeyPem>,
}

/// The private half of a new key pair, and where it goes.
enum PrivateHalf {
    /// Imported without one.
    Elsewhere,
    Returned(PrivateKeyPem),
    Kept(KeptKey),
    ReturnedAndKept(KeptKey),
}

impl KeyPairs {
    /// Refusals come in Nova's recorded order: [`Error::Forbidden`], [`Error::QuotaExceeded`],
    /// [`Error::PublicKeyUnusable`], [`Error::AlreadyExists`]. A refused or failed create stores nothing.
    #[tracing::instrument(skip_all, fields(key_pair.name = %new.name))]
    pub async fn create(&self, caller: &Caller, new: NewKeyPair) -> Result<Created> {
        let NewKeyPair { whose, name, kind, origin } = new;
        authorize(caller, origin.action(), &whose.written_owner(caller), None)?;
        let (public_key, private) = match origin {
            Origin::Import { public_key, keep } => self.import(caller, &whose, &name, kind, &public_key, keep).await?,
            Origin::Generate { algorithm, format, line_end, custody } => {
                custody.protection().map_or(Ok(()), |protection| self.vault.check(protection))?;
                self.check_room(caller, &whose, &name).await?;
                let user = whose.user(caller).clone();
                let algorithm = algorithm.unwrap_or(self.algorithm);
                let generate = move || match kind {
                    KeyKind::Ssh => generate_ssh(algorithm, format, line_end),
                    KeyKind::X509 => generate_certificate(&user),
                };
                let Generated { public_key, private_key } = self.generators.run(generate).await?;
                (public_key, custody.of(private_key))
            }
        };
        self.insert(caller, &whose, name, public_key, private).await
    }

    async fn import(
        &self,
        caller: &Caller,
        whose: &Whose,
        name: &KeyPairName,
        kind: KeyKind,
        public_key: &str,
        keep: Option<KeptKey>,
    ) -> Result<(PublicKey, PrivateHalf)> {
        let parsed = match kind {
            KeyKind::Ssh => parse_ssh(public_key, self.min_rsa_bits),
            KeyKind::X509 => parse_certificate(public_key),
        };
        // At the limit Nova says so before it looks at the key; a usable key meets the limit when it is inserted.
        let public_key = match parsed {
            Ok(public_key) => public_key,
            Err(unusable) => return Err(self.check_quota(caller, whose).await.err().unwrap_or(unusable)),
        };
        let Some(kept) = keep else { return Ok((public_key, PrivateHalf::Elsewhere)) };
        check_pair(&kept.private_key, &public_key)?;
        self.check_room(caller, whose, name).await?;
        Ok((public_key, PrivateHalf::Kept(kept)))
    }

    /// Spares the work on what the insert would refuse; the insert decides, whatever was seen here.
    async fn check_room(&self, caller: &Caller, whose: &Whose, name: &KeyPairName) -> Result<()> {
        self.check_quota(caller, whose).await?;
        match self.find_visible(caller, whose, name).await? {
            Some(taken) => Err(Error::AlreadyExists(taken.name)),
            None => Ok(()),
        }
    }

    async fn check_quota(&self, caller: &Caller, whose: &Whose) -> Result<()> {
        let owner = whose.written_owner(caller);
        self.store.key_pair_check_quota(&self.region, &owner, caller.project(), &caller.user, self.limit).await
    }

    async fn insert(
        &self,
        caller: &Caller,
        whose: &Whose,
        name: KeyPairName,
        public_key: PublicKey,
        private: PrivateHalf,
    ) -> Result<Created> {
        let pair = KeyPair {
            id: KeyPairId::new(),
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
            has_private_key: private.kept().is_some(),
            created_at: Timestamp::now(),
            updated_at: None,
        };
        let sealed = match private.kept() {
            Some(kept) => Some(self.seal(kept, &pair).await?),
            None => None,
        };
        let new = store::NewKeyPair {
            pair: pair.clone(),
            sealed,
            also_visible: whose.other_owner(caller),
            caller: caller.user.clone(),
            limit: self.limit,
        };
        self.store.key_pair_create(new).await?;
        tracing::info!(
            key_pair.name = %pair.name, key_pair.id = %pair.id, user = %caller.user, algorithm = %pair.algorithm,
            "created key pair {}", pair.name
        );
        Ok(Created { pair, private_key: private.into_returned() })
    }

    async fn seal(&self, kept: &KeptKey, pair: &KeyPair) -> Result<SealedPrivateKey> {
        let binding = Binding::of(self.store.instance(), pair);
        self.vault.seal(&kept.protection, &binding, &kept.private_key).await
    }
}

impl Origin {
    /// A create that also keeps a private key is less often allowed than one that does not.
    fn action(&self) -> Action {
        match self {
            Self::Generate { custody: Custody::ReturnOnce, .. } | Self::Import { keep: None, .. } => Action::Create,
            Self::Generate { custody: Custody::Escrow(_), .. } | Self::Import { keep: Some(_), .. } => {
                Action::CreateKept
            }
        }
    }
}

impl Custody {
    fn protection(&self) -> Option<&Protection> {
        match self {
            Self::ReturnOnce => None,
            Self::Escrow(protection) => Some(protection),
        }
    }

    fn of(self, private_key: PrivateKeyPem) -> PrivateHalf {
        match self {
            Self::ReturnOnce => PrivateHalf::Returned(private_key),
            Self::Escrow(protection) => PrivateHalf::ReturnedAndKept(KeptKey { private_key, protection }),
        }
    }
}

impl PrivateHalf {
    fn kept(&self) -> Option<&KeptKey> {
        match self {
            Self::Kept(kept) | Self::ReturnedAndKept(kept) => Some(kept),
            Self::Elsewhere | Self::Returned(_) => None,
        }
    }

    fn into_returned(self) -> Option<PrivateKeyPem> {
        match self {
            Self::Returned(private_key) | Self::ReturnedAndKept(KeptKey { private_key, .. }) => Some(private_key),
            Self::Elsewhere | Self::Kept(_) => None,
        }
    }
}

impl Whose {
    /// The user that a new key pair is for.
    fn user<'a>(&'a self, caller: &'a Caller) -> &'a UserId {
        match self {
            Self::Callers => &caller.user,
            Self::User(user) => user,
        }
    }
}
