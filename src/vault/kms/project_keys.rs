//! The keys of projects, in memory for a while: what the KMS need not be asked for again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use openssl::sha::sha256;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::client::Client;
use super::failure::Failure;
use super::metrics::{Lookup, Metrics};
use super::target::Target;
use super::{context, exchange, layout};
use crate::domain::{Error, KekId, KekProvider, Owner, Region, Result};
use crate::vault::RowIds;
use crate::vault::binding::{Binding, Context};
use crate::vault::envelope;
use crate::vault::key::Key256;
use crate::vault::key_wrapper::{DataKey, LaterWrapping, WrappedKey};

/// The key of one project, which wraps data keys here. Wiped when nobody uses it any more.
pub(super) struct ProjectKey {
    key: Key256,
    /// The key in the KMS that wrapped it.
    kek: KekId,
    alias: String,
    blob: Vec<u8>,
}

/// Whose key it is leads each entry's name: no project ever finds another's. Instance and region are those of the
/// encryption context: under another one the key would not unwrap again.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Slot {
    whose: Owner,
    instance: Uuid,
    region: Region,
    which: Which,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Which {
    /// The one that wraps now, by what the KMS was asked for and the alias that is written down with it: a later rewrap
    /// follows that alias, so that two aliases of one key have a project's key each.
    Current { key: String, alias: String },
    /// The one that a key in the KMS wrapped to bytes with this SHA-256.
    Unwrapped(String, [u8; 32]),
}

/// All of them: those that wrap and those that only unwrap, under one limit.
pub(super) struct ProjectKeys {
    cache: Cache<Slot, Arc<ProjectKey>>,
    metrics: Metrics,
}

impl ProjectKeys {
    /// None is used for longer than `lifetime` after the KMS gave or unwrapped it.
    pub(super) fn new(lifetime: Duration, entries: u64, metrics: Metrics) -> Self {
        Self { cache: Cache::builder().time_to_live(lifetime).max_capacity(entries).build(), metrics }
    }

    /// The key that wraps for a project now: the KMS makes one if there is none. Of those who need it at once, one asks.
    pub(super) async fn current(
        &self,
        client: &Client,
        target: &Target,
        row: &RowIds<'_>,
        deadline: Instant,
    ) -> Result<Arc<ProjectKey>, Failure> {
        let make = async {
            let (key, made) = exchange::generate(client, target, context::of_project(row), deadline).await?;
            let kek = exchange::kek(KekProvider::AwsKmsProject, made.arn);
            let made = Arc::new(ProjectKey { key, kek, alias: target.alias.clone(), blob: made.blob });
            // What it wraps is often opened soon.
            self.remember(row, &made).await;
            Ok(made)
        };
        self.get(Slot::of(row, Which::Current { key: target.key.clone(), alias: target.alias.clone() }), deadline, make)
            .await
    }

    /// The key that a row of the project was wrapped under.
    pub(super) async fn unwrapped(
        &self,
        client: &Client,
        kek: &KekId,
        blob: &[u8],
        row: &RowIds<'_>,
        deadline: Instant,
    ) -> Result<Arc<ProjectKey>, Failure> {
        let unwrap = async {
            let key = exchange::decrypt(client, &kek.name, blob, context::of_project(row), deadline).await?;
            Ok(Arc::new(ProjectKey::new(kek.clone(), key, blob.to_vec())))
        };
        self.get(Slot::unwrapped(row, kek, blob), deadline, unwrap).await
    }

    /// A key that opens what it wrapped for the row's project.
    pub(super) async fn remember(&self, row: &RowIds<'_>, key: &Arc<ProjectKey>) {
        self.cache.insert(Slot::unwrapped(row, &key.kek, &key.blob), key.clone()).await;
    }

    async fn get(
        &self,
        slot: Slot,
        deadline: Instant,
        ask: impl Future<Output = Result<Arc<ProjectKey>, Failure>>,
    ) -> Result<Arc<ProjectKey>, Failure> {
        let mut lookup = Lookup::Hit;
        let asked = async {
            lookup = Lookup::Miss;
            ask.await
        };
        // Who takes a question over from one who went away would otherwise have waited for two.
        let found = timeout_at(deadline, self.cache.try_get_with(slot, Box::pin(asked))).await;
        self.metrics.looked_up(lookup);
        self.metrics.remember(self.cache.entry_count());
        found.map_err(|_| Failure::Crowded)?.map_err(|failure| Failure::clone(&failure))
    }

    /// Wipes those whose time is up: without it, only the next use of the cache does.
    pub(super) async fn sweep(&self) {
        self.cache.run_pending_tasks().await;
        self.metrics.remember(self.cache.entry_count());
    }
}

