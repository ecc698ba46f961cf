//! The reads that clients make beside logins: who am I, what may I use, what is behind this name.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::call::Call;
use super::error::Error;
use super::query::{self, Assigned, Named};
use super::token_view::catalog as services;
use super::view::{Assignment, DomainBody, Items, List, One, ProjectBody, UserBody, Whole, WholeItems};
use crate::auth::{DOMAIN_ID, DOMAIN_NAME, Identity};
use crate::domain::{GrantTarget, Project, ProjectId, Scope, UserId};

/// `GET /v3/auth/catalog`: what the token's own catalog says; an unscoped token has none (recorded: 403).
pub(super) async fn catalog(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    if caller.scope == Scope::Unscoped {
        return Err(Error::Forbidden("identity:get_auth_catalog"));
    }
    let urls = call.urls();
    let services = WholeItems::Catalog(services(&urls, &call.state.region));
    Ok(HttpResponse::Ok().json(Whole::new(services, &urls, "/auth/catalog")))
}

/// `GET /v3/auth/projects`: the enabled projects on which the caller has a role.
pub(super) async fn own_projects(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let projects = projects_with_role(&call.identity, &caller.user).await?;
    Ok(list_projects(&call, &projects, "/auth/projects"))
}

/// `GET /v3/auth/domains`: the one domain, if the caller has a role on it.
pub(super) async fn own_domains(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let has_role = has_role_on(&call.identity, &caller.user, &GrantTarget::Domain).await?;
    let urls = call.urls();
    let domains = has_role.then(|| DomainBody::ours(&urls)).into_iter().collect();
    Ok(HttpResponse::Ok().json(List::new(Items::Domains(domains), &urls, "/auth/domains")))
}

/// `GET /v3/auth/system`
pub(super) async fn own_system(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let has_role = has_role_on(&call.identity, &caller.user, &GrantTarget::System).await?;
    let urls = call.urls();
    Ok(HttpResponse::Ok().json(Whole::new(Whole::systems(has_role), &urls, "/auth/system")))
}

/// `GET /v3/projects`: all for an administrator. Others see those on which they have a role (Keystone: 403): Huawei's
/// clients look up the project of a region here, with nothing but a user's rights.
pub(super) async fn projects(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let filter: Named = query::read(&call.request)?;
    let mut projects = if caller.is_admin() {
        call.identity.projects_list().await?
    } else {
        projects_with_role(&call.identity, &caller.user).await?
    };
    projects.retain(|project| filter.takes(&project.name));
    Ok(list_projects(&call, &projects, &asked("/projects", &call.request)))
}

/// `GET /v3/projects/{id}`: the token's own project, or any for an administrator.
pub(super) async fn project(call: Call, id: Path<String>) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    let is_own = caller.project().is_some_and(|project| project.as_str() == *id);
    require(is_own || caller.is_admin(), "identity:get_project")?;
    let found = match ProjectId::parse(&id) {
        Ok(id) => call.identity.project_find(&id).await?,
        Err(_) => None,
    };
    let project = found.ok_or_else(|| Error::NotFound { what: "project", id: id.into_inner() })?;
    Ok(HttpResponse::Ok().json(One::Project(ProjectBody::of(&project, &call.urls()))))
}

/// `GET /v3/users`: for an administrator.
pub(super) async fn users(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    require(caller.is_admin(), "identity:list_users")?;
    let filter: Named = query::read(&call.request)?;
    let users = call.identity.users_list().await?;
    let urls = call.urls();
    let shown = users.iter().filter(|user| filter.takes(&user.name)).map(|user| UserBody::of(user, &urls)).collect();
    Ok(HttpResponse::Ok().json(List::new(Items::Users(shown), &urls, &asked("/users", &call.request))))
}

/// `GET /v3/users/{id}`: oneself, or anybody for an administrator.
pub(super) async fn user(call: Call, id: Path<String>) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    require(caller.user.as_str() == *id || caller.is_admin(), "identity:get_user")?;
    let found = match UserId::parse(&id) {
        Ok(id) => call.identity.user_find(&id).await?,
        Err(_) => None,
    };
    let user = found.ok_or_else(|| Error::NotFound { what: "user", id: id.into_inner() })?;
    Ok(HttpResponse::Ok().json(One::User(UserBody::of(&user, &call.urls()))))
}

/// `GET /v3/users/{id}/projects`: one's own, or anybody's for an administrator.
pub(super) async fn projects_of_user(call: Call, id: Path<String>) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    require(caller.user.as_str() == *id || caller.is_admin(), "identity:list_user_projects")?;
    let projects = match UserId::parse(&id) {
        Ok(id) => projects_with_role(&call.identity, &id).await?,
        Err(_) => Vec::new(),
    };
    Ok(list_projects(&call, &projects, &format!("/users/{id}/projects")))
}

/// `GET /v3/domains`: for an administrator.
pub(super) async fn domains(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    require(caller.is_admin(), "identity:list_domains")?;
    let filter: Named = query::read(&call.request)?;
    let urls = call.urls();
    let domains = filter.takes(DOMAIN_NAME).then(|| DomainBody::ours(&urls)).into_iter().collect();
    Ok(HttpResponse::Ok().json(List::new(Items::Domains(domains), &urls, &asked("/domains", &call.request))))
}

/// `GET /v3/domains/{id}`: there is one, and everybody is in it.
pub(super) async fn domain(call: Call, id: Path<String>) -> Result<HttpResponse, Error> {
    call.caller().await?;
    if *id != DOMAIN_ID {
        return Err(Error::NotFound { what: "domain", id: id.into_inner() });
    }
    Ok(HttpResponse::Ok().json(One::Domain(DomainBody::ours(&call.urls()))))
}

/// `GET /v3/role_assignments`: for an administrator; `openstack keypair list --project` asks for it.
pub(super) async fn role_assignments(call: Call) -> Result<HttpResponse, Error> {
    let caller = call.caller().await?;
    require(caller.is_admin(), "identity:list_role_assignments")?;
    let filter: Assigned = query::read(&call.request)?;
    let grants = call.identity.grants_list().await?;
    let urls = call.urls();
    let shown = grants.iter().filter(|grant| filter.takes(grant)).map(|grant| Assignment::of(grant, &urls)).collect();
    let list = List::new(Items::RoleAssignments(shown), &urls, &asked("/role_assignments", &call.request));
    Ok(HttpResponse::Ok().json(list))
}

fn require(holds: bool, action: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Forbidden(action)) }
}

async fn projects_with_role(identity: &Identity, user: &UserId) -> Result<Vec<Project>, Error> {
    let grants = identity.grants_of(user).await?;
    let mut projects = identity.projects_list().await?;
    projects.retain(|project| project.enabled && grants.iter().any(|grant| grant.is_on(&project.id)));
    Ok(projects)
}

async fn has_role_on(identity: &Identity, user: &UserId, target: &GrantTarget) -> Result<bool, Error> {
    Ok(identity.grants_of(user).await?.iter().any(|grant| grant.target == *target))
}

fn list_projects(call: &Call, projects: &[Project], asked: &str) -> HttpResponse {
    let urls = call.urls();
    let shown = projects.iter().map(|project| ProjectBody::of(project, &urls)).collect();
    HttpResponse::Ok().json(List::new(Items::Projects(shown), &urls, asked))
}

/// The path with the query as it came, which Keystone repeats in `links` (recorded).
fn asked(path: &str, request: &HttpRequest) -> String {
    match request.query_string() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
