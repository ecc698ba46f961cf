//! Key-encryption keys from the local master key file, as it is now.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::binding::{Binding, Context, RowIds};
use super::envelope;
use super::key_wrapper::{DataKey, Generated, KeyChoice, KeyWrapper, WrappedKey, Wrapping};
use super::master_keys::MasterKeys;
use super::stored::Broken;
use crate::domain::{Error, KekId, Result, Source};

/// How often at most rows that name an unknown master key have the file read again.
const BETWEEN_READS: Duration = Duration::from_secs(1);

/// Where the master keys come from, now and again.
#[async_trait]
pub trait MasterKeySource: Send + Sync {
    /// Reads the master keys anew and compares them with what the database knows of them, as at the start. The error
    /// says what to do.
    async fn load(&self) -> Result<MasterKeys, Source>;
}

/// The master keys as a provider: the primary one wraps, the one that the row names unwraps.
///
/// A wrapped key has 81 bytes: format (1) | salt (32) | encrypted data key (32) | tag (16).
pub struct LocalKeys {
    current: ArcSwap<MasterKeys>,
    source: Option<Arc<dyn MasterKeySource>>,
    /// When the source was last asked. Held while it is: whoever else misses a key waits for that one answer.
    asked: Mutex<Option<Instant>>,
}

/// Keys that stay as they are.
impl From<MasterKeys> for LocalKeys {
    fn from(keys: MasterKeys) -> Self {
        Self { current: ArcSwap::from_pointee(keys), source: None, asked: Mutex::new(None) }
    }
}

impl LocalKeys {
    /// Keys that are read again from `source`: when told to, and when a row names one that is not here.
    pub fn following(keys: MasterKeys, source: Arc<dyn MasterKeySource>) -> Self {
        Self { source: Some(source), ..Self::from(keys) }
    }

    /// Reads the keys again. Where that fails, those that are here stay in use.
    pub(super) async fn reload(&self) -> Result<(), Source> {
        let mut asked = self.asked.lock().await;
        self.ask(&mut asked).await
    }

    /// The key that wraps.
    pub(super) fn primary(&self) -> KekId {
        self.current.load().primary().id().clone()
    }

    /// The keys in use.
    pub(super) fn keys(&self) -> Arc<MasterKeys> {
        self.current.load_full()
    }

    /// Wraps by the primary key, in the context that it gives.
    pub(super) fn wrap_in(&self, data_key: &DataKey, context: impl FnOnce(&KekId) -> Context) -> Result<WrappedKey> {
        let keys = self.current.load();
        let primary = keys.primary();
        let bytes = envelope::wrap(primary.key(), &context(primary.id()), data_key).map_err(Error::internal)?;
        Ok(WrappedKey { kek: primary.id().clone(), alias: None, bytes })
    }

    /// Unwraps by the key `kek` and no other.
    pub(super) async fn unwrap_in(&self, kek: &KekId, bytes: &[u8], context: &Context) -> Result<DataKey> {
        let keys = self.holding(kek).await;
        let master = keys.find(kek).ok_or_else(|| Broken::UnknownMasterKey(kek.clone()))?;
        envelope::unwrap(master.key(), context, bytes)
    }

    async fn ask(&self, asked: &mut Option<Instant>) -> Result<(), Source> {
        *asked = Some(Instant::now());
        if let Some(source) = &self.source {
            self.current.store(Arc::new(source.load().await?));
        }
        Ok(())
    }

    /// The keys that hold `kek`. If those that are here do not, they are read again: once for all who ask meanwhile, and
    /// at most once a second. Who comes too soon waits for that: the file may have been changed since.
    async fn holding(&self, kek: &KekId) -> Arc<MasterKeys> {
        let here = self.current.load_full();
        if self.source.is_none() || here.find(kek).is_some() {
            return here;
        }
        let begun = Instant::now();
        let mut asked = self.asked.lock().await;
        let found = self.current.load().find(kek).is_some();
        if !found && asked.is_none_or(|asked| asked < begun) {
            if let Some(asked) = *asked {
                sleep_until(asked + BETWEEN_READS).await;
            }
            if let Err(failed) = self.ask(&mut asked).await {
                tracing::error!("a row names a master key that is not known, and the file is of no use: {failed}");
            }
        }
        self.current.load_full()
    }
}

#[async_trait]
impl KeyWrapper for LocalKeys {
    async fn generate(&self, choice: &KeyChoice, _row: &RowIds<'_>) -> Result<Generated> {
        refuse_choice(choice)?;
        let data_key = DataKey::new(envelope::random_key().map_err(Error::internal)?);
        Ok(Generated { data_key, wrapping: Wrapping::AsChosen })
    }

    async fn wrap(&self, choice: &KeyChoice, data_key: &DataKey, binding: &Binding<'_>) -> Result<WrappedKey> {
        refuse_choice(choice)?;
        self.wrap_in(data_key, |kek| Context::of_data_key(kek, binding))
    }

