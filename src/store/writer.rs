//! The one thread that writes: it takes all that waits, and gathers creates and deletes of key pairs in one transaction.

use std::time::{Duration, Instant};

use diesel::QueryResult;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::{Instrument, Span};

use super::batch::{self, KeyPairWrite, Pace};
use super::connection::{Conn, Link, TIMEOUT, Wire};
use super::failed::{Abort, Failed, conflict, is_conflict, is_read_only};
use super::metrics::{Metrics, Place};
use super::nonces::NonceWrite;
use super::url::Location;
use crate::domain::{Error, Result, Source};

/// How many writes may wait; the next one is answered [`Error::Busy`].
pub(super) const QUEUE: usize = 1024;
/// How many creates and deletes are gathered at most.
const BATCH: usize = 128;
/// How often a transaction runs that lost against another process's.
const ATTEMPTS: u32 = 5;

pub(super) enum Command {
    /// A create or a delete, gathered with others.
    KeyPair(KeyPairWrite),
    /// A nonce, gathered with others.
    Nonce(NonceWrite),
    /// Any other write: a transaction of its own.
    Other(Job),
}

/// A command in the queue.
pub(super) struct Waiting {
    command: Command,
    since: Instant,
    /// The request's, for what is done for it here.
    span: Span,
    place: Place,
}

impl Waiting {
    pub(super) fn new(command: Command, span: Span, metrics: &Metrics) -> Self {
        Self { command, since: Instant::now(), span, place: metrics.wait() }
    }
}

pub(super) type Job = Box<dyn for<'w> FnOnce(&'w mut Writer) -> LocalBoxFuture<'w, ()> + Send>;

pub(super) struct Writer {
    location: Location,
    queue: mpsc::Receiver<Waiting>,
    idle: Option<Idle>,
    /// How the next batch of key pairs goes about it.
    pub(super) pace: Pace,
    metrics: Metrics,
}

/// A connection that no statement is under way on.
struct Idle {
    link: Link,
    transaction: Transaction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Begun,
}

impl Writer {
    pub(super) fn new(location: Location, link: Link, queue: mpsc::Receiver<Waiting>, metrics: Metrics) -> Self {
        let idle = Some(Idle { link, transaction: Transaction::None });
        Self { location, queue, idle, pace: Pace::Ahead, metrics }
    }

    /// Works until the last [`super::Store`] is gone.
    pub(super) async fn work(mut self) {
        let mut waiting = Vec::with_capacity(BATCH);
        loop {
            if self.queue.is_empty() {
                self.end_what_was_begun().await;
            }
            if self.queue.recv_many(&mut waiting, BATCH).await == 0 {
                return;
            }
            let mut key_pairs = Vec::new();
            let mut nonces = Vec::new();
            let mut others = Vec::new();
            for Waiting { command, since, span, place } in waiting.drain(..) {
                self.metrics.begin(place, since.elapsed());
                match command {
                    // Whoever went away while it waited has been told nothing, or to come again: it is not begun.
                    Command::KeyPair(write) if write.answer.is_closed() => {}
                    Command::KeyPair(write) => key_pairs.push((write, span)),
                    Command::Nonce(write) if write.is_abandoned() => {}
                    Command::Nonce(write) => nonces.push((write, span)),
                    Command::Other(job) => others.push((job, span)),
                }
            }
            if !nonces.is_empty() {
                let (nonces, spans): (Vec<_>, Vec<_>) = nonces.into_iter().unzip();
                super::nonces::commit(&mut self, nonces).instrument(gathered(&spans)).await;
            }
            if !key_pairs.is_empty() {
                let (key_pairs, spans): (Vec<_>, Vec<_>) = key_pairs.into_iter().unzip();
                batch::commit(&mut self, key_pairs).instrument(gathered(&spans)).await;
            }
            for (job, span) in others {
                job(&mut self).instrument(span).await;
            }
        }
    }

