//! Generates keys, and what else takes a processor long, on threads of their own, as many at once as there are generators, and lets only so many wait.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::RETRY_AFTER;
use crate::domain::{Error, Result};

/// An RSA key costs 45 ms and more of a core: without a bound, a flood of creates would starve every other request.
pub(super) struct Generators {
    /// A place for each request that generates or waits.
    places: Arc<Semaphore>,
    /// One for each key that is generated at once.
    threads: Arc<Semaphore>,
}

impl Generators {
    /// `threads` 0 means as many as there are cores.
    pub(super) fn new(threads: usize, queue: usize) -> Self {
        let threads = match threads {
            0 => available_parallelism().map_or(1, usize::from),
            some => some,
        };
        Self { places: Arc::new(Semaphore::new(threads + queue)), threads: Arc::new(Semaphore::new(threads)) }
    }

    /// Runs `generate` off the async threads; [`Error::Busy`] at once when all places are taken.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        generate: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = self
            .places
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::Busy { what: "key generation", retry_after: RETRY_AFTER })?;
        let thread = self.threads.clone().acquire_owned().await.map_err(Error::internal)?;
        // Both permits go with the work: a caller who hangs up does not stop it, and must not make room for another.
        let work = move || {
            let _held = (place, thread);
            generate()
        };
        spawn_blocking(work).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::future::join_all;

    use super::*;
    use crate::ssh::{Algorithm, Generated, LineEnd, generate_ssh};

    fn ed25519() -> Result<Generated> {
        generate_ssh(Algorithm::Ed25519, None, LineEnd::None)
    }

    #[tokio::test]
    async fn what_finds_no_place_is_refused_at_once_and_what_waits_is_served() {
        let generators = Generators::new(1, 2);
        let (open, closed) = mpsc::channel::<()>();
        let stuck = generators.run(move || {
            closed.recv().ok();
            ed25519()
        });
        let waiting = async { join_all([generators.run(ed25519), generators.run(ed25519)]).await };
        let refused = async {
            tokio::task::yield_now().await;
            let refused = generators.run(ed25519).await;
            open.send(()).unwrap();
            refused
        };
        let (stuck, waiting, refused) = tokio::join!(stuck, waiting, refused);
        assert!(stuck.is_ok());
        assert!(waiting.iter().all(Result::is_ok));
        assert!(matches!(refused, Err(Error::Busy { .. })));
    }

    #[tokio::test]
    async fn a_failed_generation_gives_its_place_back() {
        let generators = Generators::new(1, 0);
        for _ in 0..3 {
            let failed = generators.run(|| Err::<Generated, _>(Error::internal("no entropy"))).await;
            assert!(matches!(failed, Err(Error::Internal(_))));
        }
    }
}
