//! Connections of clients that keep them open end while the service is stopping.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::State;

/// Answers with `Connection: close` once the service is stopping: the client's next request then goes to another replica, and
/// none is cut off with its connection.
pub async fn close_while_stopping(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let readiness = request.app_data::<Data<State>>().map(|state| state.readiness.clone());
    let mut answered = next.call(request).await?;
    if readiness.is_some_and(|readiness| readiness.is_stopping()) {
        answered.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answered)
}
