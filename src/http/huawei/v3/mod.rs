//! KPS V3: key pairs of the user or of the project, by `scope`. What names one means the user's own or, where there is none
//! of that name, the project's.

mod archive;
pub(super) mod batch;
pub(super) mod private_keys;
pub(super) mod servers;
pub(super) mod view;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::Error;
use super::gate::Admitted;
use super::view::{Kind, created};
use super::{body, query};
use crate::domain::{Marker, Page};
use crate::http::{State, unstored};
use crate::service::Whose;

/// `POST …/keypairs`. Not to be stored on the way: most of these answers carry a private key.
pub(super) async fn create(admitted: Admitted, state: Data<State>, payload: Payload) -> Result<HttpResponse, Error> {
    let new = view::new_key_pair(&admitted.json(payload).await?, &admitted)?;
    let made = state.key_pairs.create(&admitted.caller, &admitted.via, new).await.map_err(Error::in_v3)?;
    Ok(unstored::answer(HttpResponse::Ok()).json(created(made, Kind::Told)))
}

/// `GET …/keypairs`: a page, and where the next one begins; nothing there ends a client's loop.
pub(super) async fn list(admitted: Admitted, request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let (limit, marker) = (query::limit(&request)?, query::marker(&request)?);
    // One more than asked for tells whether there is a next page.
    let page = Page { limit: limit + 1, marker: marker.clone().map(Marker::Place) };
    let pairs = state.key_pairs.list(&admitted.caller, &Whose::Callers, &page).await?;
    Ok(HttpResponse::Ok().json(view::listed(&pairs, limit, marker.as_ref())))
}

/// `GET …/keypairs/{keypair_name}`
pub(super) async fn show(admitted: Admitted, state: Data<State>) -> Result<HttpResponse, Error> {
    let name = admitted.name_in_path()?;
    let pair = state.key_pairs.find(&admitted.caller, &Whose::Callers, &name).await?;
    let kek = state.key_pairs.kek_of(&pair).await?;
    Ok(HttpResponse::Ok().json(view::shown(&pair, kek.as_ref())))
}

/// `PUT …/keypairs/{keypair_name}`: 200, which golangsdk wants of a PUT.
pub(super) async fn describe(admitted: Admitted, state: Data<State>, payload: Payload) -> Result<HttpResponse, Error> {
    let name = admitted.name_in_path()?;
    let body = admitted.json(payload).await?;
    state.key_pairs.describe_seen(&admitted.caller, &name, body::description(&body)?).await?;
    Ok(HttpResponse::Ok().finish())
}

/// `DELETE …/keypairs/{keypair_name}`: an empty 204, as documented.
pub(super) async fn delete(admitted: Admitted, state: Data<State>) -> Result<HttpResponse, Error> {
    let name = admitted.name_in_path()?;
    state.key_pairs.delete_seen(&admitted.caller, &admitted.via, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}
