//! KPS V3: kept private keys, by a token. They are the user's own key pair's or, where there is none of that name, the
//! project's.

mod view;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Payload};

use super::error::Error;
use super::gate::Admitted;
use super::view::name_in_path;
use crate::http::{State, unstored};

/// `POST …/private-key/export`. In the ledger before it is answered.
pub(super) async fn export(admitted: Admitted, state: Data<State>, payload: Payload) -> Result<HttpResponse, Error> {
    let wish = view::export(&admitted.json(payload).await?)?;
    let exported = state.key_pairs.export(&admitted.caller, &admitted.via, wish).await?;
    Ok(unstored::answer(HttpResponse::Ok()).json(view::exported(exported)))
}

/// `POST …/private-key/import`. Whatever was kept before is replaced.
pub(super) async fn import(admitted: Admitted, state: Data<State>, payload: Payload) -> Result<HttpResponse, Error> {
    let wish = view::import(&admitted.json(payload).await?)?;
    let pair = state.key_pairs.import_into(&admitted.caller, &admitted.via, wish).await?;
    Ok(HttpResponse::Ok().json(view::imported(&pair)))
}

/// `DELETE …/{keypair_name}/private-key`: an empty 200, as documented.
pub(super) async fn clear(
    admitted: Admitted,
    state: Data<State>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let name = name_in_path(&path.1)?;
    state.key_pairs.clear(&admitted.caller, &admitted.via, &name).await?;
    Ok(HttpResponse::Ok().finish())
}
