//! Generates keys, and what else takes a processor long, on threads of their own, as many at once as there are generators, and
//! lets only so many wait. RSA keys are made beforehand while nobody else wants the processors.

mod clock;
mod filling;
mod metrics;
mod pool;
mod priority;
mod size;
mod turns;

use std::sync::Arc;
use std::thread::{Builder, available_parallelism};
use std::time::{Duration, Instant};

use prometheus::Registry;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::metrics::{Draw, Metrics};
use self::pool::{Pool, Unused};
use self::priority::For;
use self::turns::{Place, Turn, Turns};
use super::{RETRY_AFTER, Settings};
use crate::domain::{Error, Owner, Result};
use crate::ssh::{Algorithm, CERTIFICATE_ALGORITHM, Effort, FreshKey};

/// A key of which nothing was stored or shown yet.
pub(super) type UnusedKey = Unused<FreshKey>;

/// An RSA key costs 45 ms and more of a core: without a bound, a flood of creates would starve every other request.
pub(super) struct Generators {
    turns: Arc<Turns>,
    pool: Arc<Pool<FreshKey>>,
    metrics: Metrics,
    longest_wait: Duration,
}

/// How long it takes to write what is made of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// Some microseconds.
    Quick,
    /// Milliseconds, which no async thread has.
    Slow,
}

impl Generators {
    /// Begins to make keys of the settings' `algorithm` and of that of certificates, where RSA, before anybody asks.
    pub(super) fn start(settings: &Settings, algorithm: Algorithm, registry: &Registry) -> Result<Self> {
        let cores = available_parallelism().map_or(1, usize::from);
        let threads = if settings.generators == 0 { cores } else { settings.generators };
        // -1 is the only negative number that the settings may hold.
        let size = usize::try_from(settings.pool.size).unwrap_or_else(|_| size::of_machine(cores, size::memory()));
        let metrics = Metrics::new(registry).map_err(Error::internal)?;
        let always = [algorithm, CERTIFICATE_ALGORITHM];
        let pool = Arc::new(Pool::new(size, &always, clock::machine(), metrics.clone()));
        let turns = Arc::new(Turns::new(threads, settings.generator_queue));
        if size > 0 {
            filling::start(threads.min(cores), &pool, &turns);
        }
        Ok(Self { turns, pool, metrics, longest_wait: Duration::from_secs(settings.generator_wait_seconds) })
    }

    /// A key that is ready, or else a new one, and what `write` makes of it. Where `write` refuses, the key goes back. What takes
    /// next to nothing is done on the caller's own thread, without a turn.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        party: &Owner,
        algorithm: Algorithm,
        writing: Writing,
        write: impl FnOnce(&FreshKey) -> Result<T> + Send + 'static,
    ) -> Result<(UnusedKey, T)> {
        let at_once = match writing {
            Writing::Quick => self.at_once(algorithm)?,
            Writing::Slow => None,
        };
        match at_once {
            Some(unused) => written(&self.pool, unused, write),
            None => {
                let (pool, metrics) = (Arc::clone(&self.pool), self.metrics.clone());
                // Looks into the pool again: while this request waited, a key may have come.
                self.run(party, move || written(&pool, draw_or_generate(&pool, &metrics, algorithm)?, write)).await
            }
        }
    }

    /// Takes a key back that was certainly neither stored nor shown: somebody else will get it.
    pub(super) fn put_back(&self, unused: UnusedKey) {
        self.pool.put_back(unused);
    }

    /// Runs `work` off the async threads, the parties taking turns. [`Error::Busy`] at once when all places are taken, and
    /// after the longest wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        party: &Owner,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = self.turn(party).await?;
        let (done, outcome) = oneshot::channel();
        // A thread of its own, as its priority is its own. The turn goes with the work: a caller who hangs up does not stop it,
        // and must not make room for another.
        let work = move || {
            priority::lower(For::Request);
            let made = work();
            drop(turn);
            drop(done.send(made));
        };
        Builder::new().name("key-generator".to_owned()).spawn(work).map_err(Error::internal)?;
        outcome.await.map_err(Error::internal)?
    }

    /// Wipes the keys that are ready and makes no more. Keys that are being made are dropped as soon as they are.
    pub(super) fn stop(&self) {
        self.pool.close();
    }

    async fn turn(&self, party: &Owner) -> Result<Turn> {
        let since = Instant::now();
        let turn = match self.turns.take(party) {
            Place::Now(turn) => Some(turn),
            Place::Full => None,
            Place::Later(turn) => {
                let _waiting = Waiting::begin(&self.turns, &self.metrics);
                timeout(self.longest_wait, turn).await.ok().and_then(std::result::Result::ok)
            }
        };
        self.metrics.waited(since.elapsed());
        turn.ok_or(Error::Busy { what: "key generation", retry_after: RETRY_AFTER })
    }

    /// A key that nobody has to wait for: one that is ready, or takes next to nothing.
    fn at_once(&self, algorithm: Algorithm) -> Result<Option<UnusedKey>> {
        match algorithm.effort() {
            Effort::Slight => generate(&self.pool, &self.metrics, algorithm).map(Some),
            Effort::Some => Ok(None),
            Effort::Great => Ok(draw(&self.pool, &self.metrics, algorithm)),
        }
    }
}

