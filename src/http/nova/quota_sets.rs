//! `os-quota-sets`: the limits of a project, and of a user in it.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{Error, Told};
use super::gate::{self, Admitted};
use super::query::{Query, Target};
use super::{answer, quota_schema, quota_view};
use crate::domain::{Limits, ProjectId, UserId};
use crate::http::{State, credentials};
use crate::service::QuotaAction;

pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let (asked, limits) = look(&request, &state, QuotaAction::Show).await?;
    Ok(quota_view::shown(asked.project.as_str(), &limits, asked.admitted.version))
}

pub(super) async fn detail(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let (asked, limits) = look(&request, &state, QuotaAction::Detail).await?;
    Ok(quota_view::detailed(asked.project.as_str(), &limits, asked.admitted.version))
}

/// The query is not looked at.
pub(super) async fn defaults(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    admitted.check_project(&request)?;
    let project = project_in_path(&request)?;
    let projects = credentials::projects(&request, &state);
    let limits = state.quotas.defaults(&admitted.caller, &project, &projects).await?;
    Ok(quota_view::shown(project.as_str(), &limits, admitted.version))
}

pub(super) async fn update(request: HttpRequest, payload: Payload, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    let body = gate::json(&request, payload).await?;
    let asked = Asked::read(&request, admitted)?;
    let change = quota_schema::update_body(&body, asked.admitted.version)?;
    let projects = credentials::projects(&request, &state);
    let Asked { admitted: Admitted { caller, version, via: _ }, project, user } = &asked;
    let limits = state.quotas.update(caller, project, user.as_ref(), change, &projects).await?;
    Ok(quota_view::updated(&limits, *version))
}

/// 202 at every version (recorded).
pub(super) async fn delete(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let asked = Asked::read(&request, gate::admit(&request, &state).await?)?;
    state.quotas.delete(&asked.admitted.caller, &asked.project, asked.user.as_ref()).await?;
    Ok(HttpResponse::Accepted().content_type(answer::JSON).finish())
}

/// Whose limits a request is about.
struct Asked {
    admitted: Admitted,
    project: ProjectId,
    user: Option<UserId>,
}

impl Asked {
    fn read(request: &HttpRequest, admitted: Admitted) -> Result<Self, Error> {
        admitted.check_project(request)?;
        let query = Query::read(request.query_string(), Target::QuotaSet, admitted.version)?;
        let user = query.user().map_err(Error::from)?;
        Ok(Self { project: project_in_path(request)?, user, admitted })
    }
}

async fn look(request: &HttpRequest, state: &State, action: QuotaAction) -> Result<(Asked, Limits), Error> {
    let asked = Asked::read(request, gate::admit(request, state).await?)?;
    let Asked { admitted, project, user } = &asked;
    let projects = credentials::projects(request, state);
    let limits = state.quotas.show(&admitted.caller, action, project, user.as_ref(), &projects).await?;
    Ok((asked, limits))
}

fn project_in_path(request: &HttpRequest) -> Result<ProjectId, Error> {
    let id = request.match_info().query("id");
    ProjectId::parse(id).map_err(|_| Error::NoSuchProject(Told(id.to_owned())))
}
