//! What happens when connections break, and which databases are opened at all.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keypaird::domain::{Error, Page, TokenHash};
use keypaird::store::{Access, Pooler, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::ledger::{chain, kept};
use super::support::{Database, actor, admin, name, pair, region, user};

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_to_postgresql_are_replaced() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return };
    let database = Database::postgres(&server).await;
    let named = format!("{}&application_name=t{}", database.url, Uuid::new_v4().simple());
    let application = named.rsplit('=').next().unwrap().to_owned();
    let (store, owner) = (Store::open(&named).await.unwrap(), user("ada"));
    for round in 0..5 {
        store.key_pair_create(pair(&owner, &format!("k{round}"))).await.unwrap();
        for _ in 0..8 {
            store.ping().await.unwrap();
        }
        let end =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{application}'");
        admin(&server, &end).await;
        if round % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        store.ping().await.unwrap();
    }
    assert_eq!(store.key_pairs_used(&region(), &owner).await.unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_transaction_stays_open_where_those_it_was_begun_for_have_gone_away() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return };
    let database = Database::postgres(&server).await;
    let application = format!("t{}", Uuid::new_v4().simple());
    let store = Store::open(&format!("{}&application_name={application}", database.url)).await.unwrap();
    store.key_pair_create(pair(&user("ada"), "first")).await.unwrap();
    let create = |written: &str| {
        let (store, new) = (store.clone(), pair(&user("ada"), written));
        tokio::spawn(async move { store.key_pair_create(new).await })
    };
    // Nobody commits for ada while her row is held: one waits for the row, the others for the one.
    let (holder, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    holder.batch_execute("BEGIN; SELECT * FROM owners FOR UPDATE").await.unwrap();
    let waits = create("waits");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let gone = create("gone");
    tokio::time::sleep(Duration::from_millis(200)).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    holder.batch_execute("COMMIT").await.unwrap();
    waits.await.unwrap().unwrap();
    let open = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}' AND state LIKE 'idle in transaction%'"
    );
    let mut counts = Vec::new();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        counts.push(holder.query_one(&open, &[]).await.unwrap().get::<_, i64>(0));
    }
    assert_eq!(counts.last(), Some(&0), "{counts:?}");
    assert_eq!(store.key_pairs_used(&region(), &user("ada")).await.unwrap(), 2);
    drop(holder);
    driver.await.unwrap().unwrap();
}

/// What becomes of the next COMMIT that passes the [`proxy`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commit {
    Passes,
    /// The server gets it, its answer is lost.
    AnswerIsLost,
    /// The connection breaks before the server gets it.
    IsLost,
}

/// Stands between the store and PostgreSQL. Each connection that loses a COMMIT is closed, and the proxy passes again.
async fn proxy(server: String) -> (String, Arc<Mutex<Commit>>) {
    let fate = Arc::new(Mutex::new(Commit::Passes));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shared = Arc::clone(&fate);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let upstream = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass(client, upstream, Arc::clone(&shared)));
        }
    });
    (address, fate)
}

