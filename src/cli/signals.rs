//! The process's signals, as what an operator asks of the service.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use futures_util::stream::{Stream, unfold};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::Ask;

/// SIGTERM asks the service to stop; SIGINT, of somebody at a terminal, to stop without waiting. From here on none of them ends
/// the process by itself.
pub(super) fn asks() -> io::Result<impl Stream<Item = Ask>> {
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(unfold(signals, async |(mut terminate, mut interrupt)| {
        let ask = next(&mut terminate, &mut interrupt).await;
        Some((ask, (terminate, interrupt)))
    }))
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> Ask {
    poll_fn(|context| {
        if interrupt.poll_recv(context).is_ready() {
            Poll::Ready(Ask::StopNow)
        } else {
            terminate.poll_recv(context).map(|_| Ask::Stop)
        }
    })
    .await
}
