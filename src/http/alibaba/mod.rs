//! Alibaba Cloud's RPC protocol on `/`, and the two products behind it: ECS 2014-05-26 and ENS 2017-11-10. What a request
//! passes is in `gate`; what is answered in `ecs` and `ens`.

mod call;
mod description;
mod ecs;
mod ens;
mod format;
mod frame;
mod gate;
mod marks;
mod names;
mod parameters;
mod products;
mod reading;
mod refusal;
mod settings;
mod signed;

use actix_web::guard::fn_guard;
use actix_web::web::{self, ServiceConfig};

pub use self::description::describe;
pub use self::marks::read_form;
pub use self::products::Products;
pub use self::settings::Settings;

/// To be mounted before Nova, whose version document is on the same path, and behind [`read_form`].
pub fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/").guard(fn_guard(marks::is_call)).to(gate::answer));
}
