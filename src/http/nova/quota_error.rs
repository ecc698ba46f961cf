//! What Nova says when it refuses a request about limits.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use super::error::{Fault, bad_request, domain_fault, not_allowed};
use crate::service::{QuotaAction, QuotaError};

pub(super) fn fault(error: &QuotaError) -> Fault {
    use QuotaError as E;
    match error {
        E::Forbidden(action) => not_allowed(policy(*action)),
        E::NoSuchProject(project) => no_such_project(project.as_str()),
        E::TooLow { resource, limit, lowest } => bad_request(format!(
            "Quota limit {limit} for {} must be greater than or equal to already used and reserved {lowest}.",
            resource.as_str()
        )),
        E::TooHigh { resource, limit, highest } => bad_request(format!(
            "Quota limit {limit} for {} must be less than or equal to {highest}.",
            resource.as_str()
        )),
        E::Domain(error) => domain_fault(error, None),
    }
}

pub(super) fn no_such_project(project: &str) -> Fault {
    bad_request(format!("Project ID {project} is not a valid project."))
}

fn policy(action: QuotaAction) -> &'static str {
    match action {
        QuotaAction::Show => "os-quota-sets:show",
        QuotaAction::Detail => "os-quota-sets:detail",
        QuotaAction::Defaults => "os-quota-sets:defaults",
        QuotaAction::Update => "os-quota-sets:update",
        QuotaAction::Delete => "os-quota-sets:delete",
        QuotaAction::ShowClass => "os-quota-class-sets:show",
        QuotaAction::UpdateClass => "os-quota-class-sets:update",
        QuotaAction::Limits => "limits",
        QuotaAction::LimitsOfProject => "limits:other_project",
    }
}