impl Slot {
    fn of(row: &RowIds<'_>, which: Which) -> Self {
        Self { whose: context::partition(row), instance: *row.instance.as_uuid(), region: row.region.clone(), which }
    }

    fn unwrapped(row: &RowIds<'_>, kek: &KekId, blob: &[u8]) -> Self {
        Self::of(row, Which::Unwrapped(kek.name.clone(), sha256(blob)))
    }
}

impl ProjectKey {
    /// One that only opens: which alias stood for its key in the KMS is not known.
    pub(super) const fn new(kek: KekId, key: Key256, blob: Vec<u8>) -> Self {
        Self { key, kek, alias: String::new(), blob }
    }

    pub(super) fn unwrap(&self, wrapping: &[u8], binding: &Binding<'_>) -> Result<DataKey> {
        envelope::unwrap(&self.key, &Context::of_data_key(&self.kek, binding), wrapping)
    }
}

impl LaterWrapping for ProjectKey {
    fn wrap(&self, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey> {
        let context = Context::of_data_key(&self.kek, binding);
        let wrapping = envelope::wrap(&self.key, &context, data_key).map_err(Error::internal)?;
        let bytes = layout::write(&self.blob, &wrapping);
        Ok(WrappedKey { kek: self.kek.clone(), alias: Some(self.alias.clone()), bytes })
    }
}

impl fmt::Debug for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProjectKey({:?}, …)", self.kek)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use prometheus::Registry;
    use tokio::time::sleep;

    use super::*;
    use crate::domain::{InstanceId, KeyPairId, ProjectId, UserId};

    const HOUR: Duration = Duration::from_secs(3600);

    fn keys(lifetime: Duration, entries: u64) -> ProjectKeys {
        ProjectKeys::new(lifetime, entries, Metrics::new(&Registry::new()).expect("are registered"))
    }

    /// What a project's row asks for; by `new` if it is not in memory.
    async fn get(keys: &ProjectKeys, project: &str, region: &str, new: u8) -> Arc<ProjectKey> {
        let project = ProjectId::parse(project).expect("is an id");
        let row = RowIds {
            instance: InstanceId::from_uuid(Uuid::from_u128(1)),
            region: &Region::parse(region).expect("is a region"),
            owner: &Owner::User(UserId::parse("ann").expect("is an id")),
            project: Some(&project),
            key_pair: KeyPairId::new(),
        };
        let key = Key256::from_slice(&[new; 32]).expect("32 bytes");
        let kek = exchange::kek(KekProvider::AwsKmsProject, "arn".to_owned());
        let made = Arc::new(ProjectKey { key, kek, alias: String::new(), blob: Vec::new() });
        let slot = Slot::of(&row, Which::Current { key: "alias".to_owned(), alias: "alias".to_owned() });
        keys.get(slot, Instant::now() + HOUR, async { Ok(made) }).await.expect("is got")
    }

    /// Whether in the end no more than `most` of them are in memory. What leaves the cache is dropped once no thread is
    /// within any cache of the process: one that stands still there, as other tests' may, keeps it for a moment.
    async fn at_most(most: usize, keys: &ProjectKeys, made: &[Weak<ProjectKey>]) -> bool {
        for _ in 0..500 {
            keys.sweep().await;
            if made.iter().filter(|key| key.strong_count() > 0).count() <= most {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test]
    async fn s24_each_project_and_region_has_a_key_of_its_own() {
        let keys = keys(HOUR, 10);
        for (new, (project, region)) in (1..).zip([("a", "one"), ("b", "one"), ("a", "two")]) {
            get(&keys, project, region, new).await;
        }
        for (new, (project, region)) in (1..).zip([("a", "one"), ("b", "one"), ("a", "two")]) {
            assert_eq!(get(&keys, project, region, 9).await.key.expose(), &[new; 32], "{project} {region}");
        }
    }

    #[tokio::test]
    async fn s24_a_key_is_dropped_and_so_wiped_when_its_time_is_up_also_while_nobody_calls() {
        let keys = keys(Duration::from_millis(100), 10);
        let key = Arc::downgrade(&get(&keys, "a", "one", 1).await);
        keys.sweep().await;
        assert!(key.upgrade().is_some());
        sleep(Duration::from_millis(150)).await;
        assert!(at_most(0, &keys, &[key]).await);
    }

    #[tokio::test]
    async fn s24_no_more_keys_are_kept_than_the_limit_says_and_none_past_the_end_of_the_cache() {
        let limited = keys(HOUR, 3);
        let mut made = Vec::new();
        for number in 0..20 {
            made.push(Arc::downgrade(&get(&limited, &format!("p{number}"), "one", number).await));
        }
        assert!(at_most(3, &limited, &made).await);
        drop(limited);
        assert!(at_most(0, &keys(HOUR, 3), &made).await);
    }
}
