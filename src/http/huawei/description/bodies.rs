//! What KPS is sent and writes, by name.

use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType};

use super::super::body::LONGEST_DESCRIPTION;
use super::super::v2_1::view as v2_1;
use super::super::v3::servers::Tasks;
use super::super::v3::view as v3;
use super::super::view::Made;
use super::MEMBERS;
use crate::http::extensions::{self, FORMAT, KEY_PROTECTION};
use crate::http::openapi::values::Further::{Ignored, Refused};
use crate::http::openapi::values::Presence::{Optional, Required};
use crate::http::openapi::values::{Property, object, one_of, schema, text, text_of, wrapped};
use crate::http::openapi::{Api, schema_of};

/// What a list shows of a key pair beside its name, which clients send back.
const SHOWN: [&str; 6] = ["type", "scope", "public_key", "fingerprint", "is_key_protection", "frozen_state"];
const NAME: &str = "^[A-Za-z0-9_-]+$";

pub(super) fn schemas(api: &mut Api) {
    out(api);
    api.schema("kps.CreateKeyPairV2", wrapped("keypair", object(new_key_pair(v2_1::LONGEST_NAME), Refused), Refused));
    let mut members = new_key_pair(v3::LONGEST_NAME);
    members.push(("scope", schema(one_of(&["user", "domain"])), Optional));
    let create = wrapped("keypair", object(members, Refused), Refused);
    api.schema("kps.CreateKeyPairV3", create.clone());
    api.schema("kps.BatchImport", batch(create));
    let description = schema(text_of(0, LONGEST_DESCRIPTION));
    api.schema("kps.Describe", wrapped("keypair", object([("description", description, Required)], Refused), Refused));
    let named = || ("name", schema(text_of(1, 255)), Required);
    let format = schema(one_of(&["pkcs1", "pkcs8", "openssh"]));
    let passphrase = schema(text().description(Some("To encrypt the private key with; the format is then openssh.")));
    let export = [named(), (FORMAT, format, Optional), ("passphrase", passphrase, Optional)];
    api.schema("kps.Export", wrapped("keypair", object(export, Refused), Refused));
    let user = ("user_id", schema(text_of(0, 255)), Optional);
    let import = [named(), user, (KEY_PROTECTION, extensions::protection_object(), Required)];
    api.schema("kps.ImportPrivateKey", wrapped("keypair", object(import, Refused), Refused));
    let row = object([named()].into_iter().chain(SHOWN.map(|name| (name, anything(), Optional))), Refused);
    api.schema("kps.BatchExport", batch(wrapped("keypair", row, Refused)));
}

/// Of any type: it is not looked at.
fn anything() -> Schema {
    schema(ObjectBuilder::new().schema_type(SchemaType::AnyValue))
}

fn out(api: &mut Api) {
    api.schema("kps.KeyPairCreated", key_pair::<Made>());
    api.schema("kps.KeyPairsV2", schema_of::<v2_1::List<'_>>(MEMBERS));
    api.schema("kps.KeyPairV2", key_pair::<v2_1::Detail<'_>>());
    api.schema("kps.KeyPairsV3", schema_of::<v3::List<'_>>(MEMBERS));
    api.schema("kps.KeyPairV3", key_pair::<v3::Detail<'_>>());
    api.schema("kps.Released", key_pair::<v3::Released>());
    api.schema("kps.Named", key_pair::<v3::Named<'_>>());
    api.schema("kps.BatchImported", schema_of::<v3::BatchImported>(MEMBERS));
    api.schema("kps.Tasks", schema_of::<Tasks>(MEMBERS));
    api.schema("kps.Archive", schema(text().content_media_type("application/zip")));
}

/// As it stands under its name.
fn key_pair<T: ToSchema>() -> Schema {
    wrapped("keypair", schema_of::<T>(MEMBERS), Ignored)
}

fn new_key_pair(longest: usize) -> Vec<Property> {
    let own = [
        ("name", schema(text_of(1, longest).pattern(Some(NAME))), Required),
        ("type", schema(one_of(&["ssh", "x509"])), Optional),
        ("public_key", schema(text()), Optional),
        ("user_id", schema(text_of(0, 255)), Optional),
    ];
    own.into_iter().chain(extensions::properties()).collect()
}

fn batch(item: Schema) -> Schema {
    let batch = ArrayBuilder::new().items(utoipa::openapi::RefOr::T(item));
    Schema::Array(batch.min_items(Some(1)).max_items(Some(v3::LARGEST_BATCH)).build())
}
