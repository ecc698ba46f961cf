//! The embedded identity as clients of Keystone v3 see it: login, catalog, and the few reads that they make.

mod call;
mod description;
mod error;
mod login;
mod query;
mod reads;
mod token_view;
mod tokens;
mod versions;
mod view;

use std::future::ready;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::{Any, Get, Head};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, VARY, WWW_AUTHENTICATE};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};

pub use self::description::describe;
use super::{State, request_id};
use crate::auth::Identity;
use error::Error;
use view::Urls;

const X_AUTH_TOKEN: HeaderValue = HeaderValue::from_static("X-Auth-Token");
const REQUEST_ID: &str = "x-openstack-request-id";
const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// Mounts Keystone below `/identity` and, for Huawei's clients, whose IAM has no prefix, logins and projects below `/v3`
/// too. To be mounted before what takes any project id there.
pub fn routes(config: &mut ServiceConfig, identity: &Identity) {
    config.app_data(Data::new(identity.clone()));
    config
        .service(web::scope("/v3/auth").wrap(from_fn(as_keystone)).configure(below_auth).default_service(not_found()));
    config.service(
        resource("/v3/projects", "GET, HEAD, OPTIONS").wrap(from_fn(as_keystone)).route(get().to(reads::projects)),
    );
    config.service(
        web::scope("/identity")
            .wrap(from_fn(as_keystone))
            .service(resource("", "GET, HEAD, OPTIONS").route(get().to(versions::choices)))
            .service(resource("/v3", "GET, HEAD, OPTIONS").route(get().to(versions::v3)))
            .service(web::scope("/v3/auth").configure(below_auth).default_service(not_found()))
            .service(web::scope("/v3").configure(below_v3).default_service(not_found()))
            .default_service(not_found()),
    );
}

/// Where users are a Keystone's, the same paths say where that is.
pub fn routes_elsewhere(config: &mut ServiceConfig, login_url: &str) {
    for paths in
        [["/v3/auth", "/v3/auth/{rest:.*}"], ["/v3/projects", "/v3/projects/"], ["/identity", "/identity/{rest:.*}"]]
    {
        let login_url = login_url.to_owned();
        let elsewhere = move || ready(Err::<HttpResponse, _>(Error::Elsewhere { login_url: login_url.clone() }));
        config.service(web::resource(paths).wrap(from_fn(as_keystone)).default_service(web::to(elsewhere)));
    }
}

fn below_auth(config: &mut ServiceConfig) {
    config.service(
        resource("/tokens", "GET, HEAD, DELETE, OPTIONS, POST")
            .route(web::post().to(tokens::create))
            .route(get().to(tokens::show))
            .route(web::delete().to(tokens::delete)),
    );
    config.service(reading("/catalog").route(get().to(reads::catalog)));
    config.service(reading("/projects").route(get().to(reads::own_projects)));
    config.service(reading("/domains").route(get().to(reads::own_domains)));
    config.service(reading("/system").route(get().to(reads::own_system)));
}

fn below_v3(config: &mut ServiceConfig) {
    config.service(reading("/projects").route(get().to(reads::projects)));
    config.service(reading("/projects/{id}").route(get().to(reads::project)));
    config.service(reading("/users").route(get().to(reads::users)));
    config.service(reading("/users/{id}").route(get().to(reads::user)));
    config.service(reading("/users/{id}/projects").route(get().to(reads::projects_of_user)));
    config.service(reading("/domains").route(get().to(reads::domains)));
    config.service(reading("/domains/{id}").route(get().to(reads::domain)));
    config.service(reading("/role_assignments").route(get().to(reads::role_assignments)));
}

fn reading(path: &str) -> Resource {
    resource(path, "GET, HEAD, OPTIONS")
}

/// A path with or without a final slash, as Keystone takes both (recorded), and its answer to other methods.
fn resource(path: &str, allow: &'static str) -> Resource {
    let not_allowed = move || ready(Err::<HttpResponse, _>(Error::MethodNotAllowed { allow }));
    web::resource([path.to_owned(), format!("{path}/")]).default_service(web::to(not_allowed))
}

fn get() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

fn not_found() -> Route {
    web::to(|| ready(Err::<HttpResponse, _>(Error::NoSuchPath)))
}

/// The headers that every answer of Keystone has, refusals included (recorded).
async fn as_keystone<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut answer = next.call(request).await?;
    let request = answer.request().clone();
    let headers = answer.headers_mut();
    headers.insert(VARY, X_AUTH_TOKEN);
    request_id::write(&request, headers, &[REQUEST_ID]);
    if answer.status() == StatusCode::UNAUTHORIZED {
        let challenge = request.app_data::<Data<State>>().map(|state| Urls::of(&request, state).challenge());
        if let Some(Ok(challenge)) = challenge.map(HeaderValue::try_from) {
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
    }
    Ok(answer)
}
