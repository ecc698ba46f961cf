//! Limits as quota sets, quota classes and `limits` show them. Which member a version has is decided here.

use actix_web::HttpResponse;
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::ToSchema;

use super::answer;
use super::microversion::Microversion;
use super::quota_schema::in_quota_set;
use crate::domain::{Limits, Resource};

/// `{"quota_set": …}`
#[derive(serde::Serialize)]
struct QuotaSet<V: Serialize> {
    quota_set: Members<V>,
}

/// `{"quota_class_set": …}`
#[derive(serde::Serialize)]
struct QuotaClassSet {
    quota_class_set: Members<i64>,
}

/// The id, where it is shown, and a value for each resource.
struct Members<V> {
    id: Option<String>,
    values: Vec<(Resource, V)>,
}

impl<V: Serialize> Serialize for Members<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        for (resource, value) in &self.values {
            map.serialize_entry(resource.as_str(), value)?;
        }
        map.end()
    }
}

/// A limit and what is used of it. Nothing is, as Nova says of key pairs, too (recorded).
#[derive(serde::Serialize, ToSchema)]
pub(super) struct Usage {
    limit: i64,
    in_use: u32,
    reserved: u32,
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct LimitsView {
    limits: RateAndAbsolute,
}

#[derive(serde::Serialize, ToSchema)]
struct RateAndAbsolute {
    /// Rate limits, which Nova has no more.
    #[schema(value_type = Vec<String>, max_items = 0)]
    rate: [(); 0],
    absolute: Absolute,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Absolute {
    max_total_cores: i64,
    #[serde(flatten)]
    personality: Option<Personality>,
    max_total_instances: i64,
    max_total_keypairs: i64,
    max_server_meta: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_image_meta: Option<i64>,
    #[serde(rename = "maxTotalRAMSize")]
    max_total_ram_size: i64,
    max_server_groups: i64,
    max_server_group_members: i64,
    #[serde(flatten)]
    network: Option<Network>,
    #[serde(rename = "totalRAMUsed")]
    total_ram_used: u32,
    total_cores_used: u32,
    total_instances_used: u32,
    #[serde(flatten)]
    network_used: Option<NetworkUsed>,
    total_server_groups_used: u32,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Personality {
    max_personality: i64,
    max_personality_size: i64,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Network {
    max_total_floating_ips: i64,
    max_security_groups: i64,
    max_security_group_rules: i64,
}

#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NetworkUsed {
    total_floating_ips_used: u32,
    total_security_groups_used: u32,
}

/// The answer to whoever asks for a quota set.
pub(super) fn shown(id: &str, limits: &Limits, version: Microversion) -> HttpResponse {
    quota_set(Some(id.to_owned()), values(version, |resource| limits.get(resource).number()))
}

/// The same after a change: without the id (recorded).
pub(super) fn updated(limits: &Limits, version: Microversion) -> HttpResponse {
    quota_set(None, values(version, |resource| limits.get(resource).number()))
}

/// The same with what is used.
pub(super) fn detailed(id: &str, limits: &Limits, version: Microversion) -> HttpResponse {
    let usage = |resource| Usage { limit: limits.get(resource).number(), in_use: 0, reserved: 0 };
    quota_set(Some(id.to_owned()), values(version, usage))
}

fn quota_set<V: Serialize>(id: Option<String>, values: Vec<(Resource, V)>) -> HttpResponse {
    answer::json(HttpResponse::Ok(), answer::JSON, &QuotaSet { quota_set: Members { id, values } })
}

fn values<V>(version: Microversion, value: impl Fn(Resource) -> V) -> Vec<(Resource, V)> {
    let known = Resource::ALL.into_iter().filter(|resource| in_quota_set(*resource, version));
    known.map(|resource| (resource, value(resource))).collect()
}

/// The limits of a class; with the id, unless they were just changed.
pub(super) fn class(id: Option<&str>, limits: &Limits, version: Microversion) -> HttpResponse {
    let known = Resource::ALL.into_iter().filter(|resource| in_class(*resource, version));
    let values = known.map(|resource| (resource, limits.get(resource).number())).collect();
    let quota_class_set = Members { id: id.map(str::to_owned), values };
    answer::json(HttpResponse::Ok(), answer::JSON, &QuotaClassSet { quota_class_set })
}

/// Server groups are taken before they are shown.
fn in_class(resource: Resource, version: Microversion) -> bool {
    let is_late = matches!(resource, Resource::ServerGroups | Resource::ServerGroupMembers);
    super::quota_schema::in_class_body(resource, version) && (!is_late || version >= Microversion::CLASSES_AS_QUOTAS)
}

/// The answer to `limits`.
pub(super) fn limits(limits: &Limits, version: Microversion) -> HttpResponse {
    let of = |resource| limits.get(resource).number();
    let has_network = version < Microversion::NO_NETWORK_QUOTAS;
    let absolute = Absolute {
        max_total_cores: of(Resource::Cores),
        personality: (version < Microversion::NO_INJECTED_FILES).then(|| Personality {
            max_personality: of(Resource::InjectedFiles),
            max_personality_size: of(Resource::InjectedFileContentBytes),
        }),
        max_total_instances: of(Resource::Instances),
        max_total_keypairs: of(Resource::KeyPairs),
        max_server_meta: of(Resource::MetadataItems),
        max_image_meta: (version < Microversion::NO_IMAGE_METADATA).then(|| of(Resource::MetadataItems)),
        max_total_ram_size: of(Resource::Ram),
        max_server_groups: of(Resource::ServerGroups),
        max_server_group_members: of(Resource::ServerGroupMembers),
        network: has_network.then(|| Network {
            max_total_floating_ips: of(Resource::FloatingIps),
            max_security_groups: of(Resource::SecurityGroups),
            max_security_group_rules: of(Resource::SecurityGroupRules),
        }),
        total_ram_used: 0,
        total_cores_used: 0,
        total_instances_used: 0,
        network_used: has_network.then_some(NetworkUsed { total_floating_ips_used: 0, total_security_groups_used: 0 }),
        total_server_groups_used: 0,
    };
    let view = LimitsView { limits: RateAndAbsolute { rate: [], absolute } };
    answer::json(HttpResponse::Ok(), answer::JSON, &view)
}
