//! Argon2id, off the async threads and on a bounded queue: a flood of logins takes neither the service's threads nor
//! its memory.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{self, Output};
use argon2::password_hash::{self, PasswordHasher};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::Password;
use crate::domain::{Error, PasswordHash, Result, SecretText};

/// How many hashes may wait or run, for each that runs: about a second's worth.
const QUEUE_FACTOR: usize = 32;
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Hashes and verifies passwords. At most as many at a time as there are cores, with 19 MiB each (the first of OWASP's
/// recommended parameters that fits small machines: m = 19 MiB, t = 2, p = 1, which are the library's defaults).
pub(super) struct Hashing {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    memory: Arc<Memory>,
    runs: Arc<AtomicU64>,
}

/// The memory of verifications that are over, for those to come: never more pieces than workers.
///
/// Were 19 MiB taken from the allocator and given back for each login, small allocations would settle in between, and
/// its heaps would never fit again: with glibc the process grew by 2 GB in 900 logins (measured).
#[derive(Default)]
struct Memory(Mutex<Vec<Vec<Block>>>);

/// The right to compute one hash now.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _worker: OwnedSemaphorePermit,
    memory: Arc<Memory>,
    runs: Arc<AtomicU64>,
}

impl Hashing {
    pub(super) fn new() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::bounded(workers, workers * QUEUE_FACTOR)
    }

    fn bounded(workers: usize, places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            workers: Arc::new(Semaphore::new(workers)),
            memory: Arc::default(),
            runs: Arc::default(),
        }
    }

    /// Waits for a turn; [`Error::Busy`] at once where too many wait already.
    pub(super) async fn turn(&self) -> Result<Turn> {
        let busy = |_| Error::Busy { what: "a password check", retry_after: RETRY_AFTER };
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(Error::internal)?;
        let (memory, runs) = (Arc::clone(&self.memory), Arc::clone(&self.runs));
        Ok(Turn { _place: place, _worker: worker, memory, runs })
    }

    /// How many hashes were computed so far.
    #[cfg(test)]
    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

impl Turn {
    /// The hash to store for a new password, with a random salt.
    pub(super) async fn hash(self, password: &Password) -> Result<PasswordHash> {
        let text = SecretText::new(password.expose().to_owned());
        self.compute(move |_| {
            let hash: phc::PasswordHash = Argon2::default().hash_password(text.expose().as_bytes())?;
            Ok(PasswordHash::from_phc(hash.to_string()))
        })
        .await
        .map(|(hash, _)| hash)
    }

    /// Whether the password is the one that was stored. Without a stored one the same work is done for nothing, so
    /// that the time of the answer does not tell which users exist. The turn is given back, to be held until the outcome
    /// is counted.
    pub(super) async fn verify(self, password: SecretText, stored: Option<PasswordHash>) -> Result<(bool, Self)> {
        self.compute(move |memory| {
            let password = password.expose().as_bytes();
            match &stored {
                Some(stored) => compare(password, stored, memory),
                None => burn(password, memory).map(|()| false),
            }
        })
        .await
    }

    /// Runs on the blocking pool. The turn goes along and comes back: it does not end before the work, whatever a client
    /// does that hangs up.
    async fn compute<T, F>(self, work: F) -> Result<(T, Self)>
    where
        T: Send + 'static,
        F: FnOnce(&Memory) -> password_hash::Result<T> + Send + 'static,
    {
        let on_pool = spawn_blocking(move || {
            let result = work(&self.memory);
            self.runs.fetch_add(1, Ordering::Relaxed);
            (result, self)
        });
        let (result, turn) = on_pool.await.map_err(Error::internal)?;
        Ok((result.map_err(|e| Error::internal(e.to_string()))?, turn))
    }
}

impl Memory {
    /// Runs Argon2 in a piece that is free, or in a new one.
    fn hash(&self, argon2: &Argon2<'_>, password: &[u8], salt: &[u8], digest: &mut [u8]) -> password_hash::Result<()> {
        let mut blocks = self.pieces().pop().unwrap_or_default();
        blocks.resize(argon2.params().block_count(), Block::new());
        let hashed = argon2.hash_password_into_with_memory(password, salt, digest, &mut blocks);
        self.pieces().push(blocks);
        Ok(hashed?)
    }

    fn pieces(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // Each change is one push or pop: a panic elsewhere leaves the list whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn compare(password: &[u8], stored: &PasswordHash, memory: &Memory) -> password_hash::Result<bool> {
    // The parameters are those of the stored hash: raising ours does not lock anybody out.
    let stored = phc::PasswordHash::new(stored.as_phc())?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(password_hash::Error::EncodingInvalid);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from)?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored)?);
    let mut digest = [0; Output::MAX_LENGTH];
    let digest = &mut digest[..expected.len()];
    memory.hash(&argon2, password, salt, digest)?;
    // `Output` compares in constant time.
    Ok(Output::new(digest)? == *expected)
}

fn burn(password: &[u8], memory: &Memory) -> password_hash::Result<()> {
    let mut digest = [0; Params::DEFAULT_OUTPUT_LEN];
    memory.hash(&Argon2::default(), password, &[0; argon2::RECOMMENDED_SALT_LEN], &mut digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    async fn hashed(hashing: &Hashing, text: &str) -> PasswordHash {
        let password = Password::parse(secret(text)).expect("keeps the rule");
        hashing.turn().await.expect("is free").hash(&password).await.expect("hashes")
    }

    #[tokio::test]
    async fn a_password_matches_its_hash_and_no_other() {
        let hashing = Hashing::new();
        let stored = hashed(&hashing, "correct horse").await;
        assert!(stored.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        for (tried, matches) in [("correct horse", true), ("correct horsf", false), ("", false)] {
            let turn = hashing.turn().await.expect("is free");
            assert_eq!(turn.verify(secret(tried), Some(stored.clone())).await.expect("verifies").0, matches, "{tried}");
        }
    }

    #[tokio::test]
    async fn the_same_work_is_done_without_a_stored_password() {
        let hashing = Hashing::new();
        assert!(!hashing.turn().await.expect("is free").verify(secret("any"), None).await.expect("verifies").0);
        assert_eq!(hashing.runs(), 1);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hashing = Hashing::bounded(1, 1);
        let first = hashing.turn().await.expect("is free");
        assert!(matches!(hashing.turn().await, Err(Error::Busy { .. })));
        drop(first);
        assert!(hashing.turn().await.is_ok());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_no_match() {
        let stored = PasswordHash::from_phc("$argon2id$nonsense".to_owned());
        let turn = Hashing::new().turn().await.expect("is free");
        assert!(matches!(turn.verify(secret("any"), Some(stored)).await, Err(Error::Internal(_))));
    }
}
