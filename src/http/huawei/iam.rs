//! What Huawei's clients ask of its identity service with a signature: which project and which domain they are of. Their
//! regions have a project each, by the region's name.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Error;
use super::gate::Admitted;
use super::query;
use crate::auth::{Authentication, DOMAIN_ID, DOMAIN_NAME, Identity};
use crate::domain::{Caller, ProjectId};
use crate::http::State;

#[derive(Serialize, ToSchema)]
pub(super) struct Projects {
    projects: Vec<Project>,
}

#[derive(Serialize, ToSchema)]
struct Project {
    id: String,
    name: String,
    domain_id: &'static str,
    enabled: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Domains {
    domains: [Domain; 1],
}

#[derive(Serialize, ToSchema)]
struct Domain {
    id: &'static str,
    name: &'static str,
    enabled: bool,
}

/// `GET /v3/projects?name=REGION`: the access key's one project. Clients ask by the region that they are set to, whatever it
/// is called here, and use the id of the one project that is answered; the name of another of the user's projects finds none.
pub(super) async fn projects(
    admitted: Admitted,
    request: HttpRequest,
    state: Data<State>,
) -> Result<Json<Projects>, Error> {
    let asked = query::parameter(&request, "name");
    let Admitted { caller, project, .. } = &admitted;
    let name = match &state.authentication {
        Authentication::Embedded(identity) => named(identity, caller, project, asked).await?,
        Authentication::Keystone(_) => Some(asked.unwrap_or_else(|| project.to_string())),
    };
    let project = name.map(|name| Project { id: project.to_string(), name, domain_id: DOMAIN_ID, enabled: true });
    Ok(Json(Projects { projects: project.into_iter().collect() }))
}

/// The project's name, unless what is asked for is another one of the caller's.
async fn named(
    identity: &Identity,
    caller: &Caller,
    project: &ProjectId,
    asked: Option<String>,
) -> Result<Option<String>, Error> {
    if let Some(asked) = asked
        && let Some(other) = identity.project_named(&asked).await?
        && other.id != *project
        && identity.grants_of(&caller.user).await?.iter().any(|grant| grant.is_on(&other.id))
    {
        return Ok(None);
    }
    Ok(identity.project_find(project).await?.map(|own| own.name))
}

/// `GET /v3/auth/domains`: everybody is in the one domain.
pub(super) async fn domains(_: Admitted) -> Result<Json<Domains>, Error> {
    Ok(Json(Domains { domains: [Domain { id: DOMAIN_ID, name: DOMAIN_NAME, enabled: true }] }))
}
