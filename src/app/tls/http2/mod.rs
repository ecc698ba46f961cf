//! HTTP/2 on a connection. The protocol is the h2 crate's; actix's own way to it sets no limits and does not say goodbye.

mod exchange;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::{ConnectionType, Request};
use actix_service::Service;
use actix_web::Error;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep, timeout};

use self::exchange::{Body, Ended, answer, to_actix};
use crate::http::connection::Times;

/// Requests of one connection at a time; a client that knows no better waits with further ones.
const MAX_STREAMS: u32 = 100;
/// Of one request's header, in bytes, with 32 more for each line (RFC 9113, 6.5.2). A longer one is answered 431, and so many
/// CONTINUATION frames that it could not be less end the connection.
const MAX_HEADER: u32 = 65_536;
/// How much a client may send before it is read: of one body, and of all of a connection.
const STREAM_WINDOW: u32 = 131_072;
const CONNECTION_WINDOW: u32 = 1_048_576;
/// A client may take back so many requests, and as many more as it has been answered. More is an attack ("rapid reset",
/// CVE-2023-44487): each costs us something, and no stream that it could run out of.
const MAX_TAKEN_BACK: u64 = 100;

/// How long a client may take for its preface.
const PREFACE: Duration = Duration::from_secs(10);
/// How long a client has to see that a connection ends, once nothing is going on there.
const GOODBYE: Duration = Duration::from_secs(5);

/// Answers requests until the client leaves, or none are going on after `stopping`.
pub(super) async fn serve<S, B>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    times: Times,
    peer: Option<SocketAddr>,
    app: &S,
    stopping: impl Future<Output = ()>,
) where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let connection = match timeout(PREFACE, builder.handshake(stream)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%error, "no HTTP/2 connection: {error}"),
        Err(late) => return tracing::debug!(%late, "no HTTP/2 connection: {late}"),
    };
    let mut conversation = Conversation {
        connection,
        answers: FuturesUnordered::new(),
        answered: 0,
        taken_back: 0,
        state: State::Open,
        idle: times.idle,
        quiet: Box::pin(sleep(times.idle)),
    };
    let mut stopping = pin!(stopping);
    let answer = |(request, respond): Asked| {
        let body = if request.method() == Method::HEAD { Body::Withheld } else { Body::Sent };
        answer(app.call(to_actix(request, peer)), respond, body, times.answer)
    };
    poll_fn(|context| conversation.poll(context, stopping.as_mut(), &answer)).await;
}

type Asked = (::http::Request<RecvStream>, SendResponse<Bytes>);

struct Conversation<IO, A> {
    connection: Connection<IO, Bytes>,
    /// Of the requests that are going on. They end with the connection, as those of HTTP/1.1 do.
    answers: FuturesUnordered<A>,
    answered: u64,
    taken_back: u64,
    state: State,
    /// How long it is kept while nothing is asked on it.
    idle: Duration,
    /// Runs out when nothing has been going on for too long.
    quiet: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The client was told to send further requests elsewhere.
    Ending,
}

impl<IO, A> Conversation<IO, A>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    A: Future<Output = Ended>,
{
    /// Ready when the connection is over.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        stopping: Pin<&mut impl Future<Output = ()>>,
        answer: &impl Fn(Asked) -> A,
    ) -> Poll<()> {
        if self.state == State::Open && stopping.poll(context).is_ready() {
            self.say_goodbye();
        }
        loop {
            while let Poll::Ready(Some(ended)) = self.answers.poll_next_unpin(context) {
                self.count(&ended);
            }
            match self.connection.poll_accept(context) {
                Poll::Ready(Some(Ok(asked))) => self.answers.push(answer(asked)),
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "an HTTP/2 connection ended: {error}");
                    return Poll::Ready(());
                }
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        self.poll_quiet(context)
    }

    fn count(&mut self, ended: &Ended) {
        match ended {
            Ended::Answered(connection) => {
                self.answered += 1;
                // What HTTP/1.1 says with `Connection: close`.
                if *connection == ConnectionType::Close {
                    self.say_goodbye();
                }
            }
            Ended::TakenBack => {
                self.taken_back += 1;
                if self.taken_back > MAX_TAKEN_BACK + self.answered {
                    self.state = State::Ending;
                    self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                }
            }
        }
        if self.answers.is_empty() {
            self.wait_quietly();
        }
    }

    fn say_goodbye(&mut self) {
        if self.state == State::Open {
            self.state = State::Ending;
            self.connection.graceful_shutdown();
            self.wait_quietly();
        }
    }

    fn wait_quietly(&mut self) {
        let wait = match self.state {
            State::Open => self.idle,
            State::Ending => GOODBYE,
        };
        self.quiet = Box::pin(sleep(wait));
    }

    /// While nothing is going on, time runs: first until the client is told, then until nobody waits for it any more.
    fn poll_quiet(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.answers.is_empty() && self.quiet.as_mut().poll(context).is_ready() {
            match self.state {
                State::Open => self.say_goodbye(),
                State::Ending => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}
