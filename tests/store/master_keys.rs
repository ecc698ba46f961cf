//! Check values, and what a row says that this version does not know.

use keypaird::domain::{Error, Timestamp};

use crate::support::{Database, actor, name, pair, region, sealed, user};

#[tokio::test]
async fn s10_a_suite_that_this_version_does_not_know_is_refused_with_an_error_of_its_own() {
    for database in Database::each().await {
        let store = database.open_with_master_keys().await;
        let mut new = pair(&user("ada"), "kept");
        new.pair.has_private_key = true;
        new.sealed = Some(sealed("main"));
        store.key_pair_create(new).await.unwrap();
        let read = async || store.sealed_private_key(&region(), &user("ada"), &name("kept")).await;
        assert!(read().await.unwrap().is_some());
        for number in [0, 3, -1, i32::MAX] {
            database.by_hand(&format!("UPDATE sealed_private_keys SET suite = {number}")).await;
            let Err(Error::Integrity(cause)) = read().await else { panic!("{number} is taken") };
            let told = format!("the row names suite {number}, which this version does not know");
            assert!(cause.to_string().starts_with(&told), "{cause}");
        }
    }
}

#[tokio::test]
async fn s20_a_master_key_is_forgotten_only_where_no_private_key_needs_it() {
    for database in Database::each().await {
        let store = database.open().await;
        let mut new = pair(&user("ada"), "kept");
        new.pair.has_private_key = true;
        new.sealed = Some(sealed("main"));
        let (used, unused) = (sealed("main").kek, sealed("spare").kek);
        for kek in [&used, &unused] {
            store.master_key_check_insert(kek, &[7; 32], Timestamp::now()).await.unwrap();
        }
        store.key_pair_create(new).await.unwrap();
        assert_eq!(store.master_key_retire(&used).await.unwrap(), 1);
        assert_eq!(store.master_key_retire(&unused).await.unwrap(), 0);
        let known = store.master_key_checks().await.unwrap();
        assert!(known.len() == 1 && known[0].kek == used, "{known:?}");
        store.key_pair_delete(&region(), &user("ada"), &name("kept"), actor()).await.unwrap();
        assert_eq!(store.master_key_retire(&used).await.unwrap(), 0);
        assert!(store.master_key_checks().await.unwrap().is_empty());
    }
}
