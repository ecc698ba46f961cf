//! What a key pair is, in no vendor's words. Imports nothing else of this crate.

mod access_key;
mod caller;
mod error;
mod identity;
mod ids;
mod key_pair;
mod kms_key;
mod ledger;
mod owner;
mod page;
mod quota;
mod sealed;
mod secret;
mod tag;
mod timestamp;

pub use access_key::{AccessKey, AccessKeyId, AccessKeyIds, NewAccessKey, Temporary, WrappedSecret};
pub use caller::{Caller, Scope};
pub use error::{Action, Error, Result, Source};
pub use identity::{Grant, GrantTarget, PasswordHash, Project, ProjectDirectory, Role, StoredToken, TokenHash, User};
pub use ids::{DomainId, InstanceId, KeyPairId, KeyPairName, ProjectId, QuotaClass, Region, ResourceGroupId, UserId};
pub use key_pair::{Fingerprint, KeyAlgorithm, KeyKind, KeyPair, ListedKeyPair};
pub use kms_key::{KmsKeyId, KmsKeyName};
pub use ledger::{
    Actor, Chain, CustodyAfter, Dialect, Encoding, Entry, Event, NO_RECORD, Outcome, Record, RecordHash, Subject, Via,
    hex, record_hash,
};
pub use owner::Owner;
pub use page::{Marker, Page};
pub use quota::{Limit, Limits, Quota, QuotaHolder, Resource};
pub use sealed::{KekId, KekProvider, KmsKey, Protection, SealedPrivateKey, Suite};
pub use secret::{PrivateKeyPem, SecretText};
pub use tag::{Labels, Tag};
pub use timestamp::Timestamp;
