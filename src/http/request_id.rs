//! The id that an answer carries and the log line of the request repeats.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use tracing_actix_web::RequestId;
use uuid::Uuid;

/// Kept with a request that has no logger around it, so that it too has one id only.
#[derive(Clone, Copy)]
struct OwnId(Uuid);

/// `req-<uuid4>`, as OpenStack services write it (recorded): the id that the request's log lines have as `request_id`.
pub fn of(request: &HttpRequest) -> String {
    format!("req-{}", uuid(request))
}

/// The same as Alibaba writes it: the UUID alone, in capitals.
pub fn in_capitals(request: &HttpRequest) -> String {
    uuid(request).hyphenated().to_string().to_uppercase()
}

fn uuid(request: &HttpRequest) -> Uuid {
    let mut kept = request.extensions_mut();
    if let Some(logged) = kept.get::<RequestId>() {
        return **logged;
    }
    let own = kept.get::<OwnId>().copied().unwrap_or_else(|| OwnId(Uuid::new_v4()));
    kept.insert(own);
    own.0
}

/// Writes the request's id into each of the headers `names`.
pub fn write(request: &HttpRequest, headers: &mut HeaderMap, names: &[&'static str]) {
    if let Ok(id) = HeaderValue::try_from(of(request)) {
        for &name in names {
            headers.insert(HeaderName::from_static(name), id.clone());
        }
    }
}
