//! Key pairs: limits and names under concurrency, lists, and what comes back.

use keypaird::domain::{Error, KeyPair, Marker, Page, Region, Tag, Timestamp};
use keypaird::store::NewKeyPair;

use super::support::{Database, actor, name, pair, project, region, sealed, together, user};

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_creates_of_one_name_at_once_one_succeeds() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        let outcomes = together(50, |_| {
            let (store, new) = (store.clone(), pair(&owner, "same"));
            Box::pin(async move { store.key_pair_create(new).await })
        });
        let outcomes = outcomes.await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::AlreadyExists(_)))).count();
        assert_eq!(refused, 49);
        assert_eq!(store.key_pairs_used(&region(), &owner).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_creates_at_a_limit_of_five_five_succeed_also_in_two_processes() {
    for database in Database::each().await {
        for round in 0..6 {
            // Two stores on one database write as two processes do.
            let (one, other, owner) = (database.open().await, database.open().await, user(&format!("u{round}")));
            let outcomes = together(50, |n| {
                let store = if n % 2 == 0 { one.clone() } else { other.clone() };
                let new = NewKeyPair { limit: 5, ..pair(&owner, &format!("k{n}")) };
                Box::pin(async move { store.key_pair_create(new).await })
            });
            let outcomes = outcomes.await;
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5, "{outcomes:?}");
            let refused = |outcome: &&Result<(), Error>| matches!(outcome, Err(Error::QuotaExceeded { limit: 5 }));
            assert_eq!(outcomes.iter().filter(refused).count(), 45, "{outcomes:?}");
            assert_eq!(one.key_pairs_used(&region(), &owner).await.unwrap(), 5);
            let page = Page { limit: 100, marker: None };
            assert_eq!(other.key_pairs_list(&region(), &owner, &page).await.unwrap().len(), 5);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_frees_a_place_and_refused_writes_use_none() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        let limited = |written: &str| NewKeyPair { limit: 2, ..pair(&owner, written) };
        store.key_pair_create(limited("a")).await.unwrap();
        assert!(matches!(store.key_pair_create(limited("a")).await, Err(Error::AlreadyExists(_))));
        assert!(matches!(store.key_pair_delete(&region(), &owner, &name("x"), actor()).await, Err(Error::NotFound(_))));
        store.key_pair_create(limited("b")).await.unwrap();
        // A full owner is told so before a taken name is looked at, as Nova does.
        assert!(matches!(store.key_pair_create(limited("a")).await, Err(Error::QuotaExceeded { limit: 2 })));
        store.key_pair_delete(&region(), &owner, &name("a"), actor()).await.unwrap();
        assert_eq!(store.key_pairs_used(&region(), &owner).await.unwrap(), 1);
        store.key_pair_create(limited("a")).await.unwrap();
        assert_eq!(store.key_pairs_used(&region(), &owner).await.unwrap(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_refused_for_its_name_takes_no_place_from_those_gathered_with_it() {
    for database in Database::each().await {
        let store = database.open().await;
        for round in 0..20 {
            let owner = user(&format!("u{round}"));
            let limited = |written: &str| store.key_pair_create(NewKeyPair { limit: 2, ..pair(&owner, written) });
            limited("taken").await.unwrap();
            // While the first is written, the other two wait, in this order.
            let other = store.key_pair_create(pair(&user("other"), &format!("k{round}")));
            let (other, taken, free) = tokio::join!(other, limited("taken"), limited("free"));
            assert!(other.is_ok() && free.is_ok(), "{other:?}, {free:?}");
            assert!(matches!(taken, Err(Error::AlreadyExists(_))), "{taken:?}");
            assert_eq!(store.key_pairs_used(&region(), &owner).await.unwrap(), 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_refused_for_its_limit_takes_no_name_from_those_gathered_with_it() {
    for database in Database::each().await {
        let (store, none) = (database.open().await, Page { limit: 10, marker: None });
        for round in 0..20 {
            let (owner, other) = (user(&format!("u{round}")), user("other"));
            let named = |limit| store.key_pair_create(NewKeyPair { limit, ..pair(&owner, "same") });
            // While the first is written, the other two wait, in this order.
            let first = store.key_pair_create(pair(&other, &format!("k{round}")));
            let (first, refused, stored) = tokio::join!(first, named(0), named(1));
            assert!(first.is_ok() && stored.is_ok(), "{first:?}, {stored:?}");
            assert!(matches!(refused, Err(Error::QuotaExceeded { limit: 0 })), "{refused:?}");
            assert_eq!(store.key_pairs_list(&region(), &owner, &none).await.unwrap().len(), 1);
            // The next batch is sent ahead again only after one in which nothing was refused.
            store.key_pair_create(pair(&other, &format!("l{round}"))).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_refused_leaves_no_row() {
    for database in Database::each().await {
        let (store, page) = (database.open().await, Page { limit: 10, marker: None });
        let (own, shared) = (user("ada"), project("demo"));
        store.key_pair_create(pair(&shared, "seen")).await.unwrap();
        let seen = NewKeyPair { also_visible: Some(shared.clone()), ..pair(&own, "seen") };
        assert!(matches!(store.key_pair_create(seen).await, Err(Error::AlreadyExists(_))));
        store.key_pair_create(pair(&shared, "more")).await.unwrap();
        let beyond = NewKeyPair { limit: 0, ..pair(&own, "beyond") };
        assert!(matches!(store.key_pair_create(beyond).await, Err(Error::QuotaExceeded { limit: 0 })));
        assert!(store.key_pairs_list(&region(), &own, &page).await.unwrap().is_empty());
        assert_eq!(store.key_pairs_used(&region(), &own).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_again_and_again_is_so_before_a_row_is_written() {
    let database = Database::sqlite();
    let (store, page) = (database.open().await, Page { limit: 100, marker: None });
    let count = "CREATE TRIGGER count AFTER INSERT ON key_pairs BEGIN \
                 INSERT OR IGNORE INTO owners (region, owner, key_pairs) VALUES ('RegionOne', 'u:rows', 0); \
                 UPDATE owners SET key_pairs = key_pairs + 1 WHERE owner = 'u:rows'; END";
    database.by_hand(count).await;
    for number in 0..20 {
        let beyond = NewKeyPair { limit: 0, ..pair(&user("ada"), &format!("k{number}")) };
        assert!(matches!(store.key_pair_create(beyond).await, Err(Error::QuotaExceeded { limit: 0 })));
    }
    assert_eq!(store.key_pairs_used(&region(), &user("rows")).await.unwrap(), 1, "the first alone");
    assert!(store.key_pairs_list(&region(), &user("ada"), &page).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_creates_at_once_are_stored_with_all_that_belongs_to_them() {
    for database in Database::each().await {
        let (store, owners) = (database.open_with_master_keys().await, [user("ada"), user("bob"), project("demo")]);
        let outcomes = together(200, |n| {
            let tags = ["a", "b"].map(|key| Tag { key: key.to_owned(), value: n.to_string() }).to_vec();
            let new = pair(&owners[n % 3], &format!("k{n:03}"));
            let (store, new) = (store.clone(), NewKeyPair { tags, sealed: Some(sealed("main")), ..new });
            Box::pin(async move { store.key_pair_create(new).await })
        });
        assert!(outcomes.await.iter().all(Result::is_ok));
        for (first, owner) in owners.iter().enumerate() {
            let page = Page { limit: 1000, marker: None };
            let pairs = store.key_pairs_list(&region(), owner, &page).await.unwrap();
            let names: Vec<String> = pairs.iter().map(|pair| pair.name.to_string()).collect();
            let expected: Vec<String> = (first..200).step_by(3).map(|n| format!("k{n:03}")).collect();
            assert_eq!(names, expected);
            let tags = store.tags_of(&region(), owner, None).await.unwrap();
            for (n, pair) in (first..200).step_by(3).zip(&pairs) {
                let kept = store.sealed_private_key(&region(), owner, &pair.name).await.unwrap();
                let (pair, _) = kept.expect("its private key is kept");
                assert!(tags[&pair.id].iter().all(|tag| tag.value == n.to_string()) && tags[&pair.id].len() == 2);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_and_deletes_that_meet_leave_the_count_right() {
    for database in Database::each().await {
        let (store, owners) = (database.open().await, [user("ada"), user("bob"), project("demo")]);
        let outcomes = together(120, |n| {
            let (store, owner) = (store.clone(), owners[n % 3].clone());
            let written = format!("k{}", n % 8);
            Box::pin(async move {
                if n % 2 == 0 {
                    store.key_pair_create(NewKeyPair { limit: 4, ..pair(&owner, &written) }).await
                } else {
                    store.key_pair_delete(&region(), &owner, &name(&written), actor()).await
                }
            })
        });
        for outcome in outcomes.await {
            use Error::{AlreadyExists, NotFound, QuotaExceeded};
            let known = matches!(outcome, Ok(()) | Err(AlreadyExists(_) | NotFound(_) | QuotaExceeded { .. }));
            assert!(known, "{outcome:?}");
        }
        for owner in &owners {
            let page = Page { limit: 100, marker: None };
            let listed = store.key_pairs_list(&region(), owner, &page).await.unwrap().len();
            assert_eq!(store.key_pairs_used(&region(), owner).await.unwrap() as usize, listed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_the_caller_sees_in_the_other_owner_is_taken() {
    for database in Database::each().await {
        let (store, own, shared) = (database.open().await, user("ada"), project("demo"));
        store.key_pair_create(pair(&shared, "k")).await.unwrap();
        let new = NewKeyPair { also_visible: Some(shared.clone()), ..pair(&own, "k") };
        assert!(matches!(store.key_pair_create(new).await, Err(Error::AlreadyExists(_))));
        assert_eq!(store.key_pairs_used(&region(), &own).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_leaves_the_twins_of_other_owners_and_regions() {
    for database in Database::each().await {
        let (store, own, shared) = (database.open().await, user("x"), project("x"));
        let elsewhere = Region::parse("elsewhere").unwrap();
        let mut far = pair(&own, "k");
        far.pair.region = elsewhere.clone();
        for new in [pair(&own, "k"), pair(&shared, "k"), far] {
            store.key_pair_create(new).await.unwrap();
        }
        store.key_pair_delete(&region(), &own, &name("k"), actor()).await.unwrap();
        assert!(matches!(store.key_pair_delete(&region(), &own, &name("k"), actor()).await, Err(Error::NotFound(_))));
        assert!(store.key_pair_find(&region(), &own, &name("k")).await.unwrap().is_none());
        assert!(store.key_pair_find(&region(), &shared, &name("k")).await.unwrap().is_some());
        assert!(store.key_pair_find(&elsewhere, &own, &name("k")).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_in_byte_order_and_paged_after_the_marker() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        for written in ["b", "ä", "B", "a", "_", "a b", "Z", "😀", "0"] {
            store.key_pair_create(pair(&owner, written)).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut marker = None;
        loop {
            let page = Page { limit: 2, marker: marker.clone() };
            let listed = store.key_pairs_list(&region(), &owner, &page).await.unwrap();
            assert!(listed.len() <= 2);
            let Some(last) = listed.last() else { break };
            marker = Some(Marker::Place(last.name.clone()));
            seen.extend(listed.into_iter().map(|pair| pair.name.to_string()));
        }
        assert_eq!(seen, ["0", "B", "Z", "_", "a", "a b", "b", "ä", "😀"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_comes_back_as_it_went_in() {
    for database in Database::each().await {
        let (store, owner) = (database.open_with_master_keys().await, project("demo"));
        let mut new = pair(&owner, "k");
        new.sealed = Some(sealed("main"));
        let made = new.pair.clone();
        store.key_pair_create(new).await.unwrap();
        store.key_pair_create(pair(&owner, "bare")).await.unwrap();

        let (found, kept) = store.sealed_private_key(&region(), &owner, &name("k")).await.unwrap().unwrap();
        let expected = KeyPair { has_private_key: true, ..made };
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        assert_eq!(format!("{kept:?}"), format!("{:?}", sealed("main")));
        assert!(store.sealed_private_key(&region(), &owner, &name("bare")).await.unwrap().is_none());

        let now = Timestamp::now();
        store.key_pair_describe(&region(), &owner, &name("k"), "für alle", now).await.unwrap();
        let found = store.key_pair_find(&region(), &owner, &name("k")).await.unwrap().unwrap();
        assert_eq!((found.description.as_str(), found.updated_at), ("für alle", Some(now)));
        let missing = store.key_pair_describe(&region(), &owner, &name("x"), "", now).await;
        assert!(matches!(missing, Err(Error::NotFound(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn master_keys_know_how_many_private_keys_they_wrap() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        let (main, spare) = (sealed("main").kek, sealed("spare").kek);
        store.master_key_check_insert(&main, &[1, 2], Timestamp::now()).await.unwrap();
        store.master_key_check_insert(&main, &[9, 9], Timestamp::now()).await.unwrap();
        store.master_key_check_insert(&spare, &[3], Timestamp::now()).await.unwrap();
        for written in ["a", "b", "c"] {
            store.key_pair_create(NewKeyPair { sealed: Some(sealed("main")), ..pair(&owner, written) }).await.unwrap();
        }
        store.key_pair_delete(&region(), &owner, &name("b"), actor()).await.unwrap();
        let checks = store.master_key_checks().await.unwrap();
        let told: Vec<_> = checks.iter().map(|check| (&check.kek, check.check_value.as_slice(), check.rows)).collect();
        assert_eq!(told, [(&main, &[1, 2][..], 2), (&spare, &[3][..], 0)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_database_refuses_fails_alone() {
    for database in Database::each().await {
        let (store, owner) = (database.open().await, user("ada"));
        let outcomes = together(40, |n| {
            let (store, mut new) = (store.clone(), pair(&owner, &format!("k{n}")));
            if n == 20 {
                // PostgreSQL takes no NUL in a text; SQLite does.
                new.pair.public_key = "\0".to_owned();
            }
            Box::pin(async move { store.key_pair_create(new).await })
        });
        for (n, outcome) in outcomes.await.into_iter().enumerate() {
            assert!(outcome.is_ok() || n == 20 && matches!(outcome, Err(Error::Internal(_))), "{n}: {outcome:?}");
        }
    }
}
