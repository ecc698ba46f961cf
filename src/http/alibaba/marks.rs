//! Which requests for `/` are calls, and not for Nova's version document.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use zeroize::Zeroizing;

use crate::auth::signatures::alibaba::ACS3;
use crate::http::body::{self, Unread};

/// The body of a request for `/` that is a form: which route it takes may depend on it.
pub(super) struct Form(pub(super) Result<Zeroizing<Vec<u8>>, Unread>);

/// The middleware that reads it. Clients of the older signature may put everything there, and nothing anywhere else.
pub async fn read_form<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.path() == "/" && is_form(request.headers()) {
        let read = if body::declares_too_much(request.request()) {
            Err(Unread::TooLarge)
        } else {
            let within = body::time_for(request.request());
            body::read(request.extract::<web::Payload>().await?, within).await
        };
        request.extensions_mut().insert(Form(read));
    }
    next.call(request).await
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Whether anything about it is Alibaba's. What is must be answered as Alibaba's, whatever it lacks.
pub(super) fn is_call(context: &GuardContext<'_>) -> bool {
    let (head, kept) = (context.head(), context.req_data());
    let query = head.uri.query().unwrap_or_default();
    let form = match kept.get::<Form>() {
        // Nova takes no forms: whoever sends one that cannot be read is told so.
        Some(Form(Err(_))) => return true,
        Some(Form(Ok(form))) => Some(form),
        None => None,
    };
    has_headers(head.headers()) || has_parameters(query.as_bytes(), form.map_or(&[], |form| form.as_slice()))
}

fn has_headers(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("x-acs-"))
        || headers.get_all(AUTHORIZATION).any(|value| value.as_bytes().starts_with(ACS3.as_bytes()))
}

fn has_parameters(query: &[u8], form: &[u8]) -> bool {
    let has = |name| [query, form].into_iter().flat_map(form_urlencoded::parse).any(|(sent, _)| sent == name);
    has("Action") || has("Signature") || (has("Version") && has("AccessKeyId"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_by_its_parameters_wherever_they_are() {
        for (query, form, expected) in [
            ("", "", false),
            ("Action", "", true),
            ("", "a=b&Action=", true),
            ("Signature=x", "", true),
            ("%53ignature=x", "", true),
            ("Version=2014-05-26", "", false),
            ("Version=2014-05-26", "AccessKeyId=x", true),
            ("AccessKeyId=x", "", false),
            ("action=CreateKeyPair&a=Action", "", false),
            ("%FF&Action=x", "", true),
        ] {
            assert_eq!(has_parameters(query.as_bytes(), form.as_bytes()), expected, "{query} {form}");
        }
    }
}
