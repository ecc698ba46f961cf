//! Which chains of the ledger there are, whatever somebody did to the tables that know.

use keypaird::store::{ChainPage, ChainPlace, Store};

use super::support::Database;

/// The chains of each page.
async fn pages(store: &Store) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut after = Some(ChainPlace::default());
    while let Some(place) = after {
        let ChainPage { chains, next } = store.ledger_chains(&place).await.unwrap();
        assert!(chains.iter().all(|chain| *chain > place), "a page begins behind the one before it");
        pages.push(chains.into_iter().map(|ChainPlace { region, owner }| format!("{region} {owner}")).collect());
        after = next;
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_come_in_pages_of_owners_with_those_whose_owners_row_is_gone_or_denies_them() {
    for database in Database::each().await {
        let store = database.open().await;
        assert_eq!(pages(&store).await, [[""; 0]]);
        // 2500 owners, each second of which has a chain.
        database
            .by_hand(
                "WITH RECURSIVE n(i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 12500) \
                 INSERT INTO owners (region, owner, key_pairs, ledger_seq) SELECT 'R', 'u:' || i, 0, i % 2 FROM n; \
                 INSERT INTO ledger_checkpoints VALUES (1, 0, 0, '', '', 1, '', '')",
            )
            .await;
        let hidden = ["A p:a", "R o:operator", "R u:10002", "R u:11000", "R u:11001x", "R u:9", "Z u:z"];
        for (number, chain) in hidden.iter().enumerate() {
            let (region, owner) = chain.split_once(' ').unwrap();
            for seq in 1..4 {
                let record = format!("INSERT INTO ledger VALUES ('{region}', '{owner}', {seq}, '', '')");
                let head = format!("INSERT INTO ledger_checkpoint_heads VALUES (1, '{region}', '{owner}', 1, '')");
                match (number % 2, seq) {
                    (0, _) => database.by_hand(&record).await,
                    (_, 1) => database.by_hand(&head).await,
                    (_, _) => {}
                }
            }
        }
        let mut expected: Vec<String> = (10001..=12500).step_by(2).map(|number| format!("R u:{number}")).collect();
        expected.extend(hidden.map(str::to_owned));
        expected.sort();
        let pages = pages(&store).await;
        assert_eq!(pages.len(), 3);
        assert_eq!(pages.concat(), expected);
    }
}
