//! The service's own token, with which it asks about others'.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

use super::failure::Failure;
use crate::domain::{SecretText, Timestamp};

/// A token of ours, and where it is good for.
pub(super) struct Own {
    pub(super) token: SecretText,
    /// Where tokens are asked about: an address that ends in `/v3`.
    pub(super) identity_url: String,
    /// From then on it is renewed, while it still holds.
    pub(super) renew_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

#[derive(Default)]
pub(super) struct OwnToken {
    current: RwLock<Option<Arc<Own>>>,
    /// Held while logging in: one at a time.
    turn: Mutex<()>,
}

impl OwnToken {
    /// The current token; where there is none, or it is due, one caller logs in. The others wait for that, or go on with
    /// a token that still holds.
    pub(super) async fn get(&self, login: impl AsyncFnOnce() -> Result<Own, Failure>) -> Result<Arc<Own>, Failure> {
        if let Some(own) = self.not_due() {
            return Ok(own);
        }
        let held = self.not_expired();
        let _turn = match (&held, self.turn.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(own), Err(_)) => return Ok(own.clone()),
            (None, Err(_)) => self.turn.lock().await,
        };
        // Who waited finds what the one before got.
        if let Some(own) = self.not_due() {
            return Ok(own);
        }
        match (login().await, held) {
            (Ok(new), _) => {
                let new = Arc::new(new);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(new.clone());
                Ok(new)
            }
            (Err(failure), Some(own)) => {
                tracing::warn!(expires_at = %own.expires_at, "the login to Keystone cannot be renewed: {failure}");
                Ok(own)
            }
            (Err(failure), None) => Err(failure),
        }
    }

    /// Drops a token that Keystone does not know any more, unless another one has taken its place.
    pub(super) fn forget(&self, refused: &Arc<Own>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|own| Arc::ptr_eq(own, refused));
    }

    fn not_due(&self) -> Option<Arc<Own>> {
        self.current_if(|own| Timestamp::now() < own.renew_at)
    }

    fn not_expired(&self) -> Option<Arc<Own>> {
        self.current_if(|own| Timestamp::now() < own.expires_at)
    }

    fn current_if(&self, holds: impl Fn(&Own) -> bool) -> Option<Arc<Own>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone().filter(|own| holds(own))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::task::yield_now;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn own(name: &str, renew_in: Duration, expires_in: Duration) -> Own {
        let now = Timestamp::now();
        let token = SecretText::new(name.to_owned());
        Own { token, identity_url: String::new(), renew_at: now.plus(renew_in), expires_at: now.plus(expires_in) }
    }

    async fn get(tokens: &OwnToken, login: Result<Own, Failure>) -> Result<String, Failure> {
        tokens.get(async || login).await.map(|own| own.token.expose().to_owned())
    }

    #[tokio::test]
    async fn callers_that_come_at_once_share_one_login() {
        let (tokens, logins) = (OwnToken::default(), AtomicUsize::new(0));
        let login = async || {
            logins.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
            Ok(own("one", HOUR, HOUR))
        };
        let got = join_all((0..50).map(|_| tokens.get(login))).await;
        assert!(got.iter().all(Result::is_ok));
        assert_eq!(logins.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_token_that_is_due_is_renewed_and_used_on_while_that_fails() {
        let tokens = OwnToken::default();
        assert_eq!(get(&tokens, Ok(own("due", Duration::ZERO, HOUR))).await.expect("logs in"), "due");
        assert_eq!(get(&tokens, Err(Failure::Slow(HOUR))).await.expect("still holds"), "due");
        assert_eq!(get(&tokens, Ok(own("new", HOUR, HOUR))).await.expect("is renewed"), "new");
    }

    #[tokio::test]
    async fn an_expired_token_is_not_used() {
        let tokens = OwnToken::default();
        get(&tokens, Ok(own("gone", Duration::ZERO, Duration::ZERO))).await.expect("logs in");
        assert!(matches!(get(&tokens, Err(Failure::Slow(HOUR))).await, Err(Failure::Slow(_))));
    }

    #[tokio::test]
    async fn only_the_token_that_was_refused_is_forgotten() {
        let tokens = OwnToken::default();
        let first = tokens.get(async || Ok(own("first", HOUR, HOUR))).await.expect("logs in");
        tokens.forget(&first);
        let second = tokens.get(async || Ok(own("second", HOUR, HOUR))).await.expect("logs in");
        tokens.forget(&first);
        let kept = tokens.get(async || panic!("must not log in")).await.expect("is there");
        assert!(Arc::ptr_eq(&kept, &second));
    }
}
