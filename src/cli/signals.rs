//! The process's signals, as what an operator asks of the service.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use futures_util::stream::{Stream, unfold};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::reload::Reload;
use crate::app::{Ask, Live};

/// SIGHUP, from the moment on that it is kept from ending the process. One that comes before the service runs is heeded once
/// it does.
pub(super) struct Hangups(Signal);

impl Hangups {
    pub(super) fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }
}

/// SIGTERM asks the service to stop; SIGINT, of somebody at a terminal, to stop without waiting. At SIGHUP the settings are read
/// again. From here on none of them ends the process by itself.
pub(super) fn asks(Hangups(hangup): Hangups, reload: Reload, live: Live) -> io::Result<impl Stream<Item = Ask>> {
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    let listener = Listener { terminate, interrupt, hangup, reload, live };
    Ok(unfold(listener, async |mut listener| {
        let ask = poll_fn(|context| listener.poll(context)).await;
        Some((ask, listener))
    }))
}

struct Listener {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    reload: Reload,
    live: Live,
}

impl Listener {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ask> {
        if self.interrupt.poll_recv(context).is_ready() {
            return Poll::Ready(Ask::StopNow);
        }
        if self.terminate.poll_recv(context).is_ready() {
            return Poll::Ready(Ask::Stop);
        }
        while self.hangup.poll_recv(context).is_ready() {
            self.reload.read(&self.live);
            self.live.renew_certificates();
        }
        Poll::Pending
    }
}