    async fn unwrap(&self, wrapped: &WrappedKey, binding: &Binding<'_>) -> Result<DataKey> {
        let WrappedKey { kek, alias: _, bytes } = wrapped;
        self.unwrap_in(kek, bytes, &Context::of_data_key(kek, binding)).await
    }
}

/// Callers name no master key: the primary one wraps.
fn refuse_choice(choice: &KeyChoice) -> Result<()> {
    match choice {
        KeyChoice::Primary => Ok(()),
        KeyChoice::Tenants(_) | KeyChoice::Alias(_) => Err(Error::internal("a master key was to be chosen by a name")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tempfile::TempDir;
    use uuid::Uuid;

    use super::super::master_key_edit::MasterKeyFile;
    use super::*;
    use crate::domain::{InstanceId, KeyKind, KeyPairId, Owner, Region, UserId};

    /// A file that counts how often it is read, and takes its time.
    struct Counted {
        path: PathBuf,
        reads: AtomicUsize,
    }

    #[async_trait]
    impl MasterKeySource for Counted {
        async fn load(&self) -> Result<MasterKeys, Source> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            MasterKeys::load(&self.path).map_err(Into::into)
        }
    }

    fn keys() -> (TempDir, Arc<Counted>, LocalKeys) {
        let directory = tempfile::tempdir().expect("makes a directory");
        let path = directory.path().join("master.key");
        let keys = MasterKeys::create(&path).expect("makes master keys");
        let source = Arc::new(Counted { path, reads: AtomicUsize::new(0) });
        (directory, source.clone(), LocalKeys::following(keys, source))
    }

    async fn with_binding<T>(act: impl AsyncFnOnce(&Binding<'_>) -> T) -> T {
        act(&Binding {
            row: RowIds {
                instance: InstanceId::from_uuid(Uuid::from_u128(1)),
                region: &Region::parse("RegionOne").expect("is a region"),
                owner: &Owner::User(UserId::parse("alice").expect("is a user id")),
                project: None,
                key_pair: KeyPairId::from_uuid(Uuid::from_u128(2)),
            },
            kind: KeyKind::Ssh,
            public_key: "ssh-ed25519 AAAA",
        })
        .await
    }

    /// A data key that another replica wrapped by a key that it has added to the file and made the primary.
    async fn wrapped_elsewhere(path: &std::path::Path) -> WrappedKey {
        let kek = MasterKeyFile::open(path).and_then(|file| file.add_key(None)).expect("adds");
        let changed = MasterKeyFile::open(path).and_then(|file| file.set_primary(&kek)).expect("changes");
        let replica = LocalKeys::from(changed);
        with_binding(async |binding| {
            let made = replica.generate(&KeyChoice::Primary, &binding.row).await.expect("generates");
            replica.wrap(&KeyChoice::Primary, &made.data_key, binding).await.expect("wraps")
        })
        .await
    }

    #[tokio::test]
    async fn a_row_of_a_key_that_was_added_since_opens_at_once_and_the_file_is_read_once_for_all_who_ask() {
        let (_directory, source, keys) = keys();
        let wrapped = wrapped_elsewhere(&source.path).await;
        with_binding(async |binding| {
            let opened = (0..20).map(|_| keys.unwrap(&wrapped, binding));
            assert!(futures_util::future::join_all(opened).await.iter().all(Result::is_ok));
        })
        .await;
        assert_eq!(source.reads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn rows_of_a_key_that_is_nowhere_have_the_file_read_once_a_second() {
        let (_directory, source, keys) = keys();
        let mut wrapped = wrapped_elsewhere(&source.path).await;
        wrapped.kek.version = 99;
        let begun = Instant::now();
        for _ in 0..2 {
            with_binding(async |binding| {
                let opened = (0..20).map(|_| keys.unwrap(&wrapped, binding));
                for failed in futures_util::future::join_all(opened).await {
                    assert!(failed.expect_err("is refused").with_cause().contains("version 99"));
                }
            })
            .await;
        }
        let (reads, seconds) = (source.reads.load(Ordering::SeqCst), begun.elapsed().as_secs_f64());
        assert!((2..=3).contains(&reads) && (reads - 1) as f64 <= seconds, "{reads} reads in {seconds} s");
    }

    #[tokio::test]
    async fn while_the_file_cannot_be_used_the_keys_that_are_here_go_on() {
        let (_directory, source, keys) = keys();
        std::fs::write(&source.path, "damaged").expect("writes");
        let failed = keys.reload().await.expect_err("is refused").to_string();
        assert!(failed.contains("line 1"), "{failed}");
        with_binding(async |binding| {
            let made = keys.generate(&KeyChoice::Primary, &binding.row).await.expect("generates");
            let wrapped = keys.wrap(&KeyChoice::Primary, &made.data_key, binding).await.expect("wraps");
            assert!(keys.unwrap(&wrapped, binding).await.is_ok());
        })
        .await;
    }
}
