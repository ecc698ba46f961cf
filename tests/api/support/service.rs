//! Starts the service as `keypaird serve` does, on free ports.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use awc::http::Method;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_util::stream::pending;
use keypaird::app::Application;
use keypaird::auth::Authentication;
use keypaird::domain::{Chain, KeyPair, NO_RECORD, Owner, Protection, Record, Region, record_hash};
use keypaird::settings::{Flag, Settings, Sources, load};
use keypaird::ssh::Generated;
use keypaird::store::{NewKeyPair, Store};
use keypaird::vault::{Binding, MasterKeys, Vault};
use serde_json::Value;
use tempfile::TempDir;

use super::documented::{self, Asked, Listener};
use super::{Answer, TestApp, User, database, key_pair};

/// A running service with a database of its own, and no user but those that its first start makes.
pub struct Service {
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    pub settings: Settings,
    pub store: Store,
    pub vault: Vault,
    pub authentication: Authentication,
    /// The data directory.
    pub directory: TempDir,
    handles: [ServerHandle; 2],
}

impl Service {
    /// The service with some settings changed, as in `("keypair.limit", "5")`.
    pub async fn spawn_with(changed: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().unwrap();
        let settings = settings(directory.path(), changed).await;
        let app = Application::build(&settings).await.unwrap_or_else(|error| panic!("{error}"));
        let (store, vault, authentication) = (app.store().clone(), app.vault().clone(), app.authentication().clone());
        let (address, admin_address, handles) = (app.address(), app.admin_address(), app.handles());
        actix_web::rt::spawn(app.run(pending()));
        while send(Listener::Operators(admin_address), "GET", "/health/startup", &[], Vec::new()).await.code() != 200 {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        Self { address, admin_address, settings, store, vault, authentication, directory, handles }
    }

    /// Sends a request as it is. The path goes out unchanged, escapes included.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        send(Listener::Clients(self.address), method, path, headers, body.into()).await
    }

    /// The same on the operator's listener.
    pub async fn send_admin(&self, method: &str, path: &str) -> Answer {
        send(Listener::Operators(self.admin_address), method, path, &[], Vec::new()).await
    }

    /// Asks the operator's listener with a user's token.
    pub async fn ask_admin(&self, user: &User, path: &str) -> Answer {
        self.ask_admin_to(user, "GET", path).await
    }

    pub async fn ask_admin_to(&self, user: &User, method: &str, path: &str) -> Answer {
        send(Listener::Operators(self.admin_address), method, path, &[("X-Auth-Token", &user.token)], Vec::new()).await
    }

    /// Calls Nova below `/v2.1` with a token and a microversion; a `Null` body is none.
    pub async fn nova(&self, user: &User, microversion: &str, method: &str, path: &str, body: Value) -> Answer {
        let version = format!("compute {microversion}");
        let headers = [("X-Auth-Token", user.token.as_str()), ("OpenStack-API-Version", &version)];
        self.json(method, &format!("/v2.1{path}"), &headers, body).await
    }

    /// Calls KPS V2.1 below `/v2.1/{project_id}/keypairs` with a token; a `Null` body is none.
    pub async fn kps(&self, user: &User, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/v2.1/{}/keypairs{path}", user.project_id);
        self.json(method, &path, &[("X-Auth-Token", user.token.as_str())], body).await
    }

    /// Calls KPS V3 below `/v3/{project_id}/keypairs` with a token; a `Null` body is none.
    pub async fn kps_v3(&self, user: &User, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/v3/{}/keypairs{path}", user.project_id);
        self.json(method, &path, &[("X-Auth-Token", user.token.as_str())], body).await
    }

    pub fn region(&self) -> Region {
        Region::parse(&self.settings.region).unwrap()
    }

    /// The key pair with these keys, the private one sealed for it, ready to be stored.
    pub async fn kept(&self, pair: KeyPair, made: &Generated) -> NewKeyPair {
        let public_key = made.public_key.clone();
        let pair = KeyPair {
            kind: public_key.kind,
            algorithm: public_key.algorithm,
            public_key: public_key.text,
            fingerprint: public_key.fingerprint,
            fingerprint_sha256: public_key.fingerprint_sha256,
            has_private_key: true,
            ..pair
        };
        let binding = Binding::of(self.store.instance(), &pair);
        let data_key = self.vault.fresh_data_key(&Protection::Default, &binding.row).await.unwrap();
        let sealed = self.vault.seal(data_key, &binding, &made.private_key).await.unwrap();
        NewKeyPair { sealed: Some(sealed), ..key_pair::new(pair) }
    }

