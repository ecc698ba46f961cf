//! `keypaird openapi`

use clap::Args;

use super::{Failure, output};
use crate::http::openapi::DOCUMENT;

/// Print the OpenAPI 3.1 document of all that the service answers.
///
/// It is the one that /openapi.json serves, and needs neither a running service nor settings.
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run(Arguments {}: Arguments) -> Result<(), Failure> {
    match &*DOCUMENT {
        Ok(text) => output::print(text),
        Err(cause) => Err(Failure::other(cause.to_string())),
    }
}
