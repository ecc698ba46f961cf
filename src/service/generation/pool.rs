//! Keys that are ready before anybody asks for them: in memory only, each for one taker, none for longer than an hour.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::{Clock, Moment};
use super::metrics::{Discarded, Metrics};
use crate::ssh::Algorithm;

/// How old a key may become before it is thrown away, on the monotonic clock. So long after the last wish for an algorithm
/// that is not always kept ready are keys of it made.
const LONGEST: Duration = Duration::from_secs(3600);
/// By how much the wall clock may leave the monotonic one between two looks. Slewing does not come near; a suspended or restored
/// machine goes past it.
const JUMP: Duration = Duration::from_secs(1);
/// How often a full pool looks at the clocks.
const LOOK: Duration = Duration::from_secs(5);

/// A pool of `size` keys for each algorithm. What is drawn is out of it: no key is handed out twice.
pub(super) struct Pool<K> {
    size: usize,
    clock: Clock,
    metrics: Metrics,
    state: Mutex<State<K>>,
    /// A key is wanted, or the pool is closed.
    wanted: Condvar,
    /// The pool is closed.
    closed: Condvar,
}

struct State<K> {
    open: bool,
    /// Raised when the pool is thrown away: what was begun before does not come in any more.
    batch: u64,
    looked: Moment,
    shelves: Vec<Shelf<K>>,
}

/// The keys of one algorithm, the oldest first.
struct Shelf<K> {
    algorithm: Algorithm,
    /// Whether keys of it are made before anybody asks.
    always: bool,
    /// When a key of it was last asked for.
    asked: Option<Duration>,
    keys: VecDeque<Unused<K>>,
    /// How many are being made for it.
    in_the_making: usize,
}

/// A key that nobody has seen, and that stands nowhere else.
pub(in crate::service) struct Unused<K> {
    pub(super) key: K,
    begun: Begun,
}

/// When the making of a key began.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    pub(super) algorithm: Algorithm,
    batch: u64,
    at: Duration,
}

/// What a thread that fills the pool does next.
pub(super) enum Next {
    /// To be followed by [`Pool::deliver`].
    Make(Begun),
    /// Those who wait for a key go first.
    GiveWay,
    Full,
    Closed,
}

impl<K> Pool<K> {
    /// Without keys; `always` are the algorithms of which some are made before anybody asks. Size 0: never holds any.
    pub(super) fn new(size: usize, always: &[Algorithm], clock: Clock, metrics: Metrics) -> Self {
        let slow = [Algorithm::Rsa2048, Algorithm::Rsa3072, Algorithm::Rsa4096];
        let shelf = |algorithm| Shelf {
            algorithm,
            always: always.contains(&algorithm),
            asked: None,
            keys: VecDeque::new(),
            in_the_making: 0,
        };
        let state = State { open: size > 0, batch: 0, looked: clock(), shelves: slow.map(shelf).into() };
        Self { size, clock, metrics, state: Mutex::new(state), wanted: Condvar::new(), closed: Condvar::new() }
    }

    /// A key that is ready, and is the caller's alone from now on.
    pub(super) fn draw(&self, algorithm: Algorithm) -> Option<Unused<K>> {
        let (mut state, now) = self.look();
        if !state.open {
            return None;
        }
        let shelf = state.shelf(algorithm)?;
        shelf.asked = Some(now);
        let drawn = shelf.keys.pop_front();
        self.metrics.ready(algorithm, shelf.keys.len());
        drop(state);
        // One is enough for one key; those that rest must not be woken to take the lock from those who draw.
        self.wanted.notify_one();
        drawn
    }

    /// A key is made for somebody who waits for it; [`Self::adopt`] says that it was.
    pub(super) fn begin(&self, algorithm: Algorithm) -> Begun {
        let (state, at) = self.look();
        Begun { algorithm, batch: state.batch, at }
    }

    pub(super) const fn adopt(begun: Begun, key: K) -> Unused<K> {
        Unused { key, begun }
    }

    /// Takes a key that was certainly neither stored nor shown. It keeps its age, and is the next to be drawn.
    pub(super) fn put_back(&self, unused: Unused<K>) {
        let (mut state, now) = self.look();
        self.shelve(&mut state, now, unused, VecDeque::push_front);
    }

