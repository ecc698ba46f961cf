//! Keystone's answers about tokens and access keys, kept for a while. Requests that come at once with one of them ask once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;

use super::failure::Failure;
use super::metrics::Lookup;

/// How many valid tokens (or access keys) are remembered, and how many refused ones. They are kept apart, so that a flood
/// of those that anybody can make up does not push out those of real callers.
const MAX_ENTRIES: u64 = 20_000;

/// How long what Keystone does not know stays refused without asking. Short: with several Keystones a token may be known to
/// one a moment before the other.
const REFUSAL_LIFETIME: Duration = Duration::from_secs(5);

/// The SHA-256 of what was asked about. Nothing else is kept of it: whoever reads this memory finds no token in it.
pub(super) type Hash = [u8; 32];

/// What Keystone said of a token or access key.
pub(super) enum Answer<T> {
    /// What it stands for.
    Valid(Arc<T>),
    /// Unknown, expired, revoked, or of somebody who may not use it.
    Refused,
}

/// What is kept, and when it was asked for: what Keystone did later, it does not tell.
#[derive(Clone)]
struct Kept<T> {
    answer: T,
    asked: Instant,
}

/// What is not kept among the valid ones.
enum Other {
    Refused { asked: Instant },
    Failed(Arc<Failure>),
}

pub(super) struct Answers<T> {
    valid: Cache<Hash, Kept<Arc<T>>>,
    refused: Cache<Hash, Kept<()>>,
}

impl<T: Send + Sync + 'static> Answers<T> {
    /// Nothing is kept longer than `lifetime` after it was asked for.
    pub(super) fn new(lifetime: Duration) -> Self {
        let of_refusals = Lifetime(lifetime.min(REFUSAL_LIFETIME));
        Self {
            valid: Cache::builder().max_capacity(MAX_ENTRIES).expire_after(Lifetime(lifetime)).build(),
            refused: Cache::builder().max_capacity(MAX_ENTRIES).expire_after(of_refusals).build(),
        }
    }

    /// The kept answer, or what `ask` says, which is kept. Of those that ask about the same at once, one does, and if it
    /// goes away another one takes over. Failures are shared among them, and not kept.
    pub(super) async fn get(
        &self,
        hash: Hash,
        ask: impl Future<Output = Result<Answer<T>, Failure>>,
    ) -> Result<(Answer<T>, Lookup), Arc<Failure>> {
        if self.refused.get(&hash).await.is_some() {
            return Ok((Answer::Refused, Lookup::Hit));
        }
        match self.valid.entry(hash).or_try_insert_with(only_valid(ask)).await {
            Ok(found) => {
                let lookup = if found.is_fresh() { Lookup::Miss } else { Lookup::Hit };
                Ok((Answer::Valid(found.into_value().answer), lookup))
            }
            Err(other) => match &*other {
                Other::Refused { asked } => {
                    self.refused.insert(hash, Kept { answer: (), asked: *asked }).await;
                    Ok((Answer::Refused, Lookup::Miss))
                }
                Other::Failed(failure) => Err(failure.clone()),
            },
        }
    }

    /// Drops what is too old to be used.
    pub(super) async fn purge(&self) {
        self.valid.run_pending_tasks().await;
        self.refused.run_pending_tasks().await;
    }
}

async fn only_valid<T>(ask: impl Future<Output = Result<Answer<T>, Failure>>) -> Result<Kept<Arc<T>>, Other> {
    let asked = Instant::now();
    match ask.await {
        Ok(Answer::Valid(answer)) => Ok(Kept { answer, asked }),
        Ok(Answer::Refused) => Err(Other::Refused { asked }),
        Err(failure) => Err(Other::Failed(Arc::new(failure))),
    }
}

/// Counted from the question, not from the answer.
struct Lifetime(Duration);

