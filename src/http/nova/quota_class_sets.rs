//! `os-quota-class-sets`: named sets of limits. Those of `default` hold for everybody for whom nothing else was set.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::Error;
use super::{gate, quota_schema, quota_view};
use crate::domain::QuotaClass;
use crate::http::State;

pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    admitted.check_project(&request)?;
    let class = class_in_path(&request)?;
    let limits = state.quotas.class(&admitted.caller, &class).await?;
    Ok(quota_view::class(Some(class.as_str()), &limits, admitted.version))
}

pub(super) async fn update(request: HttpRequest, payload: Payload, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    let body = gate::json(&request, payload).await?;
    admitted.check_project(&request)?;
    let class = class_in_path(&request)?;
    let limits = quota_schema::class_body(&body, admitted.version)?;
    let limits = state.quotas.update_class(&admitted.caller, &class, limits).await?;
    Ok(quota_view::class(None, &limits, admitted.version))
}

fn class_in_path(request: &HttpRequest) -> Result<QuotaClass, Error> {
    QuotaClass::parse(request.match_info().query("id")).map_err(Error::from)
}