    /// The records of an owner's chain in the ledger, each of which follows the one before it.
    pub async fn ledger(&self, owner: &Owner) -> Vec<Record> {
        let stored = self.store.ledger_page(&self.region(), &Chain::Of(owner.clone()), 0, u32::MAX).await.unwrap();
        let mut previous = NO_RECORD;
        for (place, row) in (1..).zip(&stored) {
            assert_eq!(row.seq, place, "a record is missing");
            previous = record_hash(&previous, &row.region, &row.owner, row.seq, &row.record);
            assert_eq!(row.hash, previous, "record {place} does not follow the one before it");
        }
        stored.iter().map(|row| serde_json::from_str(&row.record).unwrap()).collect()
    }

    /// Runs SQL on the service's database, as somebody with write access to it.
    pub async fn sql(&self, sql: &str) {
        match self.settings.database.url.as_deref() {
            Some(url) => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
                let driver = actix_web::rt::spawn(connection);
                client.batch_execute(sql).await.unwrap();
                drop(client);
                driver.await.unwrap().unwrap();
            }
            None => {
                let path = self.directory.path().join("keypaird.sqlite");
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
                connection.batch_execute(sql).unwrap();
            }
        }
    }

    /// Sends JSON with its content type, or no body for `Null`.
    pub async fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut headers = headers.to_vec();
        let bytes = match body {
            Value::Null => Vec::new(),
            body => {
                headers.push(("Content-Type", "application/json"));
                serde_json::to_vec(&body).unwrap()
            }
        };
        self.send(method, path, &headers, bytes).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for handle in &self.handles {
            // The command is sent at once; nobody waits for it to be done.
            drop(handle.stop(false));
        }
    }
}

/// Free ports, a database of its own, a master key of its own, known passwords.
async fn settings(directory: &Path, changed: &[(&str, &str)]) -> Settings {
    let password_file = directory.join("password");
    fs::write(&password_file, TestApp::PASSWORD).unwrap();
    fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600)).unwrap();
    let (data, password_file) = (directory.display().to_string(), password_file.display().to_string());
    let mut flags = vec![
        ("http.listen", "127.0.0.1:0".to_owned()),
        ("admin.listen", "127.0.0.1:0".to_owned()),
        ("data.dir", data),
        ("identity.bootstrap_password_file", password_file),
        // Keys that nobody asks for would take the processors from the other tests.
        ("keypair.pool.size", "0".to_owned()),
    ];
    if let Some(url) = database::fresh_schema().await {
        let master_key = directory.join("postgres-master.key");
        MasterKeys::create(&master_key).unwrap();
        flags.push(("database.url", url));
        flags.push(("vault.master_key_file", master_key.display().to_string()));
    }
    flags.extend(changed.iter().map(|(key, value)| (*key, (*value).to_owned())));
    let flag = |(key, value): (&str, String)| Flag { key: key.to_owned(), value, written: "test".to_owned() };
    let sources = Sources { flags: flags.into_iter().map(flag).collect(), ..Sources::default() };
    load(&sources).unwrap_or_else(|problems| panic!("{problems}")).settings
}

/// One request on a connection of its own. The OpenAPI document must know what is answered.
pub async fn send(listener: Listener, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let asked = Asked { listener, method, target: path, headers, body: &body.clone() };
    let method: Method = method.parse().unwrap();
    let client = awc::Client::builder().timeout(Duration::from_secs(30)).disable_redirects().finish();
    let mut request = client.request(method, format!("http://{}{path}", listener.address())).no_decompress();
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    let mut response = request.send_body(body).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    documented::check(&asked, response.status().as_u16());
    let bytes = response.body().limit(16 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status: response.status(), headers: response.headers().clone(), bytes: bytes.to_vec(), text, body }
}
