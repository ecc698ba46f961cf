//! By which door a request came, as the ledger says it.

use actix_web::HttpRequest;

use super::forwarded::Reached;
use super::{State, request_id};
use crate::domain::{Dialect, Via};

/// The dialect, the client's address and the id that the answer's header and the log name.
pub fn via(request: &HttpRequest, state: &State, dialect: Dialect) -> Via {
    let client = Reached::of(request, &state.settings.trusted_proxies).client;
    Via { dialect, client, request_id: Some(request_id::of(request)) }
}
