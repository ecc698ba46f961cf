//! What Nova is sent to make a key pair, as each microversion takes it.

use serde_json::json;
use utoipa::openapi::Schema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::ObjectBuilder;

use super::super::microversion::Microversion;
use super::super::name::LONGEST;
use crate::http::extensions;
use crate::http::openapi::Api;
use crate::http::openapi::values::{Further, Presence, any_of, object, one_of, schema, text, text_of, wrapped};

pub(super) const CREATE: &str = "nova.CreateKeyPair";
pub(super) const CREATE_FROZEN: &str = "nova.CreateKeyPairFrozen";

/// Neither begins nor ends with a blank.
const NAME: &str = "^[_a-zA-Z0-9-]([_ a-zA-Z0-9-]*[_a-zA-Z0-9-])?$";
const NAME_FROM_2_92: &str = "^[_@.a-zA-Z0-9-]([_@. a-zA-Z0-9-]*[_@.a-zA-Z0-9-])?$";

pub(super) fn schemas(api: &mut Api) {
    let before = |later: Microversion| later.before();
    let (first, types, users, imports) =
        (Microversion::OLDEST, Microversion::KEY_TYPE, Microversion::USER_ID, Microversion::IMPORT_ONLY);
    let versions = [
        create(first, before(types), Further::Refused),
        create(types, before(users), Further::Refused),
        create(users, before(imports), Further::Refused),
        create(imports, Microversion::NEWEST, Further::Refused),
    ];
    api.schema(CREATE, any_of(versions));
    // It drops members that it does not know.
    api.schema(CREATE_FROZEN, create(Microversion::FROZEN, Microversion::FROZEN, Further::Ignored));
}

/// The body as versions from `since` to `until` take it.
fn create(since: Microversion, until: Microversion, further: Further) -> Schema {
    let is_import = since >= Microversion::IMPORT_ONLY;
    let name = text_of(1, LONGEST).pattern(Some(if is_import { NAME_FROM_2_92 } else { NAME }));
    let public_key = if is_import { Presence::Required } else { Presence::Optional };
    let mut members = vec![("name", schema(name), Presence::Required), ("public_key", schema(text()), public_key)];
    if since >= Microversion::KEY_TYPE {
        members.push(("type", schema(one_of(&["ssh", "x509"])), Presence::Optional));
    }
    if since >= Microversion::USER_ID {
        members.push(("user_id", schema(text_of(0, 255)), Presence::Optional));
    }
    members.extend(extensions::properties());
    let body = wrapped("keypair", object(members, further), further);
    for_versions(body, since, until)
}

/// Says of a schema which microversions it is for, as OpenStack's own descriptions do.
pub(super) fn for_versions(schema: Schema, since: Microversion, until: Microversion) -> Schema {
    let bounds = json!({ "min-ver": since.to_string(), "max-ver": until.to_string() });
    match schema {
        Schema::Object(object) => {
            let extensions = ExtensionsBuilder::new().add("x-openstack", bounds).build();
            let object = ObjectBuilder::from(object).title(Some(format!("{since} to {until}")));
            Schema::Object(object.extensions(Some(extensions)).build())
        }
        other => other,
    }
}