async fn pass(client: TcpStream, server: TcpStream, fate: Arc<Mutex<Commit>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 65536];
    while let Ok(length) = from_client.read(&mut buffer).await {
        let commit = buffer[..length].windows(7).any(|window| window == b"COMMIT\0");
        let next = if commit { std::mem::replace(&mut *fate.lock().unwrap(), Commit::Passes) } else { Commit::Passes };
        if next != Commit::Passes {
            answers.abort();
        }
        if length == 0 || next == Commit::IsLost || to_server.write_all(&buffer[..length]).await.is_err() {
            break;
        }
        if next == Commit::AnswerIsLost {
            tokio::time::sleep(Duration::from_millis(100)).await;
            break;
        }
    }
    answers.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_told_as_it_was() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return };
    let database = Database::postgres(&server).await;
    let config: tokio_postgres::Config = server.parse().unwrap();
    let [tokio_postgres::config::Host::Tcp(host), ..] = config.get_hosts() else { panic!("not over TCP") };
    let direct = format!("{host}:{}", config.get_ports()[0]);
    let (address, fate) = proxy(direct.clone()).await;
    drop(database.open_with_master_keys().await);
    // It has to see what passes.
    let url = format!("{}&sslmode=disable", database.url.replace(&direct, &address));
    let (store, owner) = (Store::open(&url).await.unwrap(), user("ada"));

    *fate.lock().unwrap() = Commit::AnswerIsLost;
    store.key_pair_create(kept(&owner, "stored")).await.unwrap();
    assert_eq!(chain(&store, &owner).await.len(), 1, "one row and one record");
    *fate.lock().unwrap() = Commit::IsLost;
    let lost = store.key_pair_create(pair(&owner, "lost")).await;
    assert!(matches!(lost, Err(Error::Unavailable { .. })), "{lost:?}");
    *fate.lock().unwrap() = Commit::IsLost;
    let lost = store.key_pair_delete(&region(), &owner, &name("stored"), actor()).await;
    assert!(matches!(lost, Err(Error::Unavailable { .. })), "{lost:?}");
    assert!(store.key_pair_find(&region(), &owner, &name("stored")).await.unwrap().is_some());
    assert!(store.key_pair_find(&region(), &owner, &name("lost")).await.unwrap().is_none());
    *fate.lock().unwrap() = Commit::AnswerIsLost;
    store.key_pair_delete(&region(), &owner, &name("stored"), actor()).await.unwrap();
    assert_eq!(store.key_pairs_used(&region(), &owner).await.unwrap(), 0);
    assert_eq!(chain(&store, &owner).await.len(), 2, "the delete is recorded once, what was lost not at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused() {
    let database = Database::sqlite();
    drop(database.open().await);
    let path = database.url.strip_prefix("sqlite:").unwrap();
    let mut newer = <diesel::SqliteConnection as diesel::Connection>::establish(path).unwrap();
    let insert = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
    diesel::connection::SimpleConnection::batch_execute(&mut newer, insert).unwrap();
    let Err(refused) = Store::open(&database.url).await else { panic!("it was opened") };
    assert!(refused.to_string().contains("9999"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_postgresql_is_refused_beside_sqlite() {
    let database = Database::sqlite();
    let server = Some("postgres://u@h/d".to_owned());
    for (pooler, migration_url, setting) in
        [(Pooler::Transaction, None, "database.pooler"), (Pooler::None, server, "database.migration_url")]
    {
        let Err(refused) = Store::open_by(&Access { url: database.url.clone(), pooler, migration_url }).await else {
            panic!("it was opened in spite of {setting}")
        };
        assert!(matches!(refused, Error::Invalid { field, .. } if field == setting), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_is_the_owners_alone_and_a_wrong_path_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::sqlite();
    let store = database.open().await;
    let folder = std::path::Path::new(database.url.strip_prefix("sqlite:").unwrap()).parent().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    store.ping().await.unwrap();
    assert!(Store::open("sqlite:/nowhere/at/all.sqlite").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_closed_once_nobody_else_has_it() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.key_pair_create(pair(&user("ada"), "stored")).await.unwrap();
    let log = format!("{}-wal", database.url.strip_prefix("sqlite:").unwrap());
    assert!(std::fs::exists(&log).unwrap());
    let other = store.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        drop(other);
    });
    store.close().await;
    assert!(!std::fs::exists(&log).unwrap(), "SQLite deletes its log when the last connection is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_may_move_between_threads() {
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    let database = Database::sqlite();
    let (store, owner) = (database.open().await, user("ada"));
    let page = Page { limit: 1, marker: None };
    assert!(assert_send(store.key_pairs_list(&region(), &owner, &page)).await.unwrap().is_empty());
    assert!(assert_send(store.key_pair_find(&region(), &owner, &name("k"))).await.unwrap().is_none());
    assert!(assert_send(store.token_find(&TokenHash([0; 32]))).await.unwrap().is_none());
    assert!(assert_send(store.key_pair_delete(&region(), &owner, &name("k"), actor())).await.is_err());
}
