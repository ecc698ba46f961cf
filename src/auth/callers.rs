//! The callers behind tokens that were looked up a moment ago.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::domain::{Caller, Timestamp, TokenHash};

/// How long a change elsewhere (a user disabled, a role taken, a token deleted) may go unnoticed.
const LIFETIME: Duration = Duration::from_secs(5);
const MAX_ENTRIES: usize = 10_000;

/// Only tokens that were found are remembered: an unknown one may become known, and remembering what anybody may send
/// would let anybody push out the rest.
#[derive(Default)]
pub(super) struct Callers(RwLock<HashMap<TokenHash, Known>>);

struct Known {
    caller: Caller,
    expires_at: Timestamp,
    /// When the database was asked: monotonic, so that a clock set back does not lengthen it.
    asked: Instant,
}

impl Callers {
    /// The caller, if asked for less than five seconds ago and the token has not expired since.
    pub(super) fn find(&self, hash: &TokenHash, now: Instant, time: Timestamp) -> Option<Caller> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = |known: &&Known| now.duration_since(known.asked) < LIFETIME && time < known.expires_at;
        known.get(hash).filter(fresh).map(|known| known.caller.clone())
    }

    /// Remembers what the database said when it was asked at `asked`.
    pub(super) fn remember(&self, hash: TokenHash, caller: Caller, expires_at: Timestamp, asked: Instant) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_ENTRIES && !known.contains_key(&hash) {
            // Nothing in it is older than five seconds or worth more than one query: no order of eviction is kept.
            known.clear();
        }
        known.insert(hash, Known { caller, expires_at, asked });
    }

    pub(super) fn forget(&self, hash: &TokenHash) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    /// Drops what is too old to be used.
    pub(super) fn purge(&self, now: Instant) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, entry| now.duration_since(entry.asked) < LIFETIME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Scope, UserId};

    const HOUR: Duration = Duration::from_secs(3600);

    fn caller() -> Caller {
        Caller { user: UserId::parse("u").expect("is an id"), scope: Scope::Unscoped, roles: [].into() }
    }

    fn numbered(number: usize) -> TokenHash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        TokenHash(hash)
    }

    #[test]
    fn a_caller_is_known_for_five_seconds_and_no_longer() {
        let (callers, asked, time) = (Callers::default(), Instant::now(), Timestamp::now());
        callers.remember(numbered(1), caller(), time.plus(HOUR), asked);
        assert!(callers.find(&numbered(1), asked + Duration::from_millis(4999), time).is_some());
        assert!(callers.find(&numbered(1), asked + Duration::from_secs(5), time).is_none());
        assert!(callers.find(&numbered(2), asked, time).is_none());
    }

    #[test]
    fn a_caller_is_never_known_past_the_tokens_expiry() {
        let (callers, asked, time) = (Callers::default(), Instant::now(), Timestamp::now());
        let expiry = time.plus(Duration::from_secs(1));
        callers.remember(numbered(1), caller(), expiry, asked);
        assert!(callers.find(&numbered(1), asked, time).is_some());
        assert!(callers.find(&numbered(1), asked, expiry).is_none());
    }

    #[test]
    fn the_table_does_not_grow_without_bound() {
        let (callers, asked, time) = (Callers::default(), Instant::now(), Timestamp::now());
        for number in 0..MAX_ENTRIES + 1 {
            callers.remember(numbered(number), caller(), time.plus(HOUR), asked);
        }
        assert!(callers.0.read().expect("is whole").len() <= MAX_ENTRIES);
        assert!(callers.find(&numbered(MAX_ENTRIES), asked, time).is_some());
    }

    #[test]
    fn what_is_forgotten_or_purged_is_gone() {
        let (callers, asked, time) = (Callers::default(), Instant::now(), Timestamp::now());
        callers.remember(numbered(1), caller(), time.plus(HOUR), asked);
        callers.forget(&numbered(1));
        assert!(callers.find(&numbered(1), asked, time).is_none());
        callers.remember(numbered(2), caller(), time.plus(HOUR), asked);
        callers.purge(asked + LIFETIME);
        assert!(callers.0.read().expect("is whole").is_empty());
    }
}
