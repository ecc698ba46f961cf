//! KPS V2.1. This version knows no scope: what it makes, deletes and describes is the user's own; what it reads may
//! also be the project's. A repeated DELETE thus never takes a project's key pair of the same name.

mod version;
pub(super) mod view;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

pub(super) use self::version::Door;
use self::version::Version;
use super::error::Error;
use super::gate::Admitted;
use super::{body, query};
use crate::domain::{Marker, Page};
use crate::http::base_url::base_url;
use crate::http::{State, unstored};

/// Not to be stored on the way: most of these answers carry a private key. 200 at every microversion, which is all that
/// Huawei's clients take.
pub(super) async fn create(
    admitted: Admitted,
    version: Version,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let version = version.named()?;
    let new = view::new_key_pair(&admitted.json(payload).await?)?;
    let created = state.key_pairs.create(&admitted.caller, &admitted.via, new).await?;
    Ok(unstored::answer(HttpResponse::Ok()).json(super::view::created(created, version.kind())))
}

/// Whole, or in pages from the microversion on that has them: no owner's limit can be larger than what is asked for then.
pub(super) async fn list(
    admitted: Admitted,
    version: Version,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let version = version.named()?;
    let whose = version.whose(&request)?;
    if !version.has_pages() {
        let page = Page { limit: u32::MAX as usize, marker: None };
        let pairs = state.key_pairs.list(&admitted.caller, &whose, &page).await?;
        return Ok(HttpResponse::Ok().json(view::listed(&pairs, version.kind(), None)));
    }
    let limit = query::limit(&request)?;
    // One more than asked for tells whether there is a next page.
    let page = Page { limit: limit + 1, marker: query::marker(&request)?.map(Marker::KeyPair) };
    let mut pairs = state.key_pairs.list(&admitted.caller, &whose, &page).await?;
    let is_last = pairs.len() <= limit;
    pairs.truncate(limit);
    let next = pairs.last().filter(|_| !is_last).map(|last| {
        let url = format!("{}{}", base_url(&request, &state.settings), request.path());
        view::next_url(&url, limit, &last.name, &whose)
    });
    Ok(HttpResponse::Ok().json(view::listed(&pairs, version.kind(), next)))
}

pub(super) async fn show(
    admitted: Admitted,
    version: Version,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let version = version.named()?;
    let name = admitted.name_in_path()?;
    let pair = state.key_pairs.find(&admitted.caller, &version.whose(&request)?, &name).await?;
    Ok(HttpResponse::Ok().json(view::shown(&pair, version.kind())))
}

/// 200, which golangsdk wants of a PUT.
pub(super) async fn describe(
    admitted: Admitted,
    version: Version,
    request: HttpRequest,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let version = version.named()?;
    let name = admitted.name_in_path()?;
    let body = admitted.json(payload).await?;
    let description = body::description(&body)?;
    state.key_pairs.describe(&admitted.caller, &version.whose(&request)?, &name, description).await?;
    Ok(HttpResponse::Ok().finish())
}

/// 202, as Nova's 2.1 (recorded), of which this version is the extension, and 204 from the microversion on that Nova's has
/// it; the documentation states no status.
pub(super) async fn delete(
    admitted: Admitted,
    version: Version,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let version = version.named()?;
    let name = admitted.name_in_path()?;
    state.key_pairs.delete(&admitted.caller, &admitted.via, &version.whose(&request)?, &name).await?;
    Ok(HttpResponse::build(version.deleted()).finish())
}

/// V2 of KPS copies another user's key pairs into the caller's: nobody takes another's here.
pub(super) async fn copy(_: Admitted) -> Result<HttpResponse, Error> {
    Err(Error::NoCopies)
}
