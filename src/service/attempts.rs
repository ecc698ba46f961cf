//! Attempts at private keys that were refused or failed, and at the ledger of others: they go to the caller's own chain of
//! the ledger, a foreign name like a missing one, and a flood of them as a few records with a number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{KeyPairs, Wanted};
use crate::domain::{Action, Caller, Chain, Entry, Error, Event, KeyPairName, Outcome, Result, Subject, UserId, Via};

/// How long attempts that are alike are counted before they are written.
const WINDOW: Duration = Duration::from_secs(60);
/// How many records about different things a user may add in a window; the rest is one more, with a number.
const DIFFERENT: usize = 10;

/// What was tried.
pub(super) struct Attempt {
    pub(super) action: Action,
    pub(super) event: Event,
    pub(super) name: KeyPairName,
}

impl KeyPairs {
    /// Records what was refused or failed, before its caller is told. Where even that fails, the log says so: there is
    /// nothing left to withhold.
    pub(super) async fn record_failure<T>(&self, caller: &Caller, via: &Via, attempt: Attempt, outcome: &Result<T>) {
        let Err(error) = outcome else { return };
        if let Error::Integrity(_) = error {
            self.metrics.integrity_failed();
        }
        if !concerns_private_key(attempt.action, error) {
            return;
        }
        let subject = Subject { name: Some(attempt.name), ..Subject::default() };
        let entry = Entry {
            outcome: Outcome::of(error),
            detail: Some(error.to_string()),
            ..Entry::done(attempt.event, caller.actor(via), subject)
        };
        self.record_attempt(caller, entry).await;
    }

    /// Records that a caller may not see what was asked for of the ledger, before that is told.
    pub async fn record_refused_reading(&self, caller: &Caller, via: &Via, Wanted { chain, name, .. }: &Wanted) {
        let subject = Subject { name: name.clone(), ..Subject::default() };
        let entry = Entry {
            outcome: Outcome::Refused,
            detail: Some(format!("not allowed to read the ledger of {chain}")),
            ..Entry::done(Event::AuditRead, caller.actor(via), subject)
        };
        self.record_attempt(caller, entry).await;
    }

    async fn record_attempt(&self, caller: &Caller, entry: Entry) {
        let due = self.attempts.take(&caller.user, entry, Instant::now());
        self.append_all(due.into_iter().map(|entry| (caller.user.clone(), entry))).await;
    }

    /// Writes what was only counted so far, of windows that are over.
    pub async fn flush_attempts(&self) {
        self.append_all(self.attempts.over(Instant::now()).into_iter()).await;
    }

    /// Writes all that was only counted so far: the service ends.
    pub async fn flush_all_attempts(&self) {
        self.append_all(self.attempts.all().into_iter()).await;
    }

    /// On a task of its own: a caller who hangs up takes nothing away.
    async fn append_all(&self, entries: impl Iterator<Item = (UserId, Entry)>) {
        let entries: Vec<_> = entries.collect();
        let (store, region, attempts) = (self.store.clone(), self.home.clone(), Arc::clone(&self.attempts));
        let append = async move {
            for (user, entry) in entries {
                if let Err(error) = store.ledger_append(&region, &Chain::of_user(&user), entry.clone()).await {
                    tracing::error!(%user, cause = ?error, "a refused attempt could not be recorded yet");
                    attempts.put_back(user, entry);
                }
            }
        };
        // It does not panic, and nobody aborts it.
        drop(tokio::spawn(append).await);
    }
}

/// Whether an error is about a private key: of a plain create, only that it was not allowed.
fn concerns_private_key(action: Action, error: &Error) -> bool {
    match action {
        Action::CreateKept | Action::Export | Action::ImportInto | Action::Clear => true,
        Action::List | Action::Show | Action::Create | Action::Delete | Action::Describe => {
            matches!(error, Error::Forbidden(_))
        }
    }
}

/// What was recorded of whom, and what was only counted.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<UserId, Window>>);

struct Window {
    opened: Instant,
    /// By what makes attempts alike; `repeats` counts those that no record stands for yet.
    counted: HashMap<Likeness, Entry>,
}

/// Attempts are alike if they are the same but for when and whence they came. `None`: too many different ones.
type Likeness = Option<(Event, Outcome, Option<KeyPairName>, Option<String>)>;

