//! The threads that fill the pool, with what nobody else wants of the processors.

use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::pool::{Next, Pool};
use super::priority::{self, For};
use super::turns::Turns;
use crate::ssh::FreshKey;

/// What is drawn at once is over by then: keys that take its place are not made beside it.
const BURST: Duration = Duration::from_millis(100);
/// How long to give way to requests before looking again.
const GIVE_WAY: Duration = Duration::from_millis(50);
/// Between these is the rest where somebody else wants the processors, or no key can be made.
const SHORTEST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Starts `threads` of them. They end, nobody waiting for them, when the pool is closed.
pub(super) fn start(threads: usize, pool: &Arc<Pool<FreshKey>>, turns: &Arc<Turns>) {
    for _ in 0..threads {
        let (pool, turns) = (Arc::clone(pool), Arc::clone(turns));
        let started = Builder::new().name("key-pool".to_owned()).spawn(move || {
            priority::lower(For::Pool);
            fill(&pool, &turns);
        });
        if let Err(cause) = started {
            tracing::warn!(%cause, "a thread that generates keys beforehand could not be started");
        }
    }
}

fn fill(pool: &Pool<FreshKey>, turns: &Turns) {
    loop {
        match pool.next(turns.free()) {
            Next::Closed => return,
            Next::Full => {
                pool.wait_until_wanted();
                pool.rest(BURST);
            }
            Next::GiveWay => pool.rest(GIVE_WAY),
            Next::Make(begun) => {
                let (since, used) = (Instant::now(), processor_time());
                let made = FreshKey::generate(begun.algorithm);
                let rest = match &made {
                    Ok(_) => rest_after(since.elapsed(), processor_time().saturating_sub(used)),
                    Err(error) => {
                        tracing::warn!(cause = %error.with_cause(), "no key could be generated beforehand");
                        Some(LONGEST_REST)
                    }
                };
                pool.deliver(begun, made.ok());
                if let Some(rest) = rest {
                    pool.rest(rest);
                }
            }
        }
    }
}

/// What the calling thread has used of a processor.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// A key that took half as long again as it used a processor was made on one that others wanted. That also shows what
/// a priority does not see: another container's load, and a limit on this one's.
fn rest_after(took: Duration, used: Duration) -> Option<Duration> {
    (took * 2 > used * 3).then(|| took.clamp(SHORTEST_REST, LONGEST_REST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_not_have_a_core_to_itself_rests_at_least_as_long_again() {
        let ms = Duration::from_millis;
        let cases = [
            ((45, 45), None),
            ((67, 45), None),
            ((68, 45), Some(1_000)),
            ((90, 45), Some(1_000)),
            ((3_000, 45), Some(3_000)),
            ((60_000, 400), Some(10_000)),
        ];
        for ((took, used), rest) in cases {
            assert_eq!(rest_after(ms(took), ms(used)), rest.map(ms), "{took} {used}");
        }
    }

    #[test]
    fn what_generating_takes_of_a_processor_is_measured() {
        let used = processor_time();
        FreshKey::generate(crate::ssh::Algorithm::Rsa2048).unwrap();
        assert!(processor_time() > used);
    }
}
