//! What a request passes before its handler: size, caller, project. Its order is Nova's, recorded: a body declared too
//! large is refused first, without a look at the token.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::{Error, Naming};
use super::{body::name_in_path, signed};
use crate::domain::{self, Caller, Dialect, KeyPairName, ProjectId, Via};
use crate::http::body::{self, Unread};
use crate::http::json::Json;
use crate::http::operation::name_operation;
use crate::http::via::via;
use crate::http::{State, credentials, request_id};

/// How the payload is taken out of a request.
type PayloadFuture = <web::Payload as FromRequest>::Future;

/// A request whose caller is known, and whose path names the project that the caller's token is for.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    /// The caller's, which is also the one that the path names, where it names one.
    pub(super) project: ProjectId,
    pub(super) via: Via,
    /// The path's last variable part, as it came; empty where it has none.
    keypair_name: String,
    request_id: String,
    body_timeout: Duration,
    /// Of a signed request: it was read to check the signature.
    body: Option<Zeroizing<Vec<u8>>>,
}

impl FromRequest for Admitted {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed = signed::is_signed(request.headers()).then(|| web::Payload::from_request(request, payload));
        let request = request.clone();
        async move { admit(&request, signed).await }.boxed_local()
    }
}

impl Admitted {
    pub(super) fn name_in_path(&self) -> Result<KeyPairName, Error> {
        Ok(name_in_path(&self.keypair_name)?)
    }

    /// The body as JSON, whatever media type it claims.
    pub(super) async fn json(&self, payload: web::Payload) -> Result<Json, Error> {
        let parse = |bytes: &[u8]| Json::parse(bytes).map_err(|cause| Error::BodyUnreadable(cause.to_string()));
        match &self.body {
            Some(body) => parse(body),
            None => parse(&read(payload, self.body_timeout, &self.request_id).await?),
        }
    }
}

#[derive(Deserialize)]
struct NamedInPath {
    #[serde(default)]
    keypair_name: String,
}

/// What the path names, decoded once and wholly, which the router alone does not do.
fn named_in_path(request: &HttpRequest) -> Result<NamedInPath, Error> {
    let named = Path::<NamedInPath>::from_request(request, &mut Payload::None).into_inner();
    named.map(Path::into_inner).map_err(|cause| domain::Error::internal(cause.to_string()).into())
}

async fn read(payload: web::Payload, within: Duration, request_id: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    body::read(payload, within).await.map_err(|unread| match unread {
        Unread::TooLarge => Error::TooLarge { request_id: request_id.to_owned() },
        Unread::Slow => Error::SlowBody { request_id: request_id.to_owned() },
        Unread::Broken(cause) => Error::BodyUnreadable(cause.to_string()),
    })
}

/// Middleware: names the request's id in every answer, in the header in which Huawei's SDKs look for it; and KPS in the log,
/// since paths of others are its, too, where requests are signed.
pub(super) async fn name_request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    name_operation(request.request(), "kps", None);
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
    let (request_id, body_timeout) = (request_id::of(request), body::time_for(request));
    if body::declares_too_much(request) {
        return Err(Error::TooLarge { request_id });
    }
    let state = request.app_data::<Data<State>>().ok_or_else(|| domain::Error::internal("the app has no State"))?;
    let via = via(request, state, Dialect::Kps);
    let (caller, body) = match signed {
        None => credentials::caller(request, state).await.map(|caller| (caller, None)).map_err(Error::from),
        Some(payload) => {
            let body = async {
                let payload = payload.await.map_err(|cause| Error::BodyUnreadable(cause.to_string()))?;
                read(payload, body_timeout, &request_id).await
            };
            signed::caller(request, state, &via, body).await.map(|(caller, body)| (caller, Some(body)))
        }
    }
    .map_err(|error| error.at_the_gateway(&request_id))?;
    let project = check_project(request, &caller)?;
    let NamedInPath { keypair_name } = named_in_path(request)?;
    Ok(Admitted { caller, project, via, keypair_name, request_id, body_timeout, body })
}

/// The caller's project. What the path and the header say of it decides about nothing: where they name one, it must be the
/// caller's, for an administrator too. golangsdk adds the header after signing.
fn check_project(request: &HttpRequest, caller: &Caller) -> Result<ProjectId, Error> {
    let in_path = request.match_info().get("project_id");
    if in_path.is_some_and(|id| !id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-'))) {
        return Err(Error::NotAProjectId);
    }
    let in_header = request.headers().get("x-project-id");
    let project = caller.project().ok_or(Error::OtherProject(Naming::Path))?;
    if in_path.is_some_and(|id| id != project.as_str()) {
        return Err(Error::OtherProject(Naming::Path));
    }
    if in_header.is_some_and(|id| id.as_bytes() != project.as_str().as_bytes()) {
        return Err(Error::OtherProject(Naming::Header));
    }
    Ok(project.clone())
}
