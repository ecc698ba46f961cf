//! One request of HTTP/2, to actix and back.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::header::{
    CONNECTION, CONTENT_LENGTH, DATE, HOST, HeaderName, HeaderValue, HttpDate, TRANSFER_ENCODING, UPGRADE,
};
use actix_http::{ConnectionType, Payload, Request, Response};
use actix_web::Error;
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, Uri};
use bytes::Bytes;
use futures_util::future::{Either, select};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::time::timeout;

/// What became of a request.
pub(super) enum Ended {
    Answered(ConnectionType),
    /// By the client, before it was answered.
    TakenBack,
}

/// Whether the answer has its body, or only says how long it would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Sent,
    Withheld,
}

/// The request as HTTP/1.1 would have brought it: the path alone for its target, and the host in a header, where signatures
/// look for it.
pub(super) fn to_actix(request: ::http::Request<RecvStream>, peer: Option<SocketAddr>) -> Request {
    let (parts, body) = request.into_parts();
    let mut request = Request::with_payload(Payload::from(body));
    let host = parts.uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    let head = request.head_mut();
    head.uri = parts.uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    head.method = parts.method;
    head.version = parts.version;
    head.headers = parts.headers.into();
    head.peer_addr = peer;
    if let Some(host) = host
        && !head.headers.contains_key(HOST)
    {
        head.headers.insert(HOST, host);
    }
    request
}

/// Has the request answered, unless the client takes it back first: then nobody works on it any longer.
pub(super) async fn answer<B: MessageBody + 'static>(
    call: impl Future<Output = Result<ServiceResponse<B>, Error>>,
    mut respond: SendResponse<Bytes>,
    body: Body,
    within: Duration,
) -> Ended {
    let called = {
        let (call, taken_back) = (pin!(call), pin!(poll_fn(|context| respond.poll_reset(context))));
        match select(call, taken_back).await {
            Either::Left((called, _)) => called,
            Either::Right(_) => return Ended::TakenBack,
        }
    };
    let response: Response<BoxBody> = match called {
        Ok(answered) => answered.map_into_boxed_body().into(),
        Err(error) => error.error_response().into(),
    };
    let connection = response.head().connection_type();
    match send(response, respond, body, within).await {
        Ok(()) => Ended::Answered(connection),
        Err(Unsent) => Ended::TakenBack,
    }
}

/// The client did not want it any more, or took no more of it.
struct Unsent;

impl<E: std::error::Error> From<E> for Unsent {
    fn from(_: E) -> Self {
        Self
    }
}

/// `within` is how long the client may take for each piece.
async fn send(
    response: Response<BoxBody>,
    mut respond: SendResponse<Bytes>,
    sent: Body,
    within: Duration,
) -> Result<(), Unsent> {
    let (head, body) = response.into_parts();
    let size = body.size();
    let has_body = sent == Body::Sent && !matches!(size, BodySize::None | BodySize::Sized(0));
    let head = to_h2(&head, size);
    let mut stream = respond.send_response(head, !has_body)?;
    if !has_body {
        return Ok(());
    }
    let mut body = pin!(body);
    while let Some(piece) = poll_fn(|context| body.as_mut().poll_next(context)).await {
        let Ok(mut piece) = piece else {
            stream.send_reset(Reason::INTERNAL_ERROR);
            return Err(Unsent);
        };
        while !piece.is_empty() {
            stream.reserve_capacity(piece.len());
            let room = timeout(within, poll_fn(|context| stream.poll_capacity(context))).await?;
            let room = room.ok_or(Unsent)??;
            stream.send_data(piece.split_to(room.min(piece.len())), false)?;
        }
    }
    stream.send_data(Bytes::new(), true)?;
    Ok(())
}

/// Without what only HTTP/1.1 has.
fn to_h2(head: &Response<()>, size: BodySize) -> ::http::Response<()> {
    let mut response = ::http::Response::new(());
    *response.status_mut() = head.status();
    let headers = response.headers_mut();
    let of_connection = [CONNECTION, TRANSFER_ENCODING, UPGRADE, HeaderName::from_static("keep-alive")];
    for (name, value) in head.headers().iter().filter(|(name, _)| !of_connection.contains(name)) {
        headers.append(name, value.clone());
    }
    // RFC 9110, 8.6: an answer without content has no length either.
    if let BodySize::Sized(length) = size
        && head.status() != StatusCode::NO_CONTENT
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    if !headers.contains_key(DATE)
        && let Ok(now) = HeaderValue::from_str(&HttpDate::from(SystemTime::now()).to_string())
    {
        headers.insert(DATE, now);
    }
    response
}
