//! How the service ends when its operator asks it to.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::future::{Either, join_all, select};
use futures_util::stream::{Stream, StreamExt};
use tokio::time::sleep;

use crate::http::ops::Readiness;

/// What an operator asks of a running service.
pub enum Ask {
    /// Ends it: probes are told at once, and requests are answered for a while, until none are sent here any more.
    Stop,
    /// Ends it without that while.
    StopNow,
}

/// Whether everything that was asked of the service was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Finished,
    /// The operator did not want to wait for requests under way.
    CutShort,
}

/// Stops both listeners when it is asked to.
pub(super) struct Conductor {
    pub(super) readiness: Readiness,
    /// How long requests are still answered as always, once probes are told to send them elsewhere.
    pub(super) drain: Duration,
    pub(super) handles: [ServerHandle; 2],
}

impl Conductor {
    /// Does what is asked, until the service has ended. Whoever asks again while it ends waits no longer for what is being
    /// waited for: first for requests that come, then for those under way.
    pub(super) async fn conduct(self, asks: impl Stream<Item = Ask>) -> Ended {
        let mut asks = pin!(asks);
        let drain = match next(&mut asks).await {
            Ask::Stop => self.drain,
            Ask::StopNow => Duration::ZERO,
        };
        self.readiness.stop();
        if !drain.is_zero() {
            let seconds = drain.as_secs();
            tracing::info!("stopping: probes are told; requests are answered for {seconds} s more");
            select(pin!(sleep(drain)), pin!(next(&mut asks))).await;
        }
        tracing::info!("stopping: requests under way are finished");
        let finished = join_all(self.handles.iter().map(|handle| handle.stop(true)));
        match select(pin!(finished), pin!(next(&mut asks))).await {
            Either::Left(_) => Ended::Finished,
            Either::Right(_) => {
                tracing::warn!("stopping: requests under way are broken off");
                Ended::CutShort
            }
        }
    }
}

/// Where nobody can ask any more, it goes on for ever.
async fn next(asks: &mut (impl Stream<Item = Ask> + Unpin)) -> Ask {
    match asks.next().await {
        Some(ask) => ask,
        None => pending().await,
    }
}
