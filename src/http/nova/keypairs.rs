//! The four operations on key pairs.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;

use super::error::{About, Error, Told};
use super::gate::{self, Admitted};
use super::query::{Query, Target};
use super::{schema, view};
use crate::domain::{Error as DomainError, KeyKind, KeyPairName, UserId};
use crate::http::State;
use crate::http::base_url::base_url;
use crate::service::Whose;

pub(super) async fn create(request: HttpRequest, payload: Payload, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    let body = gate::json(&request, payload).await?;
    admitted.check_project(&request)?;
    let body = schema::create_body(&body, admitted.version)?;
    let whose = view::owner_of_new(&body).map_err(Error::from)?;
    let about = About::new(&admitted.caller, &whose, body.kind);
    let new = view::new_key_pair(&body, whose).map_err(|error| about.clone().refuse(error))?;
    let Admitted { caller, via, version } = &admitted;
    let created = state.key_pairs.create(caller, via, new).await.map_err(|error| about.refuse(error))?;
    Ok(view::created(created, *version))
}

pub(super) async fn list(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let admitted = gate::admit(&request, &state).await?;
    admitted.check_project(&request)?;
    let query = Query::read(request.query_string(), Target::List, admitted.version)?;
    let whose = query.whose().map_err(Error::from)?;
    let about = About::new(&admitted.caller, &whose, KeyKind::Ssh);
    let page = query.page().map_err(|error| about.clone().refuse(error))?;
    let pairs = state.key_pairs.list(&admitted.caller, &whose, &page).await.map_err(|error| about.refuse(error))?;
    let next = query.next_page(&pairs).map(|query| next_url(&request, &state, &query));
    Ok(view::listed(&pairs, next, admitted.version))
}

pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let Named { admitted, whose, about, name } = named(&request, &state).await?;
    let pair = state.key_pairs.find(&admitted.caller, &whose, &name).await.map_err(|error| about.refuse(error))?;
    Ok(view::shown(&pair, admitted.version))
}

pub(super) async fn delete(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let Named { admitted, whose, about, name } = named(&request, &state).await?;
    let Admitted { caller, via, version } = &admitted;
    state.key_pairs.delete(caller, via, &whose, &name).await.map_err(|error| about.refuse(error))?;
    Ok(view::deleted(*version))
}

/// A request about one key pair.
struct Named {
    admitted: Admitted,
    whose: Whose,
    about: About,
    name: KeyPairName,
}

async fn named(request: &HttpRequest, state: &State) -> Result<Named, Error> {
    let admitted = gate::admit(request, state).await?;
    admitted.check_project(request)?;
    let query = Query::read(request.query_string(), Target::KeyPair, admitted.version)?;
    let whose = query.whose().map_err(Error::from)?;
    let about = About::new(&admitted.caller, &whose, KeyKind::Ssh);
    let name = name_in_path(request, about.user())?;
    Ok(Named { admitted, whose, about, name })
}

/// The name at the end of the path, decoded once. What cannot be a name names nothing; but a NUL, which makes a Nova
/// answer 500, is refused.
fn name_in_path(request: &HttpRequest, user: &UserId) -> Result<KeyPairName, Error> {
    let raw = request.uri().path().rsplit('/').next().unwrap_or_default();
    let bytes: Vec<u8> = percent_decode_str(raw).collect();
    // Bytes that are no UTF-8 are read as Latin-1, in which Python's web servers read all paths (recorded).
    let name =
        String::from_utf8(bytes).unwrap_or_else(|bytes| bytes.as_bytes().iter().map(|&b| char::from(b)).collect());
    if name.contains('\0') {
        let reason = "must not contain NUL".to_owned();
        return Err(DomainError::Invalid { field: "name", reason }.into());
    }
    KeyPairName::parse(&name).map_err(|_| Error::NoSuchName { name: Told(name), user: user.clone() })
}

/// The address of a list's next page: the path of this one, as far as it was given, with `query`.
fn next_url(request: &HttpRequest, state: &State, query: &str) -> String {
    let project = request.match_info().get("project_id").map(|project| format!("/{project}")).unwrap_or_default();
    format!("{}/v2.1{project}/os-keypairs?{query}", base_url(request, &state.settings))
}
