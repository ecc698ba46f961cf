//! The release ledger: one chain for each owner, whatever happens at the same time.

use keypaird::domain::{Chain, Entry, Error, Event, NO_RECORD, Owner, Record, RecordHash, Subject, record_hash};
use keypaird::store::{NewKeyPair, Still, Store};

use super::support::{Database, actor, name, pair, project, region, sealed, together, user};

/// A key pair whose private key is kept and went out in the answer.
pub(crate) fn kept(owner: &Owner, written: &str) -> NewKeyPair {
    let sealed = sealed("main");
    let new = pair(owner, written);
    let entry = Entry::done(Event::Create, actor(), Subject::of(&new.pair, Some(&sealed)));
    NewKeyPair { sealed: Some(sealed), entry: Some(entry), ..new }
}

/// The records of an owner's chain, each of which follows the one before it.
pub(crate) async fn chain(store: &Store, owner: &Owner) -> Vec<Record> {
    let chain = Chain::Of(owner.clone());
    let stored = store.ledger_page(&region(), &chain, 0, 100_000).await.unwrap();
    let mut previous: RecordHash = NO_RECORD;
    for (place, row) in (1..).zip(&stored) {
        assert_eq!(row.seq, place, "a record is missing");
        previous = record_hash(&previous, &row.region, &row.owner, row.seq, &row.record);
        assert_eq!(row.hash, previous, "record {place} does not follow the one before it");
    }
    stored.iter().map(|row| serde_json::from_str(&row.record).unwrap()).collect()
}

fn events(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.event.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_private_key_stands_in_its_owners_chain_in_order() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        store.key_pair_create(pair(&owner, "imported without a private key")).await.unwrap();
        let (web, opened) = store.sealed_private_key(&region(), &owner, &name("web")).await.unwrap().unwrap();
        let entry = |event| Entry::done(event, actor(), Subject::of(&web, Some(&opened)));
        assert_eq!(store.private_key_release(&web, &opened, entry(Event::Export)).await.unwrap(), Still::Same);
        assert_eq!(store.private_key_clear(&web, entry(Event::Clear), web.created_at).await.unwrap(), Still::Same);
        let again = sealed("other");
        let put = store.private_key_put(&web, again.clone(), entry(Event::Import), web.created_at).await.unwrap();
        assert_eq!(put, Still::Same);
        store.key_pair_delete(&region(), &owner, &name("web"), actor()).await.unwrap();
        store.key_pair_delete(&region(), &owner, &name("imported without a private key"), actor()).await.unwrap();

        let records = chain(&store, &owner).await;
        assert_eq!(events(&records), ["create", "export", "clear", "import", "delete"]);
        let first = &records[0];
        assert_eq!(first.key_pair_id, Some(web.id.to_string()));
        assert_eq!(first.key_pair_name.as_deref(), Some("web"));
        assert_eq!(first.commitment.as_deref(), Some("03".repeat(32).as_str()));
        assert_eq!((first.user_id.as_str(), first.dialect.as_str()), ("ada", "nova"));
        assert_eq!(first.request_id.as_deref(), Some("req-1"));
        assert!(records.iter().all(|record| record.outcome == "done" && record.repeats == 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_of_a_create_that_was_refused() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        assert!(matches!(store.key_pair_create(kept(&owner, "web")).await, Err(Error::AlreadyExists(_))));
        let limited = NewKeyPair { limit: 1, ..kept(&owner, "more") };
        assert!(matches!(store.key_pair_create(limited).await, Err(Error::QuotaExceeded { .. })));
        assert_eq!(chain(&store, &owner).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_that_changed_meanwhile_is_not_released_and_not_recorded() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        let (web, opened) = store.sealed_private_key(&region(), &owner, &name("web")).await.unwrap().unwrap();
        let entry = || Entry::done(Event::Export, actor(), Subject::of(&web, Some(&opened)));

        let mut other = opened.clone();
        other.commitment[0] ^= 1;
        assert_eq!(store.private_key_release(&web, &other, entry()).await.unwrap(), Still::Changed);
        let mut other = opened.clone();
        other.ciphertext[0] ^= 1;
        assert_eq!(store.private_key_release(&web, &other, entry()).await.unwrap(), Still::Changed);
        let mut moved = web.clone();
        moved.project = None;
        assert_eq!(store.private_key_release(&moved, &opened, entry()).await.unwrap(), Still::Changed);
        let mut moved = web.clone();
        moved.public_key.push('x');
        assert_eq!(store.private_key_release(&moved, &opened, entry()).await.unwrap(), Still::Changed);
        // A wrapping that was moved to another key-encryption key is no other private key.
        let mut rewrapped = opened.clone();
        rewrapped.wrapped_data_key = vec![9];
        assert_eq!(store.private_key_release(&web, &rewrapped, entry()).await.unwrap(), Still::Same);

        store.key_pair_delete(&region(), &owner, &name("web"), actor()).await.unwrap();
        assert_eq!(store.private_key_release(&web, &opened, entry()).await.unwrap(), Still::Changed);
        assert_eq!(store.private_key_clear(&web, entry(), web.created_at).await.unwrap(), Still::Changed);
        let put = store.private_key_put(&web, opened.clone(), entry(), web.created_at).await.unwrap();
        assert_eq!(put, Still::Changed);
        assert_eq!(events(&chain(&store, &owner).await), ["create", "export", "delete"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_write_for_one_owner_leave_one_chain_and_keep_the_limit() {
    for database in Database::each().await {
        let (one, other, owner) = (database.open().await, database.open().await, user("ada"));
        let made = together(60, |number| {
            let store = if number % 2 == 0 { one.clone() } else { other.clone() };
            let new = NewKeyPair { limit: 20, ..kept(&owner, &format!("k{number}")) };
            Box::pin(async move { store.key_pair_create(new).await })
        })
        .await;
        assert_eq!(made.iter().filter(|outcome| outcome.is_ok()).count(), 20);
        let pairs: Vec<String> = (0..60).map(|number| format!("k{number}")).collect();
        let exported = together(60, |number| {
            let store = if number % 2 == 0 { other.clone() } else { one.clone() };
            let (owner, name) = (owner.clone(), name(&pairs[number]));
            Box::pin(async move {
                let Some((web, opened)) = store.sealed_private_key(&region(), &owner, &name).await.unwrap() else {
                    return false;
                };
                let entry = Entry::done(Event::Export, actor(), Subject::of(&web, Some(&opened)));
                store.private_key_release(&web, &opened, entry).await.unwrap() == Still::Same
            })
        })
        .await;
        assert_eq!(exported.iter().filter(|out| **out).count(), 20);
        let records = chain(&one, &owner).await;
        assert_eq!(records.len(), 40);
        assert_eq!(one.key_pairs_used(&region(), &owner).await.unwrap(), 20);
        assert!(chain(&one, &project("ada")).await.is_empty(), "another owner has a chain of its own");
    }
}
