//! The release ledger: one chain for each owner, whatever happens at the same time.

use keypaird::domain::{
    Chain, Entry, Error, Event, KeyPair, NO_RECORD, Owner, Record, RecordHash, SealedPrivateKey, Subject, record_hash,
};
use keypaird::store::{HandOut, NewKeyPair, Rewrapped, Still, Store};

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

async fn release(store: &Store, pair: &KeyPair, opened: &SealedPrivateKey, entry: Entry) -> Still {
    let hand_out = HandOut { pair: pair.clone(), opened: opened.clone(), entry };
    store.private_keys_release(vec![hand_out]).await.unwrap()
}

fn events(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.event.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_private_key_stands_in_its_owners_chain_in_order() {
    for database in Database::each().await {
        let (store, owner) = (database.open_with_master_keys().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        store.key_pair_create(pair(&owner, "imported without a private key")).await.unwrap();
        let (web, opened) = store.sealed_private_key(&region(), &owner, &name("web")).await.unwrap().unwrap();
        let entry = |event| Entry::done(event, actor(), Subject::of(&web, Some(&opened)));
        assert_eq!(release(&store, &web, &opened, entry(Event::Export)).await, Still::Same);
        assert_eq!(
            store.private_key_clear(&web, &opened, entry(Event::Clear), web.created_at).await.unwrap(),
            Still::Same
        );
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

/// On SQLite, statements of several rows can be others than of one.
#[tokio::test(flavor = "multi_thread")]
async fn private_keys_of_several_owners_that_go_out_at_once_are_recorded_each_in_its_owners_chain() {
    for database in Database::each().await {
        let store = database.open_with_master_keys().await;
        let owners = [user("ada"), user("bob"), project("demo")];
        let mut hand_outs = Vec::new();
        for owner in &owners {
            for web in ["web", "mail"] {
                store.key_pair_create(kept(owner, web)).await.unwrap();
                let (pair, opened) = store.sealed_private_key(&region(), owner, &name(web)).await.unwrap().unwrap();
                let entry = Entry::done(Event::Export, actor(), Subject::of(&pair, Some(&opened)));
                hand_outs.push(HandOut { pair, opened, entry });
            }
        }
        assert_eq!(store.private_keys_release(hand_outs).await.unwrap(), Still::Same);
        for owner in &owners {
            assert_eq!(events(&chain(&store, owner).await), ["create", "create", "export", "export"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_of_several_owners_that_are_made_at_the_same_time_are_recorded_each() {
    for database in Database::each().await {
        let store = database.open_with_master_keys().await;
        // Asked for by one task, they all wait before the first is written.
        let creates = (0..60).map(|number| {
            let owner = user(&format!("user{}", number % 7));
            store.key_pair_create(kept(&owner, &format!("pair{number}")))
        });
        let made = futures_util::future::join_all(creates).await;
        made.into_iter().for_each(|made| made.unwrap());
        for number in 0..7 {
            assert!(chain(&store, &user(&format!("user{number}"))).await.len() >= 8);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_of_a_create_that_was_refused() {
    for database in Database::each().await {
        let (store, owner) = (database.open_with_master_keys().await, user("ada"));
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
        let (store, owner) = (database.open_with_master_keys().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        let (web, opened) = store.sealed_private_key(&region(), &owner, &name("web")).await.unwrap().unwrap();
        let entry = || Entry::done(Event::Export, actor(), Subject::of(&web, Some(&opened)));

        let mut other = opened.clone();
        other.commitment[0] ^= 1;
        assert_eq!(release(&store, &web, &other, entry()).await, Still::Changed);
        let mut other = opened.clone();
        other.ciphertext[0] ^= 1;
        assert_eq!(release(&store, &web, &other, entry()).await, Still::Changed);
        let mut moved = web.clone();
        moved.project = None;
        assert_eq!(release(&store, &moved, &opened, entry()).await, Still::Changed);
        let mut moved = web.clone();
        moved.public_key.push('x');
        assert_eq!(release(&store, &moved, &opened, entry()).await, Still::Changed);
        // A wrapping that was moved to another key-encryption key is no other private key.
        let mut rewrapped = opened.clone();
        rewrapped.wrapped_data_key = vec![9];
        assert_eq!(release(&store, &web, &rewrapped, entry()).await, Still::Same);

        store.key_pair_delete(&region(), &owner, &name("web"), actor()).await.unwrap();
        assert_eq!(release(&store, &web, &opened, entry()).await, Still::Changed);
        assert_eq!(store.private_key_clear(&web, &opened, entry(), web.created_at).await.unwrap(), Still::Changed);
        let put = store.private_key_put(&web, opened.clone(), entry(), web.created_at).await.unwrap();
        assert_eq!(put, Still::Changed);
        assert_eq!(events(&chain(&store, &owner).await), ["create", "export", "delete"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_write_for_one_owner_leave_one_chain_and_keep_the_limit() {
    for database in Database::each().await {
        let (one, other, owner) =
            (database.open_with_master_keys().await, database.open_with_master_keys().await, user("ada"));
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
                release(&store, &web, &opened, entry).await == Still::Same
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

#[tokio::test(flavor = "multi_thread")]
async fn s19_a_wrapping_is_written_only_over_the_one_that_was_read() {
    for database in Database::each().await {
        let (store, owner) = (database.open_with_master_keys().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        let [row] = <[_; 1]>::try_from(store.kept_rows(None, 10).await.unwrap()).ok().unwrap();
        let (_, was) = row.content.unwrap();
        let mut moved = was.clone();
        moved.wrapped_data_key = vec![7; 40];
        moved.kek.version += 1;
        let rewrapped = |was: &[u8]| Rewrapped { key: row.key.clone(), was: was.to_vec(), now: moved.clone() };

        // Somebody else was first; then the row was deleted; then another of that name came.
        assert_eq!(store.rewrap_rows(vec![rewrapped(&[1])]).await.unwrap(), [false]);
        store.key_pair_delete(&region(), &owner, &name("web"), actor()).await.unwrap();
        assert_eq!(store.rewrap_rows(vec![rewrapped(&was.wrapped_data_key)]).await.unwrap(), [false]);
        assert!(store.kept_rows(None, 10).await.unwrap().is_empty(), "it is not there again");
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        assert_eq!(store.rewrap_rows(vec![rewrapped(&was.wrapped_data_key)]).await.unwrap(), [false]);
        let [row] = <[_; 1]>::try_from(store.kept_rows(None, 10).await.unwrap()).ok().unwrap();
        let (_, now) = row.content.unwrap();
        assert_eq!((now.wrapped_data_key, now.kek.version), (was.wrapped_data_key.clone(), was.kek.version));

        let key = row.key.clone();
        let rewrapped = Rewrapped { key: row.key, was: was.wrapped_data_key, now: moved.clone() };
        assert_eq!(store.rewrap_rows(vec![rewrapped]).await.unwrap(), [true]);
        let (_, now) = store.kept_row(&key).await.unwrap().unwrap().content.unwrap();
        assert_eq!(now.kek, moved.kek);
        assert_eq!(store.kept_rows_by_kek().await.unwrap()[0].version, moved.kek.version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_that_are_missing_are_found_page_by_page() {
    for database in Database::each().await {
        let (store, owner) = (database.open_with_master_keys().await, user("ada"));
        for number in 0..7 {
            store.key_pair_create(kept(&owner, &format!("k{number}"))).await.unwrap();
        }
        let missing = "SELECT id FROM key_pairs WHERE name IN ('k0', 'k3', 'k6')";
        database.by_hand(&format!("DELETE FROM sealed_private_keys WHERE key_pair_id IN ({missing})")).await;
        let (mut names, mut pages, mut after) = (Vec::new(), 0, None);
        while let Some(page) = store.kept_rows_missing(after.as_ref(), 2).await.unwrap() {
            names.extend(page.missing.into_iter().map(|(_, name)| name));
            (pages, after) = (pages + 1, Some(page.last));
        }
        names.sort_unstable();
        assert_eq!((names, pages), (["k0", "k3", "k6"].map(str::to_owned).to_vec(), 4));
    }
}

/// On PostgreSQL the row is gone, and its bytes with the next VACUUM; SQLite overwrites them.
#[tokio::test(flavor = "multi_thread")]
async fn s67_a_deleted_or_cleared_private_key_leaves_no_wrapped_data_key_in_the_file() {
    let database = Database::sqlite();
    let path = std::path::PathBuf::from(database.url.strip_prefix("sqlite:").unwrap());
    let marks: [Vec<u8>; 2] = std::array::from_fn(|_| uuid::Uuid::new_v4().as_bytes().repeat(4));
    let is_in_the_file = |mark: &[u8]| {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(std::fs::read(path.with_extension("sqlite-wal")).unwrap_or_default());
        bytes.windows(mark.len()).any(|window| window == mark)
    };
    let (store, owner) = (database.open_with_master_keys().await, user("ada"));
    for (mark, written) in marks.iter().zip(["deleted", "cleared"]) {
        let mut new = kept(&owner, written);
        new.sealed.as_mut().unwrap().wrapped_data_key = mark.clone();
        store.key_pair_create(new).await.unwrap();
        assert!(is_in_the_file(mark), "it is looked for in the right place");
    }
    let (cleared, opened) = store.sealed_private_key(&region(), &owner, &name("cleared")).await.unwrap().unwrap();
    let entry = Entry::done(Event::Clear, actor(), Subject::of(&cleared, Some(&opened)));
    assert_eq!(store.private_key_clear(&cleared, &opened, entry, cleared.created_at).await.unwrap(), Still::Same);
    store.key_pair_delete(&region(), &owner, &name("deleted"), actor()).await.unwrap();
    // The write-ahead log goes with the last connection.
    drop(store);
    for mark in &marks {
        assert!(!is_in_the_file(mark));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_under_a_master_key_that_was_retired_and_its_neighbours_are_stored() {
    for database in Database::each().await {
        let (store, owner) = (database.open_with_master_keys().await, user("ada"));
        store.key_pair_create(kept(&owner, "web")).await.unwrap();
        let (web, opened) = store.sealed_private_key(&region(), &owner, &name("web")).await.unwrap().unwrap();
        let entry = || Entry::done(Event::Import, actor(), Subject::of(&web, Some(&opened)));
        let mut retired = opened.clone();
        retired.kek.name = "retired".to_owned();

        let put = store.private_key_put(&web, retired.clone(), entry(), web.created_at).await;
        assert!(matches!(put, Err(Error::Unavailable { .. })), "{put:?}");
        let resealed = store.private_key_reseal(&web, &opened, retired.clone(), entry()).await;
        assert!(matches!(resealed, Err(Error::Unavailable { .. })), "{resealed:?}");
        let [row] = <[_; 1]>::try_from(store.kept_rows(None, 10).await.unwrap()).ok().unwrap();
        let moved = Rewrapped { key: row.key, was: opened.wrapped_data_key.clone(), now: retired.clone() };
        assert!(store.rewrap_rows(vec![moved]).await.is_err());
        let created = together(20, |number| {
            let (store, mut new) = (store.clone(), kept(&owner, &format!("k{number}")));
            if number == 7 {
                new.sealed = Some(retired.clone());
            }
            Box::pin(async move { store.key_pair_create(new).await })
        })
        .await;
        let refused: Vec<usize> = (0..20).filter(|number| created[*number].is_err()).collect();
        assert_eq!(refused, [7]);
        assert_eq!(chain(&store, &owner).await.len(), 20);
    }
}
