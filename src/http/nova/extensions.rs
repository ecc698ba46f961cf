//! `extensions`: what there is beyond Nova's first API. Nova's own list has been frozen since microversions came, and names
//! what is long gone; this one names what is answered here.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::answer;
use super::error::Error;
use super::gate::{self, Admitted};
use crate::http::State;

#[derive(Clone, Copy, Serialize)]
struct Extension {
    alias: &'static str,
    description: &'static str,
    links: [(); 0],
    name: &'static str,
    namespace: &'static str,
    updated: &'static str,
}

/// By alias.
const EXTENSIONS: [Extension; 7] = [
    extension("os-extended-quotas", "ExtendedQuotas", "Quotas can be deleted, and changed by force."),
    extension("os-keypairs", "Keypairs", "Key pairs for SSH and X.509."),
    extension("os-quota-class-sets", "QuotaClasses", "The default quotas can be changed."),
    extension("os-quota-sets", "Quotas", "Quotas of projects."),
    extension("os-used-limits", "UsedLimits", "Limits show what is used of them."),
    extension("os-used-limits-for-admin", "UsedLimitsForAdmin", "Administrators see the limits of any project."),
    extension("os-user-quotas", "UserQuotas", "Quotas of users in a project."),
];

/// The namespace and the time are the same for all, as in Nova.
const fn extension(alias: &'static str, name: &'static str, description: &'static str) -> Extension {
    Extension {
        alias,
        description,
        links: [],
        name,
        namespace: "http://docs.openstack.org/compute/ext/fake_xml",
        updated: "2014-12-03T00:00:00Z",
    }
}

#[derive(Serialize)]
struct List {
    extensions: [Extension; EXTENSIONS.len()],
}

#[derive(Serialize)]
struct One {
    extension: Extension,
}

pub(super) async fn list(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    admit(&request, &state).await?;
    Ok(answer::json(HttpResponse::Ok(), answer::JSON, &List { extensions: EXTENSIONS }))
}

pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    admit(&request, &state).await?;
    let alias = request.match_info().query("alias");
    let extension = EXTENSIONS.into_iter().find(|extension| extension.alias == alias).ok_or(Error::NoSuchExtension)?;
    Ok(answer::json(HttpResponse::Ok(), answer::JSON, &One { extension }))
}

/// Any valid token will do.
async fn admit(request: &HttpRequest, state: &State) -> Result<Admitted, Error> {
    let admitted = gate::admit(request, state).await?;
    admitted.check_project(request)?;
    Ok(admitted)
}
