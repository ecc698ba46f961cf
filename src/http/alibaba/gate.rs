//! What a request passes before its action, in the gateway's order: its method, the format it asks for, the parts of its
//! signature; then its access key, signature, time and nonce; then version and action.
//!
//! Its size comes first, and the shape of its parameters, because the rest is read from them.

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use zeroize::Zeroizing;

use super::call::Call;
use super::format::Format;
use super::frame::Frame;
use super::marks::{Form, is_form};
use super::parameters::Parameters;
use super::refusal::{Refusal, Refused};
use super::{ecs, ens, signed};
use crate::auth::signatures::Request;
use crate::auth::signatures::alibaba::{Sent, Signature, is_acs3};
use crate::auth::signatures::form::{Unreadable, decode};
use crate::domain::Dialect;
use crate::http::body::{self, Unread};
use crate::http::operation::{KeyPairOperation, name_operation};
use crate::http::via::via;
use crate::http::{State, request_id};

/// What a version names.
#[derive(Clone, Copy)]
enum Product {
    Ecs,
    Ens,
}

impl Product {
    fn of(version: &str) -> Option<Self> {
        match version {
            "2014-05-26" => Some(Self::Ecs),
            "2017-11-10" => Some(Self::Ens),
            _ => None,
        }
    }

    const fn dialect(self) -> Dialect {
        match self {
            Self::Ecs => Dialect::Ecs,
            Self::Ens => Dialect::Ens,
        }
    }
}

/// What the log says of a request whose product is not known (yet).
const NO_PRODUCT: &str = "alibaba";

/// What an action does with key pairs, if anything.
fn operation(action: &str) -> Option<KeyPairOperation> {
    match action {
        "CreateKeyPair" | "ImportKeyPair" => Some(KeyPairOperation::Create),
        "DescribeKeyPairs" => Some(KeyPairOperation::List),
        "DeleteKeyPairs" => Some(KeyPairOperation::Delete),
        "TagResources" => Some(KeyPairOperation::Tag),
        "UntagResources" => Some(KeyPairOperation::Untag),
        "ListTagResources" => Some(KeyPairOperation::ListTags),
        "JoinResourceGroup" => Some(KeyPairOperation::MoveToGroup),
        _ => None,
    }
}

/// Answers a call, or says why not.
pub(super) async fn answer(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Refused> {
    name_operation(&request, NO_PRODUCT, None);
    let head = head(&request);
    let default = if is_acs3(&head) { Format::Json } else { state.alibaba.settings.default_format };
    let mut frame = Frame { format: default, host: host(&request), request_id: request_id::in_capitals(&request) };
    let answered = admit(&request, head, payload, &state, &mut frame).await;
    answered.map_err(|refusal| frame.refuse(refusal))
}

async fn admit(
    request: &HttpRequest,
    head: Request<'_>,
    payload: Payload,
    state: &State,
    frame: &mut Frame,
) -> Result<HttpResponse, Refusal> {
    let query = decode(head.query.as_bytes()).map_err(unreadable)?;
    // Should the form not be read, what the query says of the format will do.
    drop(frame.take_format(&query));
    let body = read(request, payload).await?;
    let mut parameters = query.clone();
    if is_form(request.headers()) {
        parameters.extend(decode(&body).map_err(unreadable)?);
    }
    let format = frame.take_format(&parameters);
    if !matches!(*request.method(), Method::GET | Method::POST) {
        let message = "This http method is not supported.";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHTTPMethod", message));
    }
    format?;
    let sent = Sent { head, query: &query, parameters: &parameters, body: &body };
    let signature = Signature::of(&sent).map_err(signed::refuse_unproved)?;
    let (action, product) = (signature.action().to_owned(), Product::of(signature.version()));
    let dialect = product.map_or(NO_PRODUCT, |product| product.dialect().as_str());
    name_operation(request, dialect, Some((&action, operation(&action))));
    let mut via = via(request, state, product.map_or(Dialect::Ecs, Product::dialect));
    via.request_id = Some(frame.request_id.clone());
    let caller = signed::caller(request, &signature, state, &via).await?;
    let product = product.ok_or_else(|| Refusal::bad("InvalidVersion", "Specified parameter Version is not valid."))?;
    let project = caller.project().cloned().ok_or_else(Refusal::no_permission)?;
    let call = Call { caller, project, via, parameters: Parameters::from(parameters), frame: frame.clone() };
    match product {
        Product::Ecs => ecs::answer(&action, &call, state).await,
        Product::Ens => ens::answer(&action, &call, state).await,
    }
}

fn head(request: &HttpRequest) -> Request<'_> {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let uri = request.uri();
    let (method, path, query) = (request.method().as_str(), uri.path(), uri.query().unwrap_or_default());
    Request { method, path, query, headers }
}

/// As it was sent; clients show it.
fn host(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_owned()
}

/// The whole body, which is read already where it is a form.
async fn read(request: &HttpRequest, payload: Payload) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let form = request.extensions_mut().remove::<Form>();
    let read = match form {
        Some(Form(read)) => read,
        None if body::declares_too_much(request) => Err(Unread::TooLarge),
        None => body::read(payload, body::time_for(request)).await,
    };
    read.map_err(|unread| match unread {
        Unread::TooLarge => {
            let message = format!("The body of the request is larger than {} bytes.", body::LIMIT);
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", message)
        }
        Unread::Slow => {
            let message = "The body of the request did not arrive in time.";
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
        }
        Unread::Broken(cause) => Refusal::bad("IncompleteBody", format!("The body cannot be read: {cause}.")),
    })
}

fn unreadable(unreadable: Unreadable) -> Refusal {
    Refusal::bad("InvalidParameter", format!("The request cannot be read: {unreadable}."))
}
