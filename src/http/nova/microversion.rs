//! What each microversion changed of Nova, the version that a request is answered in, and how the answer names it.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};

use super::error::Error;
pub(super) use crate::http::microversion::Microversion;
use crate::http::microversion::{LEGACY, STANDARD, Unusable};
use crate::http::request_id;

impl Microversion {
    /// The API below `/v2`, older than every microversion: it never changes, and no header is read or written.
    pub(super) const FROZEN: Self = Self::minor(0);
    /// Quota sets and limits without the network's.
    pub(super) const NO_NETWORK_QUOTAS: Self = Self::minor(36);
    /// Limits without `maxImageMeta`.
    pub(super) const NO_IMAGE_METADATA: Self = Self::minor(39);
    /// Quota classes with server groups and without the network's.
    pub(super) const CLASSES_AS_QUOTAS: Self = Self::minor(50);
    /// Quota sets, quota classes and limits without injected files.
    pub(super) const NO_INJECTED_FILES: Self = Self::minor(57);
    /// Unknown query parameters are refused.
    pub(super) const STRICT_QUERY: Self = Self::minor(75);
    /// `public_key` is required, a private key is never returned, and names may have `@` and `.`.
    pub(super) const IMPORT_ONLY: Self = Self::minor(92);
    /// They are refused of `extensions`, too.
    pub(super) const STRICT_EXTENSIONS_QUERY: Self = Self::minor(102);

    /// The version that a request is answered in. From here on its answer names it, where the path has versions.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Error> {
        if request.path().starts_with("/v2/") {
            return Ok(Self::FROZEN);
        }
        let asked = Self::asked(request.headers());
        let named = match &asked {
            Ok(version) => Some(version.to_string()),
            Err(Unusable::Unsupported(version)) => Some(version.clone()),
            Err(Unusable::Malformed(_)) => None,
        };
        if let Some(version) = named {
            request.extensions_mut().insert(Answered(version));
        }
        Ok(asked?)
    }
}

impl From<Unusable> for Error {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Malformed(version) => Self::MalformedVersion(version),
            Unusable::Unsupported(version) => Self::UnsupportedVersion(version),
        }
    }
}

/// The version that the answer names; for one that is not supported, the one that was asked for.
#[derive(Clone)]
struct Answered(String);

/// Puts on an answer what every answer of Nova has: the request's id twice, and the version, if one was found, in both
/// headers, with a `Vary` for each.
pub(super) async fn name_version<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let request = response.request().clone();
    let answered = request.extensions().get::<Answered>().cloned();
    let headers = response.headers_mut();
    request_id::write(&request, headers, &["x-openstack-request-id", "x-compute-request-id"]);
    if let Some(Answered(version)) = answered
        && let Ok(standard) = HeaderValue::try_from(format!("compute {version}"))
        && let Ok(legacy) = HeaderValue::try_from(version)
    {
        headers.insert(STANDARD, standard);
        headers.insert(LEGACY, legacy);
        headers.append(header::VARY, HeaderValue::from_static("OpenStack-API-Version"));
        headers.append(header::VARY, HeaderValue::from_static("X-OpenStack-Nova-API-Version"));
    }
    Ok(response)
}
