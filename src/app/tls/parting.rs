//! A stream whose end does not cost its client what it was sent last.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a client may take to end its side, once ours has ended, and how much it may still send, in bytes.
const PATIENCE: Duration = Duration::from_secs(2);
const MAX_UNHEARD: usize = 65_536;

/// A stream that is shut down when its client has ended its side, too, or has had the time for it. Closed on something unread
/// (a request, or the client's own goodbye, that crossed ours) a TCP connection is reset, and what the client had not read by
/// then may be lost: so what still comes is read, and thrown away.
pub(super) struct Parting<T> {
    stream: T,
    /// Runs from when our side has ended.
    patience: Option<Pin<Box<Sleep>>>,
    /// How much has come since.
    unheard: usize,
}

impl<T> Parting<T> {
    pub(super) const fn new(stream: T) -> Self {
        Self { stream, patience: None, unheard: 0 }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Parting<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Parting<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, patience, unheard } = self.get_mut();
        let patience = match patience {
            Some(running) => running,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
                patience.insert(Box::pin(sleep(PATIENCE)))
            }
        };
        let mut bytes = [0; 4096];
        while *unheard < MAX_UNHEARD {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => *unheard += buffer.filled().len(),
                // It has ended its side, or broken off: there is nobody to wait for.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return patience.as_mut().poll(cx).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test]
    async fn it_is_over_when_the_client_has_ended_its_side_and_what_it_said_meanwhile_is_read() {
        let (mut client, ours) = duplex(16);
        let mut ours = Parting::new(ours);
        let parting = tokio::spawn(async move { ours.shutdown().await });
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0, "our side has ended");
        client.write_all(&[1; 1000]).await.unwrap();
        assert!(!parting.is_finished());
        client.shutdown().await.unwrap();
        parting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_does_not_end_its_side_is_waited_for_and_not_for_ever() {
        let (client, ours) = duplex(16);
        let started = Instant::now();
        timeout(5 * PATIENCE, Parting::new(ours).shutdown()).await.expect("in time").unwrap();
        assert!(started.elapsed() >= PATIENCE);
        drop(client);
    }

    #[tokio::test]
    async fn a_client_that_goes_on_sending_is_not_listened_to_for_ever() {
        let (mut client, ours) = duplex(MAX_UNHEARD);
        let mut ours = Parting::new(ours);
        let (sent, parted) = tokio::join!(
            timeout(PATIENCE / 2, client.write_all(&[1; 4 * MAX_UNHEARD])),
            timeout(PATIENCE / 2, ours.shutdown())
        );
        assert!(sent.is_err(), "it is not read whole");
        parted.expect("before its time").unwrap();
    }
}
