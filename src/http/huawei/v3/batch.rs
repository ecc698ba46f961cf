//! Several key pairs in one request.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpResponse, ResponseError};

use super::super::error::Error;
use super::super::gate::Admitted;
use super::{archive, view};
use crate::domain;
use crate::http::{State, unstored};
use crate::service::{Export, NewKeyPair};
use crate::ssh::ExportForm;

/// `POST …/keypairs/batch-import`: one after the other; what is wrong with one of them stops no other. But where something is
/// not to be had just now, the rest is not tried: each could wait as long again.
pub(in crate::http::huawei) async fn import(
    admitted: Admitted,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let body = admitted.json(payload).await?;
    let mut imported = view::BatchImported::default();
    let mut over = None;
    for view::Import { name, wish } in view::batch_import(&body, &admitted)? {
        if let Some(error) = &over {
            imported.failed(&name, error);
            continue;
        }
        match import_one(&admitted, &state, wish).await {
            Ok(pair) => imported.succeeded(&pair),
            Err(error) if !error.status_code().is_server_error() => imported.failed(&name, &error),
            // Nothing was stored: the whole batch can be sent again.
            Err(error) if imported.is_empty() => return Err(error),
            Err(error) => {
                tracing::error!(cause = ?error, "a batch import ends early: {error}");
                imported.failed(&name, &error);
                over = Some(error);
            }
        }
    }
    Ok(HttpResponse::Ok().json(imported))
}

async fn import_one(
    admitted: &Admitted,
    state: &State,
    wish: domain::Result<NewKeyPair>,
) -> Result<domain::KeyPair, Error> {
    let created = state.key_pairs.create(&admitted.caller, &admitted.via, wish?).await.map_err(Error::in_v3)?;
    Ok(created.pair)
}

/// `POST …/keypairs/private-key/batch-export`: a zip archive of all of them, or nothing. In the ledger before it is answered.
pub(in crate::http::huawei) async fn export(
    admitted: Admitted,
    state: Data<State>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let names = view::batch_export(&admitted.json(payload).await?)?;
    let wish = Export { names, form: ExportForm::AsKept };
    let exported = state.key_pairs.export(&admitted.caller, &admitted.via, wish).await?;
    let archive = archive::zip(&exported)?;
    let mut answer = unstored::answer(HttpResponse::Ok());
    answer.insert_header((CONTENT_TYPE, "application/zip"));
    answer.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"keypairs.zip\""));
    Ok(answer.body(archive))
}
