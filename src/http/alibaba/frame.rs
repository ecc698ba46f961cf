//! What all answers to one request have in common, whether it is let in or not.

use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use super::format::Format;
use super::refusal::{Refusal, Refused};
use crate::auth::signatures::form::Pairs;
use crate::domain;

/// Where SDKs look for a request's id beside the body.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-acs-request-id");

/// How a request is answered.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) format: Format,
    /// The request's, as it was sent.
    pub(super) host: String,
    /// A UUID in capitals; the log's `request_id` is the same in small letters.
    pub(super) request_id: String,
}

impl Frame {
    /// The format that the parameters ask for, if they do.
    pub(super) fn take_format(&mut self, parameters: &Pairs) -> Result<(), Refusal> {
        let Some(word) = parameters.get("Format").filter(|word| !word.is_empty()) else { return Ok(()) };
        let unknown = || Refusal::bad("InvalidParameter.Format", "Specified parameter format is not valid.");
        self.format = Format::parse(word).ok_or_else(unknown)?;
        Ok(())
    }

    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The body and its headers, on whatever the answer has so far.
    pub(super) fn answer(
        &self,
        mut answer: HttpResponseBuilder,
        root: &str,
        body: &impl Serialize,
    ) -> Result<HttpResponse, Refusal> {
        let written = self.format.write(root, body).map_err(domain::Error::internal)?;
        answer.insert_header((CONTENT_TYPE, self.format.media_type()));
        answer.insert_header((REQUEST_ID, self.request_id()));
        Ok(answer.body(written))
    }

    pub(super) fn refuse(&self, refusal: Refusal) -> Refused {
        Refused { refusal, frame: self.clone() }
    }
}
