//! What migrations must hold to, so that versions can be rolled; migrations/README.md tells it.

use std::collections::BTreeMap;
use std::fs;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::support::Database;

/// The first that says it. Those before are older than the rule.
const FIRST: &str = "0008";

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = Text)]
    migration: String,
    #[diesel(sql_type = Text)]
    serves_from: String,
}

/// The numbers of a database's migrations, from the first that says it.
fn numbers(backend: &str) -> Vec<String> {
    let folder = fs::read_dir(format!("{}/migrations/{backend}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = folder.map(|step| step.unwrap().file_name().into_string().unwrap());
    let mut numbers: Vec<String> = names.map(|name| name.split('_').next().unwrap().to_owned()).collect();
    numbers.retain(|number| number.as_str() >= FIRST);
    numbers.sort();
    numbers
}

async fn marks(database: &Database) -> BTreeMap<String, String> {
    drop(database.open().await);
    let select = "SELECT migration, serves_from FROM schema_compatibility";
    let marks: Vec<Mark> = match database.url.strip_prefix("sqlite:") {
        Some(path) => sql_query(select).load(&mut SqliteConnection::establish(path).unwrap()).unwrap(),
        None => {
            let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let rows = client.query(select, &[]).await.unwrap();
            rows.iter().map(|row| Mark { migration: row.get(0), serves_from: row.get(1) }).collect()
        }
    };
    marks.into_iter().map(|mark| (mark.migration, mark.serves_from)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_says_which_older_versions_may_serve_beside_it() {
    assert_eq!(numbers("sqlite"), numbers("postgresql"));
    let mut told = Vec::new();
    for database in Database::each().await {
        let marks = marks(&database).await;
        let marked: Vec<&String> = marks.keys().collect();
        assert_eq!(marked, numbers("sqlite").iter().collect::<Vec<_>>(), "each adds its row to schema_compatibility");
        for (migration, serves_from) in &marks {
            assert!(serves_from.len() == migration.len() && serves_from <= migration, "{migration}: {serves_from}");
        }
        told.push(marks);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "both databases say the same: {told:?}");
}
