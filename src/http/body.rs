//! Reads a request's body, up to the limit that all dialects share.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{Error, HttpMessage, HttpRequest};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::State;

/// The largest body that is read, in bytes: Nova's `max_request_body_size` (recorded: 114,688 passes, one more does not).
pub const LIMIT: usize = 114_688;

/// How much of a larger body is drained before it is refused, in bytes. A connection that is closed on a client who
/// still sends is reset, and the client never reads the 413.
const MAX_DRAINED: usize = 1 << 20;

/// Why a body was not read.
#[derive(Debug)]
pub enum Unread {
    TooLarge,
    /// It did not come in time.
    Slow,
    /// The connection broke, or the framing was wrong.
    Broken(PayloadError),
}

/// Whether the request declares a body over the limit; asked before anything else, token included.
pub fn declares_too_much(request: &HttpRequest) -> bool {
    let declared = request.headers().get(CONTENT_LENGTH);
    declared.and_then(|value| value.to_str().ok()?.parse::<u64>().ok()).is_some_and(|length| length > LIMIT as u64)
}

/// The middleware that drains a body that is declared too large, so that the dialect's refusal arrives.
pub async fn drain_too_large<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if declares_too_much(request.request()) {
        let within = time_for(request.request());
        // A client that is too slow even for this is cut off.
        let _ = timeout(within, drain(request.take_payload())).await;
    }
    next.call(request).await
}

/// How long a client may take to send a body.
pub fn time_for(request: &HttpRequest) -> Duration {
    let state = request.app_data::<Data<State>>();
    // Only a test has an app without one.
    state.map_or(Duration::ZERO, |state| state.settings.body_timeout())
}

/// The whole body, wiped when dropped: it may hold a private key. It must be here `within` that time.
pub async fn read(payload: Payload, within: Duration) -> Result<Zeroizing<Vec<u8>>, Unread> {
    timeout(within, gather(payload)).await.map_err(|_| Unread::Slow)?
}

async fn gather(mut payload: Payload) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(Unread::Broken)?;
        if body.len() + chunk.len() > LIMIT {
            drain(payload).await;
            return Err(Unread::TooLarge);
        }
        append(&mut body, &chunk);
    }
    Ok(body)
}

/// Where the buffer must grow, the one before is wiped: a private key is not left behind in memory.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let length = body.len() + chunk.len();
    if length > body.capacity() {
        let mut larger = Vec::with_capacity(length.max(2 * body.capacity()));
        larger.extend_from_slice(body);
        *body = Zeroizing::new(larger);
    }
    body.extend_from_slice(chunk);
}

async fn drain(mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin) {
    let mut left = MAX_DRAINED;
    while let Some(Ok(chunk)) = payload.next().await
        && chunk.len() <= left
    {
        left -= chunk.len();
    }
}
