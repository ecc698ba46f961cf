//! What is about virtual machines, of which this service has none: no key pair is bound to one, and no task is under way.

use actix_web::HttpResponse;
use actix_web::web::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::error::Error;
use super::super::gate::Admitted;

/// A list of tasks.
#[derive(Serialize, ToSchema)]
pub(in crate::http::huawei) struct Tasks {
    total: u32,
    #[schema(value_type = Vec<String>, max_items = 0)]
    tasks: [(); 0],
}

/// `POST …/keypairs/associate`, `batch-associate` and `disassociate`
pub(in crate::http::huawei) async fn bind(_: Admitted) -> Result<HttpResponse, Error> {
    Err(Error::NoServers)
}

/// `GET …/tasks/{task_id}`
pub(in crate::http::huawei) async fn task(_: Admitted) -> Result<HttpResponse, Error> {
    Err(Error::NoTask)
}

/// `GET …/running-tasks` and `…/failed-tasks`
pub(in crate::http::huawei) async fn tasks(_: Admitted) -> Json<Tasks> {
    Json(Tasks { total: 0, tasks: [] })
}

/// `DELETE …/failed-tasks/{task_id}`
pub(in crate::http::huawei) async fn forget_task(_: Admitted) -> Result<HttpResponse, Error> {
    Err(Error::NoFailedTask)
}

/// `DELETE …/failed-tasks`: there is nothing that it could leave.
pub(in crate::http::huawei) async fn forget_tasks(_: Admitted) -> HttpResponse {
    HttpResponse::Ok().finish()
}