impl Attempts {
    /// What is to be written now: the first of its kind in a window at once, others when the window is over.
    fn take(&self, user: &UserId, entry: Entry, now: Instant) -> Vec<Entry> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        if let Some(old) = windows.remove(user) {
            if now.duration_since(old.opened) < WINDOW {
                windows.insert(user.clone(), old);
            } else {
                due = old.into_counted();
            }
        }
        let window = windows.entry(user.clone()).or_insert_with(|| Window { opened: now, counted: HashMap::new() });
        due.extend(window.take(entry));
        due
    }

    /// Counts what could not be written, for the next flush.
    fn put_back(&self, user: UserId, entry: Entry) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(user).or_insert_with(|| Window { opened: Instant::now(), counted: HashMap::new() });
        let likeness = Some((entry.event, entry.outcome, entry.subject.name.clone(), entry.detail.clone()));
        let repeats = entry.repeats;
        let counted = window.counted.entry(likeness).or_insert(Entry { repeats: 0, ..entry });
        counted.repeats = counted.repeats.saturating_add(repeats);
    }

    /// What was counted in windows that are over.
    fn over(&self, now: Instant) -> Vec<(UserId, Entry)> {
        self.drain(|window| now.duration_since(window.opened) >= WINDOW)
    }

    fn all(&self) -> Vec<(UserId, Entry)> {
        self.drain(|_| true)
    }

    fn drain(&self, is_over: impl Fn(&Window) -> bool) -> Vec<(UserId, Entry)> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<_> = windows.extract_if(|_, window| is_over(window)).collect();
        let entries = |(user, window): (UserId, Window)| {
            window.into_counted().into_iter().map(move |entry| (user.clone(), entry))
        };
        over.into_iter().flat_map(entries).collect()
    }
}

impl Window {
    fn take(&mut self, entry: Entry) -> Option<Entry> {
        let likeness = Some((entry.event, entry.outcome, entry.subject.name.clone(), entry.detail.clone()));
        if let Some(counted) = self.counted.get_mut(&likeness) {
            counted.repeats = counted.repeats.saturating_add(1);
            return None;
        }
        if self.counted.len() < DIFFERENT {
            self.counted.insert(likeness, Entry { repeats: 0, ..entry.clone() });
            return Some(entry);
        }
        let further = self.counted.entry(None).or_insert_with(|| Entry {
            subject: Subject::default(),
            detail: Some("further attempts, at several key pairs".to_owned()),
            repeats: 0,
            ..entry
        });
        further.repeats = further.repeats.saturating_add(1);
        None
    }

    fn into_counted(self) -> Vec<Entry> {
        self.counted.into_values().filter(|entry| entry.repeats > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, Dialect};

    fn entry(name: &str) -> Entry {
        let via = Via { dialect: Dialect::Kps, client: None, request_id: None };
        let subject = Subject { name: Some(KeyPairName::parse(name).expect("is a name")), ..Subject::default() };
        let actor = Actor { user: "ada".to_owned(), project: None, via };
        Entry { outcome: Outcome::Refused, detail: Some("no".to_owned()), ..Entry::done(Event::Export, actor, subject) }
    }

    fn written(entries: &[Entry]) -> Vec<(Option<&str>, u32)> {
        entries.iter().map(|it| (it.subject.name.as_ref().map(KeyPairName::as_str), it.repeats)).collect()
    }

    #[test]
    fn the_first_is_written_at_once_and_those_alike_with_their_number_when_the_window_is_over() {
        let (attempts, user, start) = (Attempts::default(), UserId::parse("ada").expect("is an id"), Instant::now());
        assert_eq!(written(&attempts.take(&user, entry("web"), start)), [(Some("web"), 1)]);
        for _ in 0..5 {
            assert!(attempts.take(&user, entry("web"), start).is_empty());
        }
        assert!(attempts.over(start).is_empty(), "the window is open");
        let later = attempts.take(&user, entry("web"), start + WINDOW);
        assert_eq!(written(&later), [(Some("web"), 5), (Some("web"), 1)]);
        assert!(attempts.over(start + 2 * WINDOW).is_empty(), "one record stands for the one attempt");
    }

    #[test]
    fn a_flood_of_different_names_is_a_few_records_and_none_is_lost() {
        let (attempts, user, start) = (Attempts::default(), UserId::parse("ada").expect("is an id"), Instant::now());
        let mut records = Vec::new();
        for number in 0..1000 {
            records.extend(attempts.take(&user, entry(&format!("k{number}")), start));
        }
        assert_eq!(records.len(), DIFFERENT);
        records.extend(attempts.all().into_iter().map(|(_, entry)| entry));
        assert_eq!(records.len(), DIFFERENT + 1);
        assert_eq!(records.iter().map(|entry| entry.repeats).sum::<u32>(), 1000);
    }

    #[test]
    fn users_have_windows_of_their_own() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        for user in ["ada", "bob"] {
            let user = UserId::parse(user).expect("is an id");
            assert_eq!(attempts.take(&user, entry("web"), start).len(), 1);
        }
    }
}
