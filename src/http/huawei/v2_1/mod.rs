//! KPS V2.1. This version knows no scope: what it makes, deletes and describes is the user's own; what it reads may
//! also be the project's. A repeated DELETE thus never takes a project's key pair of the same name.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Payload};

use super::error::Error;
use super::gate::Admitted;
use super::view;
use crate::domain::Page;
use crate::http::{State, unstored};
use crate::service::Whose;

/// The list has no pages in this version, so it is asked for whole: no owner's limit can be larger.
const WHOLE: Page = Page { limit: u32::MAX as usize, marker: None };

/// `(project_id, keypair_name)`
type PairPath = Path<(String, String)>;

/// Not to be stored on the way: most of these answers carry a private key.
pub(super) async fn create(admitted: Admitted, state: Data<State>, payload: Payload) -> Result<HttpResponse, Error> {
    let new = view::new_key_pair(&admitted.json(payload).await?)?;
    let created = state.key_pairs.create(&admitted.caller, &admitted.via, new).await?;
    Ok(unstored::answer(HttpResponse::Ok()).json(view::created(created)))
}

pub(super) async fn list(admitted: Admitted, state: Data<State>) -> Result<HttpResponse, Error> {
    let pairs = state.key_pairs.list(&admitted.caller, &Whose::Callers, &WHOLE).await?;
    Ok(HttpResponse::Ok().json(view::listed(&pairs)))
}

pub(super) async fn show(admitted: Admitted, state: Data<State>, path: PairPath) -> Result<HttpResponse, Error> {
    let name = view::name_in_path(&path.1)?;
    let pair = state.key_pairs.find(&admitted.caller, &Whose::Callers, &name).await?;
    Ok(HttpResponse::Ok().json(view::shown(&pair)))
}

/// 200, which golangsdk wants of a PUT.
pub(super) async fn describe(
    admitted: Admitted,
    state: Data<State>,
    path: PairPath,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let name = view::name_in_path(&path.1)?;
    let body = admitted.json(payload).await?;
    let description = view::description(&body)?;
    state.key_pairs.describe(&admitted.caller, &Whose::Callers, &name, description).await?;
    Ok(HttpResponse::Ok().finish())
}

/// 202, as Nova's 2.1 (recorded), of which this version is the extension; the documentation states no status.
pub(super) async fn delete(admitted: Admitted, state: Data<State>, path: PairPath) -> Result<HttpResponse, Error> {
    let name = view::name_in_path(&path.1)?;
    state.key_pairs.delete(&admitted.caller, &admitted.via, &Whose::Callers, &name).await?;
    Ok(HttpResponse::Accepted().finish())
}
