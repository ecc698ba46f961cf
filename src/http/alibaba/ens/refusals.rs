//! What ENS refuses: its documentation has one table for all actions, and 400 for all of it. That table's three codes about
//! security groups are never answered, nor are `ens.interface.error` and `CallInterface`, which say less than the gateway's.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use super::super::refusal::Refusal;
use crate::domain::Error;

pub(super) fn refused(error: Error) -> Refusal {
    match error {
        Error::NotFound(_) | Error::JustDeleted(_) | Error::NotKept(_) => told("key pair does not exist"),
        Error::AlreadyExists(_) => told("key pair name already exists"),
        Error::QuotaExceeded { .. } => told("the key pair quota exceeds"),
        Error::TooManyTags { .. } => told("the tag quota exceeds"),
        Error::Invalid { field, .. } => invalid(field),
        Error::MarkerNotFound(_) => invalid("PageNumber"),
        Error::PublicKeyUnusable { .. } => invalid("PublicKeyBody"),
        Error::PrivateKeyUnusable { .. } | Error::PrivateKeyMismatch | Error::ProtectionUnavailable { .. } => {
            invalid("PrivateKeyBody")
        }
        Error::Forbidden(_) => Refusal::bad("NoPermission", "Permission denied."),
        Error::Busy { retry_after, .. } | Error::Unavailable { retry_after, .. } => {
            Refusal::unavailable(retry_after, error)
        }
        Error::RateLimited { retry_after } => Refusal::throttled(retry_after),
        Error::Integrity(_) | Error::Internal(_) => Refusal::internal(error),
    }
}

/// A parameter that must be there and is not; which, the table's message has no place for.
pub(super) fn missing() -> Refusal {
    let message = "The input parameter that is mandatory for processing this request is not supplied.";
    Refusal::bad("MissingParameter", message)
}

pub(super) fn invalid(field: &str) -> Refusal {
    let message = format!("The specified field {field} invalid. Please check it again.");
    Refusal::bad(format!("InvalidParameter.{field}"), message)
}

fn told(what: &str) -> Refusal {
    Refusal::bad("InvalidParameter", format!("The errorMessage is {what}. Please check it again."))
}
