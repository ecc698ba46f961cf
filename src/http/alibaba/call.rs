//! A request that was let in: what an action is given, and answers by.

use actix_web::HttpResponse;
use serde::Serialize;

use super::frame::Frame;
use super::parameters::Parameters;
use super::refusal::Refusal;
use crate::domain::{Caller, ProjectId, Via};

/// One call of an action: signed, in time, and not seen before.
pub(super) struct Call {
    pub(super) caller: Caller,
    /// The caller's, as of its access key.
    pub(super) project: ProjectId,
    pub(super) via: Via,
    pub(super) parameters: Parameters,
    pub(super) frame: Frame,
}

impl Call {
    /// As every body of an answer names it.
    pub(super) fn request_id(&self) -> &str {
        self.frame.request_id()
    }

    /// 200 with that body, in the format that was asked for. `root` is what the element is called in XML. The body names the
    /// request's id itself, and has neither `Code` nor `Success`, which clients take for an error's.
    pub(super) fn answer(&self, root: &str, body: &impl Serialize) -> Result<HttpResponse, Refusal> {
        self.frame.answer(HttpResponse::Ok(), root, body)
    }

    /// The same of a body with a private key: nobody on the way may keep it.
    pub(super) fn answer_unstored(&self, root: &str, body: &impl Serialize) -> Result<HttpResponse, Refusal> {
        self.frame.answer(crate::http::unstored::answer(HttpResponse::Ok()), root, body)
    }
}
