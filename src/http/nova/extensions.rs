//! `extensions`: what there is beyond Nova's first API. Nova's list has been frozen since microversions came; clients look
//! in it for what kind of service this is.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Error;
use super::extension_list::{EXTENSIONS, FROZEN_ALONE};
use super::microversion::Microversion;
use super::query::{Query, Target};
use super::{answer, gate};
use crate::http::State;
use crate::service::may_see_extensions;

#[derive(Serialize, ToSchema)]
struct Extension {
    alias: &'static str,
    description: &'static str,
    #[schema(value_type = Vec<String>, max_items = 0)]
    links: [(); 0],
    name: &'static str,
    namespace: &'static str,
    updated: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct List {
    extensions: Vec<Extension>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct One {
    extension: Extension,
}

pub(super) async fn list(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let version = admit(&request, &state).await?;
    let list = List { extensions: extensions(version).collect() };
    Ok(answer::json(HttpResponse::Ok(), answer::JSON, &list))
}

pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let version = admit(&request, &state).await?;
    let alias = request.match_info().query("alias");
    let extension = extensions(version).find(|extension| extension.alias == alias).ok_or(Error::NoSuchExtension)?;
    Ok(answer::json(HttpResponse::Ok(), answer::JSON, &One { extension }))
}

async fn admit(request: &HttpRequest, state: &State) -> Result<Microversion, Error> {
    let admitted = gate::admit(request, state).await?;
    admitted.check_project(request)?;
    Query::read(request.query_string(), Target::Extensions, admitted.version)?;
    if may_see_extensions(&admitted.caller) { Ok(admitted.version) } else { Err(Error::NotAllowed("extensions")) }
}

/// The namespace and the time are the same for all, as in Nova.
fn extensions(version: Microversion) -> impl Iterator<Item = Extension> {
    let is_listed = move |alias| version == Microversion::FROZEN || alias != FROZEN_ALONE;
    let listed = EXTENSIONS.into_iter().filter(move |(alias, ..)| is_listed(*alias));
    listed.map(|(alias, name, description)| Extension {
        alias,
        description,
        links: [],
        name,
        namespace: "http://docs.openstack.org/compute/ext/fake_xml",
        updated: "2014-12-03T00:00:00Z",
    })
}
