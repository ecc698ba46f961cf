//! Nonces: a signed request that brings one is answered once, by whichever process and whenever that was started.

use std::time::Duration;

use openssl::sha::Sha256;

use crate::domain::{Result, Timestamp};
use crate::store::Store;

/// How long one is remembered. A request may be sent from 15 minutes before its own time to 15 minutes after it; the rest is for
/// clocks that differ between the machines of one database.
const LIFETIME: Duration = Duration::from_secs(35 * 60);

/// How many are deleted at a time, so that other writes get their turn.
const BATCH: u32 = 1000;

/// The nonces that were used. Clones share them.
#[derive(Clone)]
pub struct Nonces {
    store: Store,
}

impl Nonces {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Whether it is that access key's first use of it, which is on disk then. To be called once the signature holds, or
    /// anybody could use up another's; and before anything is done.
    pub async fn spend(&self, access_key: &str, nonce: &str) -> Result<bool> {
        self.store.nonce_insert(hash(access_key, nonce), Timestamp::now().plus(LIFETIME)).await
    }

    /// Deletes those that are remembered for long enough. To be called now and then.
    pub async fn purge_expired(&self) -> Result<u64> {
        let mut purged = 0;
        loop {
            let batch = self.store.nonces_purge(Timestamp::now(), BATCH).await?;
            purged += batch;
            if batch < u64::from(BATCH) {
                return Ok(purged);
            }
        }
    }
}

/// Each with its length before it: `a` and `bc` are not `ab` and `c`.
fn hash(access_key: &str, nonce: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [access_key, nonce] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_access_keys_never_share_a_nonce() {
        assert_ne!(hash("a", "bc"), hash("ab", "c"));
        assert_ne!(hash("a", "b"), hash("b", "a"));
    }
}
