//! What stands between the service and PostgreSQL, and what a session may then be trusted to keep.
//!
//! A pooler that gives each transaction another session (PgBouncer's `pool_mode = transaction`) loses what a session is told
//! (`SET`) and what it has prepared. The service's statements are prepared, by names that other processes use too: a session
//! that is not its own would run another one's statement under that name. So what is there is found out at the start.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::connection::{TIMEOUT, connect, in_one_line, unavailable};
use super::url::Server;
use crate::domain::{Error, Result, Source};

/// `database.pooler`
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Every connection is a session of its own: there is none, or one that pools sessions.
    None,
    /// One that pools transactions, and knows which statements are prepared in which session.
    Transaction,
}

/// How often two connections are compared: a pooler that others keep busy may hand each of them its last session again.
const ROUNDS: usize = 4;

/// Finds itself among the prepared statements of the session that it runs in.
const NAME_OF_THIS: &str = "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%keypaird looks for a pooler%' ORDER BY prepare_time DESC";

impl Pooler {
    /// What a session is told when it begins, where it is the connection's own. The server itself gives up what takes too
    /// long, also when this process is gone and holds locks.
    pub(super) fn session_limits(self) -> Option<String> {
        match self {
            Self::None => Some(limits("SET")),
            Self::Transaction => None,
        }
    }

    /// Begins a transaction; where no session keeps the limits, with them.
    pub(super) fn begin(self) -> String {
        match self {
            Self::None => "BEGIN".to_owned(),
            Self::Transaction => format!("BEGIN; {}", limits("SET LOCAL")),
        }
    }

    /// Fails where sessions are not kept as this says.
    pub(super) async fn refuse_unfit(self, server: &Server) -> Result<()> {
        let (unfit, reason) = match self {
            Self::None => (
                in_time(sessions_are_shared(server)).await?,
                "it is \"none\", and the connections to PostgreSQL share sessions, as behind a PgBouncer with pool_mode = \
                 transaction: set it to \"transaction\", for which PgBouncer must be 1.21 or newer with max_prepared_statements \
                 above 0, or have sessions pooled (pool_mode = session)",
            ),
            Self::Transaction => (
                !in_time(statements_are_tracked(server)).await?,
                "it is \"transaction\", and nothing between the service and PostgreSQL keeps track of prepared statements: that \
                 takes PgBouncer 1.21 or newer with max_prepared_statements above 0; with sessions pooled (pool_mode = session), \
                 and without a pooler, set it to \"none\"",
            ),
        };
        if unfit { Err(Error::Invalid { field: "database.pooler", reason: reason.to_owned() }) } else { Ok(()) }
    }
}

fn limits(set: &str) -> String {
    let timeout = TIMEOUT.as_millis();
    format!("{set} statement_timeout = {timeout}; {set} idle_in_transaction_session_timeout = {timeout}")
}

/// Whether one session serves two connections, or one connection is served by two sessions.
async fn sessions_are_shared(server: &Server) -> Result<bool, Source> {
    let (one, other) = (open(server).await?, open(server).await?);
    for _ in 0..ROUNDS {
        let first = session(&one).await?;
        // While it is in a transaction, the other connection has a session to itself.
        other.batch_execute("BEGIN").await?;
        let others = session(&other).await?;
        let shared = first == others || session(&one).await? != first;
        other.batch_execute("COMMIT").await?;
        if shared {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which process of the server answers. The statement is not prepared.
async fn session(client: &Client) -> Result<String, Source> {
    let answer = client.simple_query("SELECT pg_backend_pid()").await?;
    let pid = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    pid.map(str::to_owned).ok_or_else(|| "pg_backend_pid() gave no row".into())
}

/// Whether the server knows a prepared statement by another name than it was given here: a pooler that keeps track of them
/// has to give each text a name of its own. Here they are `s` and a number, by tokio-postgres.
async fn statements_are_tracked(server: &Server) -> Result<bool, Source> {
    let client = open(server).await?;
    // Within a transaction, what prepares it and what runs it reach the same session.
    client.batch_execute("BEGIN").await?;
    let rows = client.query(NAME_OF_THIS, &[]).await?;
    client.batch_execute("COMMIT").await?;
    let name: Option<String> = rows.first().map(|row| row.try_get(0)).transpose()?;
    let is_ours =
        |name: &str| name.strip_prefix('s').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(name.is_some_and(|name| !is_ours(&name)))
}

/// A connection for looking alone: it ends with its client.
async fn open(server: &Server) -> Result<Client, Source> {
    let (client, driver) = connect(server).await?;
    // Who asks is told what breaks.
    tokio::spawn(async move { drop(driver.await) });
    Ok(client)
}

async fn in_time<T>(look: impl Future<Output = Result<T, Source>>) -> Result<T> {
    let looked = match tokio::time::timeout(TIMEOUT, look).await {
        Ok(looked) => looked,
        Err(late) => Err(late.into()),
    };
    looked.map_err(|cause| {
        unavailable(format!("cannot find out whether a pooler is in front of PostgreSQL: {}", in_one_line(&*cause)))
    })
}
