//! Limits: quota sets, quota classes, `limits`.

use utoipa::openapi::Schema;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Put};

use super::super::PREFIXES;
use super::super::quota_schema::{NO, YES};
use super::super::quota_view::{LimitsView, Usage};
use super::refusals::refusal;
use super::{MEMBERS, Place};
use crate::domain::{Limit, Resource};
use crate::http::openapi::values::{
    Further, Presence, Property, any_of, boolean, number, object, one_of, schema, text, wrapped,
};
use crate::http::openapi::{Answer, Api, Described, schema_of};

const QUOTAS: &str = "nova: quotas";
const ABOUT: &str = "Networks' limits are members until 2.35, those of injected files until 2.56.";
const ABOUT_CLASS: &str = "Networks' limits are members until 2.49, those of injected files until 2.56; those of server groups are shown from 2.50 on.";

pub(super) fn describe(api: &mut Api) {
    schemas(api);
    for (place, prefix) in Place::ALL.into_iter().zip(PREFIXES) {
        quota_set(api, place, &format!("{prefix}/os-quota-sets/{{id}}"));
        quota_class(api, place, &format!("{prefix}/os-quota-class-sets/{{id}}"));
        let limits = described(place, "limits", "What the project may have, in short");
        let limits = limits.query("tenant_id", "Another project, for an administrator.", text());
        let limits = limits.answers(200, Answer::new("The limits.").json("nova.Limits")).refuses(&[400, 403], refusal);
        api.add(Get, &format!("{prefix}/limits"), limits);
    }
}

fn schemas(api: &mut Api) {
    api.schema("nova.Limits", schema_of::<LimitsView>(MEMBERS));
    api.schema("nova.QuotaSet", answer("quota_set", most()));
    api.schema("nova.QuotaSetDetail", answer("quota_set", schema_of::<Usage>(MEMBERS)));
    api.schema("nova.QuotaClassSet", answer("quota_class_set", most()));
    let words: Vec<&str> = YES.into_iter().chain(NO).collect();
    let force = any_of([schema(boolean()), schema(one_of(&words))]);
    api.schema("nova.UpdateQuotaSet", body("quota_set", vec![("force", force, Presence::Optional)]));
    api.schema("nova.UpdateQuotaClassSet", body("quota_class_set", Vec::new()));
}

/// A limit, as it is shown: -1 is none.
fn most() -> Schema {
    schema(number(-1, i32::MAX))
}

/// A limit, as it is taken: also in quotes.
fn wanted() -> Schema {
    debug_assert_eq!(i64::from(Limit::LARGEST), i64::from(i32::MAX));
    any_of([most(), schema(text().pattern(Some("^(-1|[0-9]{1,9})$")))])
}

fn answer(name: &'static str, value: Schema) -> Schema {
    let id = ("id", schema(text()), Presence::Optional);
    let limits = Resource::ALL.into_iter().map(|resource| (resource.as_str(), value.clone(), presence(resource)));
    let limits: Vec<Property> = [id].into_iter().chain(limits).collect();
    wrapped(name, object(limits, Further::Ignored), Further::Ignored)
}

/// Which are there at every version.
fn presence(resource: Resource) -> Presence {
    match resource {
        Resource::Cores | Resource::Instances | Resource::KeyPairs | Resource::MetadataItems | Resource::Ram => {
            Presence::Required
        }
        Resource::FixedIps
        | Resource::FloatingIps
        | Resource::SecurityGroupRules
        | Resource::SecurityGroups
        | Resource::InjectedFileContentBytes
        | Resource::InjectedFilePathBytes
        | Resource::InjectedFiles
        | Resource::ServerGroupMembers
        | Resource::ServerGroups => Presence::Optional,
    }
}

/// Of any version's body; the frozen API takes further members, and drops them.
fn body(name: &'static str, mut members: Vec<Property>) -> Schema {
    members.extend(Resource::ALL.into_iter().map(|resource| (resource.as_str(), wanted(), Presence::Optional)));
    wrapped(name, object(members, Further::Refused), Further::Refused)
}

fn described(place: Place, id: &str, summary: &str) -> Described {
    place.operation(QUOTAS, id, summary)
}

fn quota_set(api: &mut Api, place: Place, path: &str) {
    let user = |described: Described| described.query("user_id", "Of that user in the project.", text());
    let shown = |schema: &str| Answer::new("The limits.").json(schema);
    let show = user(described(place, "show_quotas", "Show a project's limits").about(ABOUT));
    api.add(Get, path, show.answers(200, shown("nova.QuotaSet")).refuses(&[400, 403], refusal));
    let detail = user(described(place, "show_quotas_in_detail", "Show them beside what is used").about(ABOUT));
    let detail = detail.answers(200, shown("nova.QuotaSetDetail")).refuses(&[400, 403], refusal);
    api.add(Get, &format!("{path}/detail"), detail);
    let defaults =
        described(place, "show_default_quotas", "Show what it would have without limits of its own").about(ABOUT);
    let defaults = defaults.answers(200, shown("nova.QuotaSet")).refuses(&[400, 403], refusal);
    api.add(Get, &format!("{path}/defaults"), defaults);
    let update = user(described(place, "update_quotas", "Change a project's or a user's limits").about(ABOUT));
    let update = update
        .body("nova.UpdateQuotaSet")
        .answers(200, Answer::new("All limits as they are now, without the id.").json("nova.QuotaSet"));
    api.add(Put, path, update.refuses(&[400, 403, 408, 415], refusal));
    let delete = user(described(place, "delete_quotas", "Go back to the limits that all have"));
    api.add(Delete, path, delete.answers(202, Answer::new("Done.")).refuses(&[400, 403], refusal));
}

fn quota_class(api: &mut Api, place: Place, path: &str) {
    let show = described(place, "show_quota_class", "Show the limits of a class").about(ABOUT_CLASS);
    let show = show.answers(200, Answer::new("The limits.").json("nova.QuotaClassSet")).refuses(&[400, 403], refusal);
    api.add(Get, path, show);
    let update = described(place, "update_quota_class", "Change them; those of `default` hold for everybody else")
        .about(ABOUT_CLASS);
    let update = update
        .body("nova.UpdateQuotaClassSet")
        .answers(200, Answer::new("All limits as they are now.").json("nova.QuotaClassSet"));
    api.add(Put, path, update.refuses(&[400, 403, 408, 415], refusal));
}
