//! Answers that nobody on the way may keep: those with private keys.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{CACHE_CONTROL, PRAGMA};

/// With the headers that forbid storing it, also to caches that know HTTP/1.0 alone. Such an answer has no ETag and is never
/// compressed: its length under a compression would tell of its contents.
pub fn answer(mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    answer
}
