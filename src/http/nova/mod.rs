//! OpenStack Nova: key pairs and quotas of its API 2.1 in every microversion, and of the frozen API 2.0.

mod answer;
mod description;
mod error;
mod extension_list;
mod extensions;
mod gate;
mod keypairs;
mod limits;
mod microversion;
mod name;
mod python;
mod query;
mod quota_class_sets;
mod quota_error;
mod quota_schema;
mod quota_sets;
mod quota_view;
mod schema;
mod versions;
mod view;

use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError};

pub use self::description::describe;
use self::error::Error;
use self::microversion::name_version;
use super::State;

/// The list of key pairs. A project's id is lower-case hex and dashes; other segments are no project here (recorded).
const LIST: [&str; 4] = [
    "/v2.1/os-keypairs",
    "/v2.1/{project_id:[0-9a-f-]+}/os-keypairs",
    "/v2/os-keypairs",
    "/v2/{project_id:[0-9a-f-]+}/os-keypairs",
];

/// One key pair.
const KEY_PAIR: [&str; 4] = [
    "/v2.1/os-keypairs/{name}",
    "/v2.1/{project_id:[0-9a-f-]+}/os-keypairs/{name}",
    "/v2/os-keypairs/{name}",
    "/v2/{project_id:[0-9a-f-]+}/os-keypairs/{name}",
];

/// Both APIs, with and without the project in the path: what all further paths begin with.
const PREFIXES: [&str; 4] = ["/v2.1", "/v2.1/{project_id:[0-9a-f-]+}", "/v2", "/v2/{project_id:[0-9a-f-]+}"];

/// A resource below each of the prefixes.
fn resource(path: &str) -> Resource {
    web::resource(PREFIXES.map(|prefix| format!("{prefix}{path}")).to_vec()).default_service(web::to(unknown))
}

fn quota_routes(config: &mut ServiceConfig) {
    let quota_set = resource("/os-quota-sets/{id}")
        .route(web::get().to(quota_sets::show))
        .route(web::put().to(quota_sets::update))
        .route(web::delete().to(quota_sets::delete));
    let detail = resource("/os-quota-sets/{id}/detail").route(web::get().to(quota_sets::detail));
    let defaults = resource("/os-quota-sets/{id}/defaults").route(web::get().to(quota_sets::defaults));
    let class = resource("/os-quota-class-sets/{id}")
        .route(web::get().to(quota_class_sets::show))
        .route(web::put().to(quota_class_sets::update));
    let limits = resource("/limits").route(web::get().to(limits::show));
    let extensions = resource("/extensions").route(web::get().to(extensions::list));
    let extension = resource("/extensions/{alias}").route(web::get().to(extensions::show));
    for resource in [quota_set, detail, defaults, class, limits, extensions, extension] {
        config.service(resource.wrap(from_fn(name_version)));
    }
}

/// Nova's paths, and what Nova says of all that no dialect has taken: those below `/v2.1` and `/v2`, and all others.
pub fn routes(config: &mut ServiceConfig) {
    let list = web::resource(LIST)
        .route(web::get().to(keypairs::list))
        .route(web::post().to(keypairs::create))
        .default_service(web::to(unknown))
        .wrap(from_fn(name_version));
    let key_pair = web::resource(KEY_PAIR)
        .route(web::get().guard(fn_guard(ends_in_a_name)).to(keypairs::show))
        .route(web::delete().guard(fn_guard(ends_in_a_name)).to(keypairs::delete))
        .default_service(web::to(unknown))
        .wrap(from_fn(name_version));
    let by_media_type = web::resource("/").guard(fn_guard(versions::asks_for_current)).to(versions::current);
    let current = ["/v2.1", "/v2.1/"];
    let of_project = "/v2.1/{project_id:[0-9a-f-]+}/";
    let below = ["/v2.1/{rest:.*}", "/v2/{rest:.*}"];
    config
        .service(list)
        .service(key_pair)
        .configure(quota_routes)
        .service(by_media_type.wrap(from_fn(name_version)))
        .service(web::resource("/").to(versions::list))
        .service(web::resource(current).to(versions::current).wrap(from_fn(name_version)))
        .service(web::resource(of_project).to(versions::current_of_project).wrap(from_fn(name_version)))
        .service(web::resource(["/v2", "/v2/"]).to(versions::frozen).wrap(from_fn(name_version)))
        .service(web::resource(below).to(unknown).wrap(from_fn(name_version)))
        .default_service(web::to(versions::choices));
}

/// Whether the path ends in a key pair's name. An encoded slash separates segments like a plain one, and `.` and `..`
/// mean a place in the path; a key pair of that name is reached by `%2E` (recorded).
fn ends_in_a_name(context: &GuardContext<'_>) -> bool {
    let path = context.head().uri.path();
    let has_encoded_slash = path.as_bytes().windows(3).any(|escape| escape.eq_ignore_ascii_case(b"%2f"));
    !has_encoded_slash && !path.ends_with("/.") && !path.ends_with("/..")
}

/// Unknown paths and methods: there is no 405, and without a token no telling what exists (recorded).
async fn unknown(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    gate::authenticate(&request, &state).await?;
    if request.method() == Method::HEAD {
        return Ok(HttpResponse::NotFound().content_type("text/html; charset=UTF-8").finish());
    }
    Ok(Error::NoSuchRoute.error_response())
}
