//! Stops asking a KMS that is away, and looks now and then whether it is back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// As many failures in a row, and no call goes out for a while.
const FAILURES: u32 = 5;
/// How long none goes out; then one is let through.
const REST: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is under way, and decides.
    Trying,
}

/// What became of a call's place when it was taken, if it is the one that decides.
#[must_use]
#[derive(Debug)]
pub(super) struct Pass<'a> {
    breaker: &'a Breaker,
    trying: bool,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// The time after which a call may go out again, if none may now.
    pub(super) fn rest(&self) -> Option<Duration> {
        self.rest_at(Instant::now())
    }

    fn rest_at(&self, now: Instant) -> Option<Duration> {
        match *self.state() {
            State::Open { until } if now < until => Some(until - now),
            State::Trying => Some(Duration::from_secs(1)),
            State::Closed { .. } | State::Open { .. } => None,
        }
    }

    /// A place for one call, or how long there is none.
    pub(super) fn enter(&self) -> Result<Pass<'_>, Duration> {
        self.enter_at(Instant::now())
    }

    fn enter_at(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        if let Some(rest) = self.rest_at(now) {
            return Err(rest);
        }
        let mut state = self.state();
        let trying = match *state {
            State::Open { .. } => {
                *state = State::Trying;
                true
            }
            State::Closed { .. } => false,
            // Somebody else was faster.
            State::Trying => return Err(Duration::from_secs(1)),
        };
        Ok(Pass { breaker: self, trying })
    }

    /// The KMS answered, whatever it said.
    pub(super) fn answered(&self) {
        *self.state() = State::Closed { failures: 0 };
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.state(), State::Closed { .. })
    }

    fn unavailable_at(&self, now: Instant, trying: bool) {
        let mut state = self.state();
        *state = match *state {
            State::Closed { failures } if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            State::Closed { .. } => State::Open { until: now + REST },
            State::Trying if trying => State::Open { until: now + REST },
            // A call that went out before.
            other @ (State::Open { .. } | State::Trying) => other,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The KMS answered, whatever it said.
    pub(super) fn answered(mut self) {
        self.trying = false;
        self.breaker.answered();
    }

    /// It could not be reached, did not answer in time, or said that it cannot.
    pub(super) fn unavailable(mut self) {
        self.breaker.unavailable_at(Instant::now(), self.trying);
        self.trying = false;
    }
}

/// A caller who went away says nothing about the KMS: the next one may try.
impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        if self.trying && *state == State::Trying {
            *state = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> Breaker {
        let breaker = Breaker::new();
        for _ in 0..FAILURES {
            breaker.enter().expect("is closed").unavailable();
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_not_after_some_between_answers() {
        let breaker = Breaker::new();
        for _ in 0..3 {
            for _ in 1..FAILURES {
                breaker.enter().expect("is closed").unavailable();
            }
            breaker.enter().expect("is closed").answered();
        }
        assert!(breaker.is_closed());
        assert!(opened().enter().is_err_and(|rest| rest <= REST));
    }

    #[test]
    fn after_its_rest_one_call_goes_out_and_decides() {
        let breaker = opened();
        let later = Instant::now() + REST;
        let pass = breaker.enter_at(later).expect("one goes out");
        assert!(breaker.enter_at(later).is_err(), "only one");
        pass.unavailable();
        assert!(breaker.enter().is_err(), "it rests again");
        breaker.enter_at(Instant::now() + REST).expect("one goes out").answered();
        assert!(breaker.is_closed());
    }

    #[test]
    fn a_caller_who_goes_away_leaves_the_try_to_the_next() {
        let breaker = opened();
        let later = Instant::now() + REST;
        drop(breaker.enter_at(later).expect("one goes out"));
        breaker.enter_at(later).expect("the next one goes out").answered();
    }

    #[test]
    fn calls_that_went_out_before_neither_prolong_the_rest_nor_end_the_try() {
        let breaker = Breaker::new();
        let early = breaker.enter().expect("is closed");
        let early_too = breaker.enter().expect("is closed");
        for _ in 0..FAILURES {
            breaker.enter().expect("is closed").unavailable();
        }
        early.unavailable();
        let later = Instant::now() + REST;
        let _pass = breaker.enter_at(later).expect("one goes out");
        early_too.unavailable();
        assert!(breaker.enter_at(later).is_err(), "one is still trying");
    }
}
