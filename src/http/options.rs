//! Answers OPTIONS before any dialect sees it.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// OPTIONS on any path is 200 and empty, without a token (recorded: it is the CORS middleware that answers in a Nova).
/// No CORS header is ever sent, so no browser takes it for leave.
pub async fn answer_options<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method() == Method::OPTIONS {
        return Ok(request.into_response(HttpResponse::Ok().finish()).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
