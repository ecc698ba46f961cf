//! Nonces of signed requests.

use std::time::Duration;

use keypaird::domain::Timestamp;
use keypaird::store::Store;

use super::support::{Database, together};

fn after(seconds: u64) -> Timestamp {
    Timestamp::now().plus(Duration::from_secs(seconds))
}

#[tokio::test(flavor = "multi_thread")]
async fn s32_of_processes_that_see_a_nonce_at_once_one_sees_it_first() {
    for database in Database::each().await {
        let url = database.url.clone();
        let first = together(4, |_| {
            let url = url.clone();
            Box::pin(async move { Store::open(&url).await.unwrap().nonce_insert([7; 32], after(60)).await.unwrap() })
        });
        assert_eq!(first.await.into_iter().filter(|first| *first).count(), 1);
        let opened_later = database.open().await;
        assert!(!opened_later.nonce_insert([7; 32], after(60)).await.unwrap());
        assert!(opened_later.nonce_insert([8; 32], after(60)).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_deleted_in_batches_and_nothing_else_is() {
    for database in Database::each().await {
        let store = database.open().await;
        for number in 0..5 {
            assert!(store.nonce_insert([number; 32], after(u64::from(number))).await.unwrap());
        }
        assert_eq!(store.nonces_purge(after(3), 2).await.unwrap(), 2);
        assert!(store.nonce_insert([1; 32], after(600)).await.unwrap());
        assert_eq!(store.nonces_purge(after(10), 2).await.unwrap(), 2);
        assert_eq!(store.nonces_purge(after(10), 2).await.unwrap(), 1);
        assert_eq!(store.nonces_purge(after(10), 2).await.unwrap(), 0);
        assert!(!store.nonce_insert([1; 32], after(600)).await.unwrap());
    }
}
