//! ENS's actions, for the OpenAPI document.

use super::super::description::{Action, MEMBERS, Parameter, Product, count, long, optional, required, word};
use super::super::reading::PRIVATE_KEY_FORMAT;
use super::{Done, describe, make, regions};
use crate::http::openapi::values::Presence::Optional;
use crate::http::openapi::{Api, schema_of};

const ENS: Product = Product { id: "ens", version: "2017-11-10" };

pub(in super::super) fn document(api: &mut Api) {
    api.schema("ens.Done", schema_of::<Done<'_>>(MEMBERS));
    api.schema("ens.KeyPairCreated", schema_of::<make::CreatedView<'_>>(MEMBERS));
    api.schema("ens.KeyPairImported", schema_of::<make::ImportedView<'_>>(MEMBERS));
    api.schema("ens.KeyPairs", schema_of::<describe::View<'_>>(MEMBERS));
    api.schema("ens.Regions", schema_of::<regions::View<'_>>(MEMBERS));
    for action in actions() {
        ENS.add(api, action);
    }
}

fn actions() -> [Action; 7] {
    let name = || required("KeyPairName", "2 to 128 characters, a letter first.");
    let format = word(PRIVATE_KEY_FORMAT, "Else as the operator has set it.", &["pkcs1", "pkcs8", "openssh"], Optional);
    let import = vec![name(), long("PublicKeyBody", "One line of OpenSSH's, an RSA key.")];
    let named =
        || -> Vec<Parameter> { vec![optional("KeyPairName", "By its name."), optional("KeyPairId", "By its id.")] };
    let page = vec![count("PageNumber", "From 1.", i32::MAX), count("PageSize", "At most 100.", 100)];
    let list = [named(), page].concat();
    let bind = || vec![name(), required("InstanceIds", "There are none.")];
    let region = vec![optional("EnsRegionId", "That one alone.")];
    [
        Action::answered("CreateKeyPair", "Generate a key pair", vec![name(), format], "ens.KeyPairCreated"),
        Action::answered("ImportKeyPair", "Import a public key", import, "ens.KeyPairImported"),
        Action::answered("DescribeKeyPairs", "List key pairs", list, "ens.KeyPairs"),
        Action::answered("DeleteKeyPairs", "Delete a key pair, by name, by id or by both", named(), "ens.Done"),
        Action::answered("DescribeEnsRegions", "List regions, of which there is one", region, "ens.Regions"),
        Action::refused("AttachKeyPair", bind()),
        Action::refused("DetachKeyPair", bind()),
    ]
}