/// A request that waits: counted when it begins to and when it ends, also by hanging up.
struct Waiting<'a> {
    turns: &'a Arc<Turns>,
    metrics: &'a Metrics,
}

impl<'a> Waiting<'a> {
    fn begin(turns: &'a Arc<Turns>, metrics: &'a Metrics) -> Self {
        metrics.wait(turns.waiting());
        Self { turns, metrics }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.metrics.wait(self.turns.waiting());
    }
}

impl Drop for Generators {
    fn drop(&mut self) {
        self.stop();
    }
}

fn draw(pool: &Pool<FreshKey>, metrics: &Metrics, algorithm: Algorithm) -> Option<UnusedKey> {
    let drawn = pool.draw(algorithm)?;
    metrics.drawn(algorithm, Draw::Hit);
    Some(drawn)
}

fn draw_or_generate(pool: &Pool<FreshKey>, metrics: &Metrics, algorithm: Algorithm) -> Result<UnusedKey> {
    if let Some(drawn) = draw(pool, metrics, algorithm) {
        return Ok(drawn);
    }
    if algorithm.effort() == Effort::Great {
        metrics.drawn(algorithm, Draw::Miss);
    }
    generate(pool, metrics, algorithm)
}

fn generate(pool: &Pool<FreshKey>, metrics: &Metrics, algorithm: Algorithm) -> Result<UnusedKey> {
    let (begun, since) = (pool.begin(algorithm), Instant::now());
    let key = FreshKey::generate(algorithm)?;
    metrics.generated(algorithm, since.elapsed());
    Ok(Pool::adopt(begun, key))
}

