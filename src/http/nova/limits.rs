//! `limits`: what the caller's project may have, in short.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::error::Error;
use super::query::{Query, Target};
use super::{gate, quota_view};
use crate::http::State;

/// A user's own limits do not show here: they are the project's, as in Nova.
pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    admitted.check_project(&request)?;
    let query = Query::read(request.query_string(), Target::Limits, admitted.version)?;
    let project = query.tenant().map_err(Error::from)?;
    let limits = state.quotas.limits(&admitted.caller, project.as_ref()).await?;
    Ok(quota_view::limits(&limits, admitted.version))
}