    /// Runs `statements` between BEGIN and COMMIT, anew where another process's transaction got in the way. They must not
    /// do anything outside the database.
    pub(super) async fn transaction<T>(
        &mut self,
        statements: impl AsyncFn(&Conn<'_>) -> Result<T, Abort>,
    ) -> Result<T, Failed<T>> {
        let mut attempt = 1;
        loop {
            let started = Instant::now();
            let outcome = self.attempt(&statements).await;
            self.metrics.ended(started.elapsed());
            match outcome {
                Err(Failed::Database(lost))
                    if attempt < ATTEMPTS
                        && let Some(sqlstate) = conflict(&lost) =>
                {
                    self.metrics.lost(sqlstate);
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt<T>(&mut self, statements: impl AsyncFn(&Conn<'_>) -> Result<T, Abort>) -> Result<T, Failed<T>> {
        // Taken out, and put back where its state is known: a broken connection is dropped on every other way out.
        let Idle { mut link, transaction } = self.connected().await.map_err(Failed::Unreachable)?;
        let conn = link.conn();
        let work = async {
            match transaction {
                Transaction::None => conn.begin().await?,
                Transaction::Begun => {}
            }
            statements(&conn).await
        };
        let value = match timeout(TIMEOUT, work).await {
            Ok(Ok(value)) => value,
            Ok(Err(abort)) => return self.abort(link, abort).await,
            Err(late) => return Err(Failed::Unreachable(late.into())),
        };
        let records = conn.records.take();
        match timeout(TIMEOUT, self.commit(&conn)).await {
            Ok(Ok(transaction)) => {
                self.metrics.committed(&records);
                self.idle = Some(Idle { link, transaction });
                Ok(value)
            }
            Ok(Err(refused)) if is_conflict(&refused) || matches!(link, Link::Sqlite(_)) => {
                self.abort(link, Abort::Database(refused)).await
            }
            Ok(Err(cause)) => Err(Failed::Unknown(value, cause.into())),
            Err(late) => Err(Failed::Unknown(value, late.into())),
        }
    }

    /// While more waits, the next transaction is begun with the same way to the database and back. Not on SQLite, where BEGIN
    /// locks out other processes, and costs nothing.
    async fn commit(&self, conn: &Conn<'_>) -> QueryResult<Transaction> {
        match &conn.wire {
            Wire::Postgres(_) if !self.queue.is_empty() => {
                conn.commit_and_begin().await?;
                Ok(Transaction::Begun)
            }
            Wire::Postgres(_) | Wire::Sqlite(_) => {
                conn.commit().await?;
                Ok(Transaction::None)
            }
        }
    }

    /// Whatever waited has gone away: no transaction stays open for nothing.
    async fn end_what_was_begun(&mut self) {
        let begun = self.idle.take_if(|idle| idle.transaction == Transaction::Begun);
        if let Some(Idle { mut link, .. }) = begun
            && matches!(timeout(TIMEOUT, link.conn().rollback()).await, Ok(Ok(())))
        {
            self.idle = Some(Idle { link, transaction: Transaction::None });
        }
    }

    async fn abort<T>(&mut self, mut link: Link, abort: Abort) -> Result<T, Failed<T>> {
        let rolled_back = matches!(timeout(TIMEOUT, link.conn().rollback()).await, Ok(Ok(())));
        let usable = rolled_back && !link.is_closed();
        match abort {
            Abort::Refused(refusal) => {
                self.idle = usable.then_some(Idle { link, transaction: Transaction::None });
                Err(Failed::Refused(refusal))
            }
            // After a failover the old primary takes no writes: the next connection may find the new one.
            Abort::Database(cause) if is_read_only(&cause) => Err(Failed::Unreachable(cause.into())),
            Abort::Database(cause) if usable || matches!(link, Link::Sqlite(_)) => {
                self.idle = Some(Idle { link, transaction: Transaction::None });
                Err(Failed::Database(cause))
            }
            Abort::Database(cause) => Err(Failed::Unreachable(cause.into())),
        }
    }

    async fn connected(&mut self) -> Result<Idle, Source> {
        if let Some(idle) = self.idle.take().filter(|idle| !idle.link.is_closed()) {
            return Ok(idle);
        }
        let mut attempt = 1;
        loop {
            match Link::open(&self.location).await {
                Err(_) if attempt < 3 => tokio::time::sleep(pause(attempt)).await,
                outcome => return outcome.map(|link| Idle { link, transaction: Transaction::None }),
            }
            attempt += 1;
        }
    }
}

/// Runs `statements` in a transaction of their own, on the writer's thread.
pub(super) fn job<T: Send + 'static>(
    statements: impl AsyncFn(&Conn<'_>) -> Result<T, Abort> + Send + 'static,
    answer: oneshot::Sender<Result<T>>,
) -> Command {
    Command::Other(Box::new(move |writer| {
        Box::pin(async move {
            if !answer.is_closed() {
                let outcome = writer.transaction(statements).await.map_err(Error::from);
                // Nobody waits any more: it is done all the same.
                drop(answer.send(outcome));
            }
        })
    }))
}

/// Shown in the first one's trace, which the others' point to: what is done for all, is done once.
fn gathered(spans: &[Span]) -> Span {
    let mut listened = spans.iter().filter(|span| !span.is_disabled());
    let Some(first) = listened.next() else { return Span::none() };
    listened.for_each(|other| {
        other.follows_from(first);
    });
    first.clone()
}

/// Grows with each attempt, and differs between processes that lost to each other.
fn pause(attempt: u32) -> Duration {
    let jitter = u64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 8;
    Duration::from_millis(u64::from(20 * attempt) + jitter)
}
