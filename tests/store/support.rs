//! A database for each test, and things to put into it.

use keypaird::domain::{
    Actor, Dialect, KekId, KekProvider, KeyPairName, Owner, ProjectId, Region, SealedPrivateKey, Suite, Timestamp,
    UserId, Via,
};
use keypaird::store::{NewKeyPair, Store};
use uuid::Uuid;

use super::key_pair;

/// An empty database: a file that goes with it, or a new schema.
pub(crate) struct Database {
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", folder.path().join("t.sqlite").display()), _folder: Some(folder) }
    }

    /// A schema of its own on the server of `TEST_DATABASE_URL`.
    pub(crate) async fn postgres(server: &str) -> Self {
        let schema = format!("t{}", Uuid::new_v4().simple());
        admin(server, &format!("CREATE SCHEMA {schema}")).await;
        let mark = if server.contains('?') { '&' } else { '?' };
        Self { url: format!("{server}{mark}options=-csearch_path%3D{schema}"), _folder: None }
    }

    pub(crate) async fn each() -> Vec<Self> {
        let mut databases = vec![Self::sqlite()];
        if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
            databases.push(Self::postgres(&server).await);
        }
        databases
    }

    /// Runs a statement as somebody with a database client would.
    pub(crate) async fn by_hand(&self, sql: &str) {
        match self.url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = <diesel::SqliteConnection as diesel::Connection>::establish(path).unwrap();
                diesel::connection::SimpleConnection::batch_execute(&mut connection, sql).unwrap();
            }
            None => admin(&self.url, sql).await,
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// The same, with the master keys that [`sealed`] names, of version 3, and their next versions.
    pub(crate) async fn open_with_master_keys(&self) -> Store {
        let store = self.open().await;
        for name in ["main", "other"] {
            for version in [3, 4] {
                let kek = KekId { provider: KekProvider::Local, name: name.to_owned(), version };
                store.master_key_check_insert(&kek, &[1; 32], Timestamp::now()).await.unwrap();
            }
        }
        store
    }
}

pub(crate) async fn admin(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

pub(crate) fn region() -> Region {
    Region::parse("RegionOne").unwrap()
}

pub(crate) fn user(id: &str) -> Owner {
    Owner::User(UserId::parse(id).unwrap())
}

pub(crate) fn project(id: &str) -> Owner {
    Owner::Project(ProjectId::parse(id).unwrap())
}

pub(crate) fn name(written: &str) -> KeyPairName {
    KeyPairName::parse(written).unwrap()
}

pub(crate) fn pair(owner: &Owner, written: &str) -> NewKeyPair {
    key_pair::new(key_pair::key_pair(&region(), owner, written))
}

pub(crate) fn actor() -> Actor {
    let via = Via { dialect: Dialect::Nova, client: None, request_id: Some("req-1".to_owned()) };
    Actor { user: "ada".to_owned(), project: None, via }
}

pub(crate) fn sealed(key_name: &str) -> SealedPrivateKey {
    SealedPrivateKey {
        suite: Suite::Aes256GcmHkdfSha512Commit,
        kek: KekId { provider: KekProvider::Local, name: key_name.to_owned(), version: 3 },
        kek_alias: None,
        wrapped_data_key: vec![1; 60],
        salt: vec![2; 32],
        commitment: vec![3; 32],
        nonce: vec![4; 12],
        ciphertext: vec![0, 255, 7],
    }
}

/// Runs `work` so many times at once.
pub(crate) async fn together<T: Send + 'static>(
    count: usize,
    mut work: impl FnMut(usize) -> std::pin::Pin<Box<dyn Future<Output = T> + Send>>,
) -> Vec<T> {
    let running: Vec<_> = (0..count).map(|n| tokio::spawn(work(n))).collect();
    let mut done = Vec::new();
    for one in running {
        done.push(one.await.unwrap());
    }
    done
}