    /// `free`: how many could generate without a request having to wait. Never are more keys made for the pool at once.
    pub(super) fn next(&self, free: usize) -> Next {
        let (mut state, now) = self.look();
        if !state.open {
            return Next::Closed;
        }
        let Some(wanted) = state.most_wanted(self.size, now) else { return Next::Full };
        if state.shelves.iter().map(|shelf| shelf.in_the_making).sum::<usize>() >= free {
            return Next::GiveWay;
        }
        let batch = state.batch;
        let Some(shelf) = state.shelf(wanted) else { return Next::Full };
        shelf.in_the_making += 1;
        Next::Make(Begun { algorithm: wanted, batch, at: now })
    }

    /// Ends what [`Next::Make`] began; `None` where no key came of it.
    pub(super) fn deliver(&self, begun: Begun, made: Option<K>) {
        let (mut state, now) = self.look();
        if let Some(shelf) = state.shelf(begun.algorithm) {
            shelf.in_the_making -= 1;
        }
        if let Some(key) = made {
            self.shelve(&mut state, now, Unused { key, begun }, VecDeque::push_back);
        }
    }

    /// Until a key is wanted, the pool is closed, or it is time to look at the clocks.
    pub(super) fn wait_until_wanted(&self) {
        let (state, now) = self.look();
        let is_full = |state: &mut State<K>| state.open && state.most_wanted(self.size, now).is_none();
        drop(self.wanted.wait_timeout_while(state, LOOK, is_full));
    }

    /// So long, or until the pool is closed.
    pub(super) fn rest(&self, time: Duration) {
        drop(self.closed.wait_timeout_while(self.lock(), time, |state| state.open));
    }

    /// Wipes all keys, and takes none any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.open = false;
        state.shelves.iter_mut().for_each(|shelf| shelf.keys.clear());
        drop(state);
        self.wanted.notify_all();
        self.closed.notify_all();
    }

    fn shelve(
        &self,
        state: &mut State<K>,
        now: Duration,
        unused: Unused<K>,
        push: impl FnOnce(&mut VecDeque<Unused<K>>, Unused<K>),
    ) {
        let Begun { algorithm, batch, at } = unused.begun;
        if !state.open || batch != state.batch || now.saturating_sub(at) >= LONGEST {
            return;
        }
        let Some(shelf) = state.shelf(algorithm) else { return };
        if shelf.keys.len() < self.size {
            push(&mut shelf.keys, unused);
            self.metrics.ready(algorithm, shelf.keys.len());
        }
    }

    /// The state as the clocks allow it to be, and the time on the monotonic one.
    fn look(&self) -> (MutexGuard<'_, State<K>>, Duration) {
        let mut state = self.lock();
        // Read under the lock: an older moment after a newer one would look like a jump.
        let now = (self.clock)();
        let jumped = now.apart_from(state.looked) >= JUMP;
        state.looked = now;
        if jumped {
            state.batch += 1;
        }
        let (batch, mut discarded) = (state.batch, 0);
        for shelf in &mut state.shelves {
            let before = shelf.keys.len();
            shelf.keys.retain(|key| key.begun.batch == batch && now.running.saturating_sub(key.begun.at) < LONGEST);
            let gone = before - shelf.keys.len();
            if gone > 0 {
                discarded += gone;
                self.metrics.ready(shelf.algorithm, shelf.keys.len());
            }
        }
        match jumped {
            true => self.tell_jump(discarded),
            false => self.metrics.discarded(Discarded::Age, discarded),
        }
        (state, now.running)
    }

    fn tell_jump(&self, keys: usize) {
        self.metrics.discarded(Discarded::ClockJump, keys);
        if keys == 0 {
            return;
        }
        tracing::warn!(
            keys,
            "threw away {keys} keys that were generated beforehand: the clock has jumped, so this machine may be a copy of \
             one that has the same keys"
        );
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> State<K> {
    fn shelf(&mut self, algorithm: Algorithm) -> Option<&mut Shelf<K>> {
        self.shelves.iter_mut().find(|shelf| shelf.algorithm == algorithm)
    }

    /// The algorithm that is furthest from having all its keys, those first that are always kept ready: whoever asks for others
    /// all the time must not leave everybody else without.
    fn most_wanted(&self, size: usize, now: Duration) -> Option<Algorithm> {
        let wanted = self.shelves.iter().filter(|shelf| shelf.is_wanted(now) && shelf.coming() < size);
        wanted.min_by_key(|shelf| (!shelf.always, shelf.coming())).map(|shelf| shelf.algorithm)
    }
}

impl<K> Shelf<K> {
    fn is_wanted(&self, now: Duration) -> bool {
        self.always || self.asked.is_some_and(|asked| now.saturating_sub(asked) < LONGEST)
    }

    fn coming(&self) -> usize {
        self.keys.len() + self.in_the_making
    }
}
