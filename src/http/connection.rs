//! A connection of HTTP/1 whose client cannot make the service wait for ever: for the head of a request, or until an answer
//! is taken. actix bounds the first head and the rest between requests; bodies have a [time of their own](super::body).

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
    /// To take an answer, from when the first of it had to wait.
    pub answer: Duration,
}

/// A stream that fails once its client has taken too long; whoever serves it then drops it, and all that it holds.
pub struct Connection<T> {
    stream: T,
    times: Times,
    requests: Requests,
    /// The requests that were begun when it was last looked.
    seen: u64,
    /// Of the next head.
    reading: Deadline,
    writing: Deadline,
}

/// What becomes of a connection's requests; kept in its data, where [`watch_requests`] finds it.
#[derive(Clone, Default)]
struct Requests(Rc<Counts>);

#[derive(Default)]
struct Counts {
    begun: Cell<u64>,
    answered: Cell<u64>,
}

/// One that is under way.
struct UnderWay(Requests);

impl Requests {
    fn begin(&self) -> UnderWay {
        self.0.begun.set(self.0.begun.get() + 1);
        UnderWay(self.clone())
    }

    fn are_under_way(&self) -> bool {
        self.0.begun.get() > self.0.answered.get()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Self(Requests(counts)) = self;
        counts.answered.set(counts.answered.get() + 1);
    }
}

/// The middleware, outside of all others, that tells the connection when a request is being answered: how long that takes is
/// not the client's affair.
pub async fn watch_requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let under_way = request.conn_data::<Requests>().map(Requests::begin);
    let answered = next.call(request).await;
    drop(under_way);
    answered
}

impl<T> Connection<T> {
    pub fn new(stream: T, times: Times) -> Self {
        let (reading, writing) = (Deadline::default(), Deadline::default());
        Self { stream, times, requests: Requests::default(), seen: 0, reading, writing }
    }

    /// Gives the requests on it what [`watch_requests`] looks for.
    pub fn on_connect(&self, data: &mut Extensions) {
        data.insert(self.requests.clone());
    }

    /// Whether the next request's head is what the client is to send now.
    fn awaits_head(&mut self) -> bool {
        let begun = self.requests.0.begun.get();
        if begun != self.seen {
            self.seen = begun;
            self.reading.end();
        }
        !self.requests.are_under_way()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let awaits_head = this.awaits_head();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if awaits_head && buffer.filled().len() > before {
            this.reading.shorten(this.times.head);
        }
        if this.reading.has_passed(cx) { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { read }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if written.is_pending() {
            this.writing.begin(this.times.answer);
            if this.writing.has_passed(cx) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        written
    }

    /// actix asks for it whenever it has written all that there is.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        if flushed.is_ready() {
            this.writing.end();
        }
        // Also for a client who has not finished the body of a request that is answered, and sends nothing any more.
        if this.awaits_head() {
            this.reading.begin(this.times.idle + this.times.head);
            if this.reading.has_passed(cx) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// When something must be done, where it must be.
#[derive(Default)]
struct Deadline {
    at: Option<Instant>,
    /// Wakes the task; never later than `at`, but it may be set for a deadline that is over.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Unless one is running.
    fn begin(&mut self, within: Duration) {
        self.at.get_or_insert_with(|| Instant::now() + within);
    }

    fn shorten(&mut self, within: Duration) {
        let at = Instant::now() + within;
        self.at = Some(self.at.map_or(at, |running| running.min(at)));
    }

    fn end(&mut self) {
        self.at = None;
    }

    /// Whether it is over. If not, the task is woken when it is.
    fn has_passed(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.at else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        // One that was set for an earlier deadline wakes once too often, which costs less than setting it for each request.
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= at {
                return true;
            }
            timer.as_mut().reset(at);
        }
        false
    }
}