impl<T> Expiry<Hash, Kept<T>> for Lifetime {
    fn expire_after_create(&self, _: &Hash, kept: &Kept<T>, created_at: Instant) -> Option<Duration> {
        Some(self.0.saturating_sub(created_at.saturating_duration_since(kept.asked)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn valid() -> Answer<&'static str> {
        Answer::Valid(Arc::new("ann"))
    }

    fn numbered(number: usize) -> Hash {
        // As with real hashes, each byte depends on all of the token.
        openssl::sha::sha256(&number.to_be_bytes())
    }

    async fn lookup(answers: &Answers<&'static str>, number: usize, answer: Answer<&'static str>) -> Lookup {
        answers.get(numbered(number), async { Ok(answer) }).await.expect("is answered").1
    }

    #[tokio::test]
    async fn requests_that_come_at_once_with_one_token_ask_once() {
        let (answers, asked) = (Answers::new(HOUR), AtomicUsize::new(0));
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(20)).await;
            Ok(valid())
        };
        join_all((0..100).map(|_| answers.get(numbered(1), ask()))).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(lookup(&answers, 1, Answer::Refused).await, Lookup::Hit);
    }

    #[tokio::test]
    async fn one_that_goes_away_leaves_the_question_to_the_next() {
        let answers = Answers::new(HOUR);
        let never = answers.get(numbered(1), std::future::pending());
        let second = async {
            sleep(Duration::from_millis(20)).await;
            lookup(&answers, 1, valid()).await
        };
        let (first, second) = tokio::join!(tokio::time::timeout(Duration::from_millis(50), never), second);
        assert!(first.is_err());
        assert_eq!(second, Lookup::Miss);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let answers = Answers::new(HOUR);
        let failed = answers.get(numbered(1), async { Err(Failure::Slow(HOUR)) }).await;
        assert!(failed.is_err());
        assert_eq!(lookup(&answers, 1, valid()).await, Lookup::Miss);
    }

    #[test]
    fn an_answer_holds_from_when_it_was_asked_for() {
        let asked = Instant::now();
        let held = |lifetime: u64, answered_after: u64| {
            let created = asked + Duration::from_secs(answered_after);
            let lifetime = Lifetime(Duration::from_secs(lifetime));
            lifetime.expire_after_create(&numbered(1), &Kept { answer: (), asked }, created).expect("ends").as_secs()
        };
        assert_eq!([held(60, 0), held(60, 4), held(2, 4), held(0, 0)], [60, 56, 0, 0]);
    }

    #[tokio::test]
    async fn a_refusal_is_kept_and_not_for_long() {
        let answers = Answers::new(HOUR);
        assert_eq!(lookup(&answers, 1, Answer::Refused).await, Lookup::Miss);
        let (again, hit) = answers.get(numbered(1), async { Ok(valid()) }).await.expect("is answered");
        assert!(matches!((again, hit), (Answer::Refused, Lookup::Hit)));
        let answers = Answers::new(Duration::from_millis(20));
        lookup(&answers, 1, Answer::Refused).await;
        sleep(Duration::from_millis(30)).await;
        assert_eq!(lookup(&answers, 1, valid()).await, Lookup::Miss);
    }

    #[tokio::test]
    async fn what_is_too_old_goes_without_being_asked_for() {
        let answers = Answers::new(Duration::from_millis(20));
        let found = Arc::new("ann");
        lookup(&answers, 1, Answer::Valid(found.clone())).await;
        assert!(Arc::strong_count(&found) > 1);
        // The cache looks at ends in turns of about a second.
        sleep(Duration::from_millis(2200)).await;
        answers.purge().await;
        assert_eq!(Arc::strong_count(&found), 1);
    }

    #[tokio::test]
    async fn with_no_lifetime_every_request_asks() {
        let answers = Answers::new(Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(lookup(&answers, 1, valid()).await, Lookup::Miss);
        }
    }

    #[tokio::test]
    async fn a_flood_of_unknown_tokens_does_not_push_out_those_in_use() {
        let answers = Answers::new(HOUR);
        for number in 0..100 {
            lookup(&answers, number, valid()).await;
        }
        let flood = usize::try_from(MAX_ENTRIES * 2).expect("fits");
        for number in 1000..flood {
            lookup(&answers, number, Answer::Refused).await;
        }
        for number in 0..100 {
            assert_eq!(lookup(&answers, number, valid()).await, Lookup::Hit);
        }
        answers.refused.run_pending_tasks().await;
        assert!(answers.refused.entry_count() <= MAX_ENTRIES);
    }
}