fn written<T>(
    pool: &Pool<FreshKey>,
    unused: UnusedKey,
    write: impl FnOnce(&FreshKey) -> Result<T>,
) -> Result<(UnusedKey, T)> {
    match write(&unused.key) {
        Ok(written) => Ok((unused, written)),
        Err(refused) => {
            pool.put_back(unused);
            Err(refused)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::future::join_all;

    use super::pool::Next;
    use super::*;
    use crate::domain::UserId;
    use crate::ssh::{Generated, LineEnd, generate_ssh};

    fn ed25519() -> Result<Generated> {
        generate_ssh(Algorithm::Ed25519, None, LineEnd::None)
    }

    fn generators(generators: usize, generator_queue: usize, generator_wait_seconds: u64) -> Generators {
        let settings = Settings {
            algorithm: "rsa-2048".to_owned(),
            min_rsa_bits: 0,
            limit: 100,
            generators,
            generator_queue,
            generator_wait_seconds,
            pool: super::super::PoolSettings { size: 0 },
        };
        Generators::start(&settings, Algorithm::Rsa2048, &Registry::new()).unwrap()
    }

    /// Generators that no request gets a turn of, with these keys ready.
    fn with_ready(keys: &[Algorithm]) -> Generators {
        let metrics = Metrics::new(&Registry::new()).unwrap();
        let pool = Arc::new(Pool::new(5, keys, clock::machine(), metrics.clone()));
        for &algorithm in keys {
            let Next::Make(begun) = pool.next(1) else { panic!("none is wanted") };
            pool.deliver(begun, Some(FreshKey::generate(algorithm).unwrap()));
        }
        Generators { turns: Arc::new(Turns::new(0, 0)), pool, metrics, longest_wait: Duration::ZERO }
    }

    fn write(key: &FreshKey) -> Result<Generated> {
        key.write(None, LineEnd::None)
    }

    #[tokio::test]
    async fn s58_a_key_that_is_ready_needs_no_turn_and_one_that_is_not_does() {
        let (generators, party) = (with_ready(&[Algorithm::Rsa2048]), party());
        let make = || generators.make(&party, Algorithm::Rsa2048, Writing::Quick, write);
        make().await.unwrap();
        assert!(matches!(make().await, Err(Error::Busy { .. })));
    }

    #[tokio::test]
    async fn what_takes_next_to_nothing_needs_no_turn() {
        let generators = with_ready(&[]);
        for (algorithm, is_made) in
            [(Algorithm::Ed25519, true), (Algorithm::EcdsaP256, true), (Algorithm::EcdsaP384, false)]
        {
            let made = generators.make(&party(), algorithm, Writing::Quick, write).await;
            assert_eq!(made.is_ok(), is_made, "{algorithm:?}");
        }
    }

    #[tokio::test]
    async fn a_key_goes_back_when_it_is_refused_before_anybody_saw_it_and_where_its_taker_says_so() {
        let (generators, party) = (with_ready(&[Algorithm::Rsa2048]), party());
        let refuse = |key: &FreshKey| {
            assert_eq!(key.algorithm(), Algorithm::Rsa2048);
            Err::<(), _>(Error::internal("refused"))
        };
        let refused = generators.make(&party, Algorithm::Rsa2048, Writing::Quick, refuse).await;
        assert!(matches!(refused, Err(Error::Internal(_))));
        let make = || generators.make(&party, Algorithm::Rsa2048, Writing::Quick, write);
        let (key, first) = make().await.unwrap();
        generators.put_back(key);
        let (_, again) = make().await.unwrap();
        assert_eq!(first.public_key.text, again.public_key.text);
    }

    #[tokio::test]
    async fn what_is_slow_to_write_waits_for_its_turn_before_a_key_is_drawn() {
        let generators = with_ready(&[Algorithm::Rsa2048]);
        let slow = generators.make(&party(), Algorithm::Rsa2048, Writing::Slow, write).await;
        assert!(matches!(slow, Err(Error::Busy { .. })));
        assert!(generators.at_once(Algorithm::Rsa2048).unwrap().is_some());
    }

    fn party() -> Owner {
        Owner::User(UserId::parse("u1").unwrap())
    }

    #[tokio::test]
    async fn s58_what_finds_no_place_is_refused_at_once_and_what_waits_is_served() {
        let (generators, party) = (generators(1, 2, 60), party());
        let (open, closed) = mpsc::channel::<()>();
        let stuck = generators.run(&party, move || {
            closed.recv().ok();
            ed25519()
        });
        let waiting = async { join_all([generators.run(&party, ed25519), generators.run(&party, ed25519)]).await };
        let refused = async {
            tokio::task::yield_now().await;
            let refused = generators.run(&party, ed25519).await;
            open.send(()).unwrap();
            refused
        };
        let (stuck, waiting, refused) = tokio::join!(stuck, waiting, refused);
        assert!(stuck.is_ok());
        assert!(waiting.iter().all(Result::is_ok));
        assert!(matches!(refused, Err(Error::Busy { .. })));
    }

    #[tokio::test]
    async fn s58_what_has_waited_too_long_is_refused() {
        let (generators, party) = (generators(1, 2, 0), party());
        let (open, closed) = mpsc::channel::<()>();
        let stuck = generators.run(&party, move || {
            closed.recv().ok();
            ed25519()
        });
        let refused = async {
            let refused = generators.run(&party, ed25519).await;
            open.send(()).unwrap();
            refused
        };
        let (stuck, refused) = tokio::join!(stuck, refused);
        assert!(stuck.is_ok());
        assert!(matches!(refused, Err(Error::Busy { .. })));
        assert_eq!(generators.turns.free(), 1);
    }

    #[tokio::test]
    async fn a_failed_generation_gives_its_place_back() {
        let generators = generators(1, 0, 60);
        for _ in 0..3 {
            let failed = generators.run(&party(), || Err::<Generated, _>(Error::internal("no entropy"))).await;
            assert!(matches!(failed, Err(Error::Internal(_))));
        }
    }
}
