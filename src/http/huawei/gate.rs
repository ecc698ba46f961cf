//! What a request passes before its handler: size, caller, project. Its order is Nova's, recorded: a body declared too
//! large is refused first, without a look at the token.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use zeroize::Zeroizing;

use super::error::Error;
use super::signed;
use crate::domain::{self, Caller, Dialect, Via};
use crate::http::body::{self, Unread};
use crate::http::json::Json;
use crate::http::via::via;
use crate::http::{State, credentials, request_id};

/// How the payload is taken out of a request.
type PayloadFuture = <web::Payload as FromRequest>::Future;

/// A request whose caller is known, and whose path names the project that the caller's token is for.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    pub(super) via: Via,
    request_id: String,
    /// Of a signed request: it was read to check the signature.
    body: Option<Zeroizing<Vec<u8>>>,
}

impl FromRequest for Admitted {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed = signed::is_signed(request).then(|| web::Payload::from_request(request, payload));
        let request = request.clone();
        async move { admit(&request, signed).await }.boxed_local()
    }
}

impl Admitted {
    /// The body as JSON, whatever media type it claims.
    pub(super) async fn json(&self, payload: web::Payload) -> Result<Json, Error> {
        let parse = |bytes: &[u8]| Json::parse(bytes).map_err(|cause| Error::BodyUnreadable(cause.to_string()));
        match &self.body {
            Some(body) => parse(body),
            None => parse(&read(payload, &self.request_id).await?),
        }
    }
}

async fn read(payload: web::Payload, request_id: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    body::read(payload).await.map_err(|unread| match unread {
        Unread::TooLarge => Error::TooLarge { request_id: request_id.to_owned() },
        Unread::Broken(cause) => Error::BodyUnreadable(cause.to_string()),
    })
}

/// Middleware: names the request's id in every answer, in the header in which Huawei's SDKs look for it.
pub(super) async fn name_request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let (request, mut response) = next.call(request).await?.into_parts();
    request_id::write(&request, response.headers_mut(), &["x-request-id"]);
    Ok(ServiceResponse::new(request, response))
}

/// The answer to a path or method that KPS does not have. It needs no token, as the gateway's does not.
pub(super) async fn no_such_api(request: HttpRequest) -> Result<HttpResponse, Error> {
    Err(Error::NoSuchApi { request_id: request_id::of(&request) })
}

/// `signed`: the payload of a signed request.
async fn admit(request: &HttpRequest, signed: Option<PayloadFuture>) -> Result<Admitted, Error> {
    let request_id = request_id::of(request);
    if body::declares_too_much(request) {
        return Err(Error::TooLarge { request_id });
    }
    let state = request.app_data::<Data<State>>().ok_or_else(|| domain::Error::internal("the app has no State"))?;
    let via = via(request, state, Dialect::Kps);
    let (caller, body) = match signed {
        None => (credentials::caller(request, &state.authentication).await?, None),
        Some(payload) => {
            let body = async {
                let payload = payload.await.map_err(|cause| Error::BodyUnreadable(cause.to_string()))?;
                read(payload, &request_id).await
            };
            let (caller, body) = signed::caller(request, state, &via, body).await?;
            (caller, Some(body))
        }
    };
    let in_path = request.match_info().query("project_id");
    check_project(in_path, &caller)?;
    check_project_header(request, in_path)?;
    Ok(Admitted { caller, via, request_id, body })
}

/// golangsdk adds `X-Project-Id` after signing: it grants nothing, and may only repeat the path's project.
fn check_project_header(request: &HttpRequest, in_path: &str) -> Result<(), Error> {
    match request.headers().get("x-project-id") {
        Some(other) if other.as_bytes() != in_path.as_bytes() => Err(Error::OtherProject),
        Some(_) | None => Ok(()),
    }
}

/// The path's project decides about nothing: it must be the token's, for an administrator too.
fn check_project(in_path: &str, caller: &Caller) -> Result<(), Error> {
    if !in_path.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-')) {
        return Err(Error::NotAProjectId);
    }
    match caller.project() {
        Some(project) if project.as_str() == in_path => Ok(()),
        Some(_) | None => Err(Error::OtherProject),
    }
}
