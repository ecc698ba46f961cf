//! What ECS refuses, with the status, code and message of its documentation's tables.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use actix_web::http::StatusCode;

use super::super::refusal::Refusal;
use crate::domain::Error;

/// What the service refuses, where an action's own table says nothing else.
pub(super) fn refused(error: Error) -> Refusal {
    match error {
        Error::NotFound(_) | Error::JustDeleted(_) | Error::NotKept(_) => no_such_key_pair(),
        Error::AlreadyExists(_) => Refusal::bad("KeyPair.AlreadyExist", "The key pair already exist."),
        Error::QuotaExceeded { .. } => {
            Refusal::new(StatusCode::FORBIDDEN, "QuotaExceed.KeyPair", "The key pair quota exceeds.")
        }
        Error::TooManyTags { limit } => too_many_tags(limit),
        Error::Invalid { field, .. } => invalid(field),
        Error::MarkerNotFound(_) => invalid("NextToken"),
        Error::PublicKeyUnusable { .. } => bad_public_key(),
        Error::PrivateKeyUnusable { .. } | Error::PrivateKeyMismatch | Error::ProtectionUnavailable { .. } => {
            invalid("PrivateKeyBody")
        }
        Error::Forbidden(_) => Refusal::new(
            StatusCode::FORBIDDEN,
            "Forbidden.RAM",
            "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
        ),
        Error::Busy { retry_after, .. } | Error::Unavailable { retry_after, .. } => {
            Refusal::unavailable(retry_after, error)
        }
        Error::RateLimited { retry_after } => Refusal::throttled(retry_after),
        Error::Integrity(_) | Error::Internal(_) => Refusal::internal(error),
    }
}

/// A parameter that must be there and is not.
pub(super) fn missing(name: &str) -> Refusal {
    let message =
        format!("The input parameter \"{name}\" that is mandatory for processing this request is not supplied.");
    Refusal::bad("MissingParameter", message)
}

/// The same in the words of the actions on tags.
pub(super) fn null(name: &str) -> Refusal {
    let (code, message) = (format!("MissingParameter.{name}"), format!("The parameter - {name} should not be null"));
    Refusal::new(StatusCode::NOT_FOUND, code, message)
}

/// A value that no table has a code for.
pub(super) fn invalid(name: &str) -> Refusal {
    Refusal::bad("InvalidParameter", format!("The specified parameter \"{name}\" is not valid."))
}

pub(super) fn bad_name() -> Refusal {
    Refusal::bad("InvalidKeyPairName.Malformed", "Specified Key Pair name is not valid.")
}

pub(super) fn bad_names() -> Refusal {
    let message = "The specified parameter \"KeyPairNames\" is not valid.";
    Refusal::bad("InvalidKeyPairNames.ValueNotSupported", message)
}

pub(super) fn bad_public_key() -> Refusal {
    Refusal::bad("InvalidPublicKeyBody.Malformed", "The PublicKeyBody format is not supported.")
}

pub(super) fn bad_instances() -> Refusal {
    Refusal::bad("InvalidInstanceIds.ValueNotSupported", "The specified parameter InstanceIds is not valid.")
}

pub(super) fn duplicate_tag_key() -> Refusal {
    Refusal::bad("Duplicate.TagKey", "The Tag.N.Key contain duplicate key.")
}

pub(super) fn bad_tag_key() -> Refusal {
    Refusal::bad("InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid.")
}

pub(super) fn bad_tag_value() -> Refusal {
    Refusal::bad("InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid.")
}

pub(super) fn too_many_tags(limit: usize) -> Refusal {
    let message = format!("The maximum number of tags is exceeded: a key pair has at most {limit}.");
    Refusal::new(StatusCode::FORBIDDEN, "QuotaExceed.Tags", message)
}

pub(super) fn no_such_key_pair() -> Refusal {
    let message = "The specified KeyPair does not exist in our records.";
    Refusal::new(StatusCode::NOT_FOUND, "InvalidKeyPair.NotFound", message)
}

pub(super) fn no_such_region() -> Refusal {
    let message = "The RegionId provided does not exist in our records.";
    Refusal::new(StatusCode::NOT_FOUND, "InvalidRegionId.NotFound", message)
}

pub(super) fn no_such_resource_group() -> Refusal {
    let message = "The ResourceGroup provided does not exist in our records.";
    Refusal::new(StatusCode::NOT_FOUND, "InvalidResourceGroup.NotFound", message)
}

pub(super) fn no_such_resource() -> Refusal {
    let message = "The specified ResourceIds are not found in our records.";
    Refusal::new(StatusCode::NOT_FOUND, "InvalidResourceId.NotFound", message)
}

pub(super) fn no_such_resource_type() -> Refusal {
    let message = "The ResourceType provided does not exist in our records.";
    Refusal::new(StatusCode::NOT_FOUND, "InvalidResourceType.NotFound", message)
}
