//! Counts failed logins, and says when further ones are refused.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openssl::sha::Sha256;

/// So many failures within the window refuse every further login of that account from that address.
const MAX_FAILURES: u32 = 10;
/// From the first failure on; afterwards the count begins anew.
const WINDOW: Duration = Duration::from_secs(300);
/// The most accounts and addresses that are counted at a time.
const MAX_ENTRIES: usize = 10_000;

/// Failed logins by account and source address: nobody can lock out another by knowing a name, and no address gets more
/// than a few guesses a minute at one account. Each process counts for itself.
#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<Attempt, Count>>);

/// An account at an address, as a hash: names of any length take the same memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Attempt([u8; 32]);

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    since: Instant,
}

impl Attempt {
    /// `account` says who was to be logged in; it may be as long as a caller likes.
    pub(super) fn new(account: &str, source: IpAddr) -> Self {
        let mut hash = Sha256::new();
        hash.update(network(source).to_string().as_bytes());
        hash.update(b"\0");
        hash.update(account.as_bytes());
        Self(hash.finish())
    }
}

/// What counts as one client: an IPv6 host has a whole /64 to itself, and counting single addresses would count nothing.
pub fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

impl Count {
    fn expired(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= WINDOW
    }
}

impl Failures {
    /// Whether the login is to be refused whatever the password.
    pub(super) fn locked(&self, attempt: Attempt, now: Instant) -> bool {
        self.lock_remains(attempt, now).is_some()
    }

    /// How long it is refused yet, if it is.
    pub(super) fn lock_remains(&self, attempt: Attempt, now: Instant) -> Option<Duration> {
        let counts = self.counts();
        let count = counts.get(&attempt).filter(|count| !count.expired(now) && count.failures >= MAX_FAILURES)?;
        Some(WINDOW.saturating_sub(now.duration_since(count.since)))
    }

    /// Counts a failure. Whether it was the one that locks.
    pub(super) fn record(&self, attempt: Attempt, now: Instant) -> bool {
        let mut counts = self.counts();
        if !counts.contains_key(&attempt) && counts.len() >= MAX_ENTRIES {
            make_room(&mut counts, now);
        }
        let count = counts.entry(attempt).or_insert(Count { failures: 0, since: now });
        if count.expired(now) {
            *count = Count { failures: 0, since: now };
        }
        count.failures = count.failures.saturating_add(1);
        count.failures == MAX_FAILURES
    }

    /// Forgets the failures before a login that succeeded.
    pub(super) fn forget(&self, attempt: Attempt) {
        self.counts().remove(&attempt);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Attempt, Count>> {
        // Each change is one insert or remove: a panic elsewhere leaves the table whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what has expired, else the entry with the fewest failures: a flood of made-up names, each of which costs an
/// Argon2 run, pushes out others like it before it unlocks anything.
fn make_room(counts: &mut HashMap<Attempt, Count>, now: Instant) {
    counts.retain(|_, count| !count.expired(now));
    if counts.len() >= MAX_ENTRIES {
        let least = counts.iter().min_by_key(|(_, count)| (count.failures, count.since)).map(|(attempt, _)| *attempt);
        least.and_then(|attempt| counts.remove(&attempt));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn fail(failures: &Failures, attempt: Attempt, times: u32, now: Instant) {
        for _ in 0..times {
            failures.record(attempt, now);
        }
    }

    #[test]
    fn ten_failures_lock_the_account_at_that_address_only() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempt = Attempt::new("alice", HERE);
        fail(&failures, attempt, 9, now);
        assert!(!failures.locked(attempt, now));
        assert!(failures.record(attempt, now));
        assert!(failures.locked(attempt, now));
        assert!(!failures.locked(Attempt::new("alice", THERE), now));
        assert!(!failures.locked(Attempt::new("bob", HERE), now));
    }

    #[test]
    fn the_lock_ends_with_the_window() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempt = Attempt::new("alice", HERE);
        fail(&failures, attempt, MAX_FAILURES, now);
        assert!(failures.locked(attempt, now + WINDOW - Duration::from_millis(1)));
        assert!(!failures.locked(attempt, now + WINDOW));
        fail(&failures, attempt, 1, now + WINDOW);
        assert!(!failures.locked(attempt, now + WINDOW));
    }

    #[test]
    fn a_success_forgets_the_failures_before_it() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempt = Attempt::new("alice", HERE);
        fail(&failures, attempt, 9, now);
        failures.forget(attempt);
        fail(&failures, attempt, 9, now);
        assert!(!failures.locked(attempt, now));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let [one, other, far] = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"]
            .map(|address| Attempt::new("alice", address.parse().expect("is an address")));
        assert_eq!(one, other);
        assert_ne!(one, far);
        let mapped = "::ffff:192.0.2.1".parse().expect("is an address");
        assert_eq!(Attempt::new("alice", mapped), Attempt::new("alice", HERE));
    }

    #[test]
    fn a_flood_of_names_neither_grows_the_table_nor_unlocks() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempt = Attempt::new("alice", HERE);
        fail(&failures, attempt, MAX_FAILURES, now);
        for number in 0..MAX_ENTRIES + 10 {
            failures.record(Attempt::new(&format!("name {number}"), HERE), now);
        }
        assert_eq!(failures.counts().len(), MAX_ENTRIES);
        assert!(failures.locked(attempt, now));
    }
}
