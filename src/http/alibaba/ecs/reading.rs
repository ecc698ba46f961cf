//! Parameters that several actions read.

use super::super::call::Call;
use super::super::names::{self, Letters};
use super::super::refusal::Refusal;
use super::refusals::{bad_name, missing, no_such_region, no_such_resource_group};
use crate::domain::{KeyPairName, ResourceGroupId};
use crate::http::State;
use crate::service::KeyPairs;

pub(super) fn required<'c>(call: &'c Call, name: &'static str) -> Result<&'c str, Refusal> {
    call.parameters.get(name).ok_or_else(|| missing(name))
}

/// The key pairs of the region that is asked for.
pub(super) fn key_pairs<'s>(region: &str, state: &'s State) -> Result<&'s KeyPairs, Refusal> {
    state.alibaba.ecs.get(region).ok_or_else(no_such_region)
}

/// The name of a key pair to be made.
pub(super) fn new_name(raw: &str, letters: Letters) -> Result<KeyPairName, Refusal> {
    names::name(raw, letters).ok_or_else(bad_name)
}

/// The group that is asked for, which must be one that the operator has named.
pub(super) fn resource_group(call: &Call, state: &State) -> Result<Option<ResourceGroupId>, Refusal> {
    call.parameters.get("ResourceGroupId").map(|id| known_resource_group(id, state)).transpose()
}

pub(super) fn known_resource_group(id: &str, state: &State) -> Result<ResourceGroupId, Refusal> {
    let is_known = state.alibaba.settings.resource_groups.iter().any(|known| known == id);
    ResourceGroupId::parse(id).ok().filter(|_| is_known).ok_or_else(no_such_resource_group)
}
