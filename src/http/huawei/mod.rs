//! Huawei's Key Pair Service (KPS): the route table. Who is let in is in `gate`, what is answered in `v2_1` and `v3`; `iam`
//! has what signed requests ask of Huawei's identity service.

mod body;
mod description;
mod error;
mod gate;
mod iam;
mod query;
mod signed;
mod v2_1;
mod v3;
mod view;

use actix_web::dev::Url;
use actix_web::guard::{GuardContext, Post, fn_guard};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Scope};

pub use self::description::describe;
use self::v2_1::Door;

/// What is signed and for the identity service. To be mounted before that, which takes the same paths with a token.
pub fn iam_routes(config: &mut ServiceConfig) {
    for (paths, handler) in [
        (["/v3/projects", "/v3/projects/"], web::get().to(iam::projects)),
        (["/v3/auth/domains", "/v3/auth/domains/"], web::get().to(iam::domains)),
    ] {
        let resource = web::resource(paths).guard(fn_guard(is_signed)).route(handler);
        config.service(resource.default_service(web::to(gate::no_such_api)).wrap(from_fn(gate::name_request)));
    }
}

/// Below a path of KPS, what is no API of its own is answered as by Huawei's API gateway: nothing falls through to Nova.
/// To be mounted after the identity service, whose paths stand below `/v3` too.
pub fn routes(config: &mut ServiceConfig) {
    v2_1_routes(config);
    let v3 = web::scope("/v3/{project_id}").configure(v3_routes).default_service(web::to(gate::no_such_api));
    config.service(v3.wrap(from_fn(gate::name_request)));
}

/// The same key pairs behind two doors: KPS's own path, and Nova's, where Huawei's ECS SDK signs its requests.
fn v2_1_routes(config: &mut ServiceConfig) {
    let own = web::scope("/v2.1/{project_id}/keypairs").app_data(Door::Kps);
    config.service(v2_1_scope(own).guard(fn_guard(names_a_project)).wrap(from_fn(gate::name_request)));
    for path in ["/v2.1", "/v2.1/{project_id}", "/v2", "/v2/{project_id}"] {
        let copy = resource("/copy").guard(Post()).to(v2_1::copy);
        let novas = web::scope(&format!("{path}/os-keypairs")).app_data(Door::Ecs).service(copy);
        config.service(v2_1_scope(novas).guard(fn_guard(is_signed)).wrap(from_fn(gate::name_request)));
    }
}

fn v2_1_scope(scope: Scope) -> Scope {
    scope
        .service(resource("").route(web::get().to(v2_1::list)).route(web::post().to(v2_1::create)))
        .service(
            resource("/{keypair_name}")
                .route(web::get().to(v2_1::show))
                .route(web::put().to(v2_1::describe))
                .route(web::delete().to(v2_1::delete)),
        )
        .default_service(web::to(gate::no_such_api))
}

/// `associate` and the like are names of key pairs, too: only a POST means the call.
fn v3_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/keypairs").route(web::get().to(v3::list)).route(web::post().to(v3::create)))
        .service(resource("/keypairs/batch-import").guard(Post()).to(v3::batch::import))
        .service(
            resource("/keypairs/{call:associate|batch-associate|disassociate}").guard(Post()).to(v3::servers::bind),
        )
        .service(resource("/keypairs/private-key/export").guard(Post()).to(v3::private_keys::export))
        .service(resource("/keypairs/private-key/import").guard(Post()).to(v3::private_keys::import))
        .service(resource("/keypairs/private-key/batch-export").guard(Post()).to(v3::batch::export))
        .service(resource("/keypairs/{keypair_name}/private-key").route(web::delete().to(v3::private_keys::clear)))
        .service(
            resource("/keypairs/{keypair_name}")
                .route(web::get().to(v3::show))
                .route(web::put().to(v3::describe))
                .route(web::delete().to(v3::delete)),
        )
        .service(resource("/tasks/{task_id}").route(web::get().to(v3::servers::task)))
        .service(resource("/running-tasks").route(web::get().to(v3::servers::tasks)))
        .service(
            resource("/failed-tasks")
                .route(web::get().to(v3::servers::tasks))
                .route(web::delete().to(v3::servers::forget_tasks)),
        )
        .service(resource("/failed-tasks/{task_id}").route(web::delete().to(v3::servers::forget_task)));
}

fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(gate::no_such_api))
}

/// `/v2.1/os-keypairs/keypairs` is Nova's: a key pair called `keypairs`. The path is compared as the router reads it,
/// decoded, so that `os%2Dkeypairs` is no way around.
fn names_a_project(context: &GuardContext<'_>) -> bool {
    let path = Url::new(context.head().uri.clone());
    path.path().split('/').nth(2) != Some("os-keypairs")
}

fn is_signed(context: &GuardContext<'_>) -> bool {
    signed::is_signed(context.head().headers())
}
