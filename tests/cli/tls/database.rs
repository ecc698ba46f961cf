//! TLS to PostgreSQL: `tests/run postgresql` starts one with a certificate for `localhost`, and none for its address.

use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::certificates::Authority;
use crate::{keypaird, text};

/// The server as the tests' stage started it, and who vouches for it.
struct Server {
    url: String,
    authority: String,
}

impl Server {
    fn given() -> Option<Self> {
        let url = std::env::var("TEST_DATABASE_URL").ok()?;
        let authority = std::env::var("TEST_DATABASE_CA")
            .unwrap_or_else(|_| panic!("TEST_DATABASE_CA names the authority of the server's certificate"));
        Some(Self { url, authority })
    }

    /// The end of a command that opens the database, on a schema of its own.
    fn migrate(&self, host: &str, parameters: &str) -> Result<(), String> {
        let directory = TempDir::new().unwrap();
        let url = self.url.replace("127.0.0.1", host);
        let mut command = keypaird(directory.path(), &["migrate"]);
        let output = command.env("KEYPAIRD__DATABASE__URL", format!("{url}?{parameters}")).output().unwrap();
        let password =
            url.split_once(':').and_then(|(_, rest)| rest.split_once('@')).unwrap().0.rsplit(':').next().unwrap();
        let stderr = text(&output.stderr);
        assert!(!stderr.contains(password), "the password is shown");
        if output.status.success() { Ok(()) } else { Err(stderr) }
    }
}

#[tokio::test]
async fn s62_postgresql_is_connected_to_as_sslmode_says() {
    let Some(server) = Server::given() else { return };
    let (client, connection) = tokio_postgres::connect(&server.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let schema = format!("tls_{}", std::process::id());
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.unwrap();
    let directory = TempDir::new().unwrap();
    let stranger = Authority::new().write(directory.path()).display().to_string();
    let ours = server.authority.as_str();
    let cases = [
        ("localhost", format!("sslmode=verify-full&sslrootcert={ours}&channel_binding=require"), Ok(())),
        ("localhost", "sslmode=require&channel_binding=require".to_owned(), Ok(())),
        ("localhost", "channel_binding=require".to_owned(), Ok(())),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ours}"), Ok(())),
        ("127.0.0.1", "sslmode=disable".to_owned(), Ok(())),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={ours}"),
            Err("name the host in the database's URL as the certificate does"),
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={stranger}"),
            Err("sslrootcert in the database's URL must name the file"),
        ),
        (
            "localhost",
            format!("sslmode=require&sslrootcert={stranger}"),
            Err("sslrootcert in the database's URL must name the file"),
        ),
        ("localhost", "sslrootcert=system".to_owned(), Err("sslrootcert in the database's URL must name the file")),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/nowhere.pem".to_owned(),
            Err("cannot read /nowhere.pem: No such file"),
        ),
        ("localhost", "sslmode=verify-full".to_owned(), Err("set sslrootcert to a file")),
        ("localhost", format!("sslmode=require&sslcert={ours}&sslkey={ours}"), Err("sslkey of the database's URL")),
    ];
    for (host, parameters, expected) in cases {
        let outcome = server.migrate(host, &format!("{parameters}&options=-csearch_path%3D{schema}"));
        match (outcome, expected) {
            (Ok(()), Ok(())) => {}
            (Err(told), Err(said)) => assert!(told.contains(said), "{host} {parameters}: {told}"),
            (outcome, _) => panic!("{host} {parameters}: {outcome:?}"),
        }
    }
    client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

/// The stage's server takes the user `tls_only` by TLS alone (`hostssl`).
#[tokio::test]
async fn s62_a_server_that_wants_tls_and_is_not_given_it_is_told_of() {
    let Some(mut server) = Server::given() else { return };
    let (client, connection) = tokio_postgres::connect(&server.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let role = "DROP ROLE IF EXISTS tls_only; CREATE ROLE tls_only LOGIN SUPERUSER PASSWORD 'for-tests-only'; \
         DROP SCHEMA IF EXISTS tls_only CASCADE; CREATE SCHEMA tls_only";
    client.batch_execute(role).await.unwrap();
    let place = server.url.split_once('@').unwrap().1;
    server.url = format!("postgres://tls_only:for-tests-only@{place}");
    let refused = server.migrate("localhost", "sslmode=disable").expect_err("is refused by the server");
    assert!(refused.contains("the server wants TLS: set sslmode=verify-full"), "{refused}");
    let parameters = format!("sslmode=verify-full&sslrootcert={}&options=-csearch_path%3Dtls_only", server.authority);
    server.migrate("localhost", &parameters).unwrap();
    client.batch_execute("DROP SCHEMA tls_only CASCADE; DROP ROLE tls_only").await.unwrap();
}
