//! Kept private keys, one at a time.

use actix_web::HttpResponse;
use actix_web::web::{Data, Payload};

use super::super::error::Error;
use super::super::gate::Admitted;
use super::view;
use crate::http::{State, unstored};

/// `POST …/private-key/export`. In the ledger before it is answered.
pub(in crate::http::huawei) async fn export(
    admitted: Admitted,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let wish = view::export(&admitted.json(payload).await?)?;
    let exported = state.key_pairs.export(&admitted.caller, &admitted.via, wish).await?;
    let released = exported.into_iter().next().map(view::exported);
    Ok(unstored::answer(HttpResponse::Ok()).json(released))
}

/// `POST …/private-key/import`. Whatever was kept before is replaced.
pub(in crate::http::huawei) async fn import(
    admitted: Admitted,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let wish = view::import(&admitted.json(payload).await?)?;
    let pair = state.key_pairs.import_into(&admitted.caller, &admitted.via, wish).await?;
    Ok(HttpResponse::Ok().json(view::imported(&pair)))
}

/// `DELETE …/{keypair_name}/private-key`: an empty 200, as documented.
pub(in crate::http::huawei) async fn clear(admitted: Admitted, state: Data<State>) -> Result<HttpResponse, Error> {
    let name = admitted.name_in_path()?;
    state.key_pairs.clear(&admitted.caller, &admitted.via, &name).await.map_err(Error::in_clear)?;
    Ok(HttpResponse::Ok().finish())
}
