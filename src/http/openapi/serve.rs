//! The document, and the page to read it by, over HTTP.

use actix_web::HttpResponse;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{self, ServiceConfig};

use super::DOCUMENT;
use super::page::PAGE;

/// The page has no script and loads nothing but its own style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLES: &str = include_str!("page.css");

/// Mounts the document for clients. To be mounted before the dialects, which answer any path.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/openapi.json", web::get().to(published));
}

/// `GET /openapi.json`
pub async fn published() -> HttpResponse {
    match &*DOCUMENT {
        Ok(text) => HttpResponse::Ok().content_type("application/json").body(text.as_str()),
        Err(cause) => HttpResponse::from_error(ErrorInternalServerError(cause)),
    }
}

/// `GET /docs`: the same for people.
pub async fn page() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    answer.content_type("text/html; charset=utf-8").body(PAGE.as_str())
}

/// `GET /docs/page.css`
pub async fn styles() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/css; charset=utf-8")
        .body(STYLES)
}
