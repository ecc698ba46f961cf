//! Huawei's Key Pair Service (KPS): the route table. Who is let in is in `gate`, what is answered in `v2_1` and `v3`.

mod error;
mod gate;
mod signed;
mod v2_1;
mod v3;
mod view;

use actix_web::Resource;
use actix_web::dev::Url;
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

/// Below a path of KPS, what is no API of its own is answered as by Huawei's API gateway: nothing falls through to Nova.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/v2.1/{project_id}/keypairs")
            .guard(fn_guard(names_a_project))
            .wrap(from_fn(gate::name_request))
            .default_service(web::to(gate::no_such_api))
            .service(web::resource("").get(v2_1::list).post(v2_1::create).default_service(web::to(gate::no_such_api)))
            .service(
                web::resource("/{keypair_name}")
                    .get(v2_1::show)
                    .put(v2_1::describe)
                    .delete(v2_1::delete)
                    .default_service(web::to(gate::no_such_api)),
            ),
    );
    config.service(
        web::scope("/v3/{project_id}/keypairs")
            .wrap(from_fn(gate::name_request))
            .default_service(web::to(gate::no_such_api))
            .service(resource("/private-key/export").route(web::post().to(v3::export)))
            .service(resource("/private-key/import").route(web::post().to(v3::import)))
            .service(resource("/{keypair_name}/private-key").route(web::delete().to(v3::clear))),
    );
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
