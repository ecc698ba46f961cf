//! ECS's actions, for the OpenAPI document.

use super::super::description::{Action, MEMBERS, Parameter, Product, count, long, optional, required, word};
use super::super::reading::PRIVATE_KEY_FORMAT;
use super::{Done, describe, instances, make, regions, tags};
use crate::http::openapi::values::Presence::{Optional, Required};
use crate::http::openapi::{Api, schema_of};

const ECS: Product = Product { id: "ecs", version: "2014-05-26" };

pub(in super::super) fn document(api: &mut Api) {
    api.schema("ecs.Done", schema_of::<Done<'_>>(MEMBERS));
    api.schema("ecs.KeyPairCreated", schema_of::<make::CreatedView<'_>>(MEMBERS));
    api.schema("ecs.KeyPairImported", schema_of::<make::ImportedView<'_>>(MEMBERS));
    api.schema("ecs.KeyPairs", schema_of::<describe::View<'_>>(MEMBERS));
    api.schema("ecs.TagResources", schema_of::<tags::View<'_>>(MEMBERS));
    api.schema("ecs.Regions", schema_of::<regions::View<'_>>(MEMBERS));
    api.schema("ecs.Instances", schema_of::<instances::View<'_>>(MEMBERS));
    for action in key_pairs().into_iter().chain(tagging()).chain(others()) {
        ECS.add(api, action);
    }
}

fn region() -> Parameter {
    required("RegionId", "A name space of its own.")
}

fn name() -> Parameter {
    required("KeyPairName", "2 to 128 characters, a letter first.")
}

/// The first of up to 20: the others have higher numbers.
fn tag() -> [Parameter; 2] {
    [
        optional("Tag.1.Key", "And so on, to `Tag.20.Key`."),
        optional("Tag.1.Value", "Without one, the key alone counts."),
    ]
}

fn group() -> Parameter {
    optional("ResourceGroupId", "One that the operator has named.")
}

fn key_pairs() -> [Action; 4] {
    let format = word(PRIVATE_KEY_FORMAT, "Else as the operator has set it.", &["pkcs1", "pkcs8", "openssh"], Optional);
    let create = [vec![region(), name(), group(), format], tag().to_vec()].concat();
    let public_key = long("PublicKeyBody", "One line of OpenSSH's.");
    let import = [vec![region(), name(), public_key, group()], tag().to_vec()].concat();
    let page = [
        count("PageNumber", "From 1.", i32::MAX),
        count("PageSize", "At most 50.", 50),
        optional("KeyPairName", "With a `*` in front, behind or both, a part of it."),
        optional("KeyPairFingerPrint", "With or without colons."),
        word("IncludePublicKey", "Whether rows have it.", &["true", "false"], Optional),
    ];
    let list = [vec![region(), group()], page.to_vec(), tag().to_vec()].concat();
    let names = long("KeyPairNames", "A JSON array of up to 100 names, as text.");
    [
        Action::answered("CreateKeyPair", "Generate a key pair", create, "ecs.KeyPairCreated"),
        Action::answered("ImportKeyPair", "Import a public key", import, "ecs.KeyPairImported"),
        Action::answered("DescribeKeyPairs", "List key pairs", list, "ecs.KeyPairs"),
        Action::answered("DeleteKeyPairs", "Delete key pairs", vec![region(), names], "ecs.Done"),
    ]
}

fn tagging() -> [Action; 4] {
    let kind = word("ResourceType", "Key pairs are all that has tags here.", &["keypair"], Required);
    let of = |resource: Parameter, further: Vec<Parameter>| [vec![region(), kind.clone(), resource], further].concat();
    let resource = || required("ResourceId.1", "A name; and so on, to `ResourceId.50`.");
    let untag = vec![
        optional("TagKey.1", "And so on, to `TagKey.20`."),
        word("All", "Without keys: all tags.", &["true", "false"], Optional),
    ];
    let next = optional("NextToken", "Where the next page goes on.");
    let list =
        of(optional("ResourceId.1", "A name; and so on, to `ResourceId.50`."), [vec![next], tag().to_vec()].concat());
    let join =
        of(required("ResourceId", "A name."), vec![required("ResourceGroupId", "One that the operator has named.")]);
    [
        Action::answered("TagResources", "Add tags", of(resource(), tag().to_vec()), "ecs.Done"),
        Action::answered("UntagResources", "Take tags away", of(resource(), untag), "ecs.Done"),
        Action::answered("ListTagResources", "List tags", list, "ecs.TagResources"),
        Action::answered("JoinResourceGroup", "Put a key pair into another group", join, "ecs.Done"),
    ]
}

fn others() -> [Action; 4] {
    let bind = || vec![region(), name(), required("InstanceIds", "There are none.")];
    [
        Action::answered("DescribeRegions", "List regions", Vec::new(), "ecs.Regions"),
        Action::answered(
            "DescribeInstances",
            "List instances, of which there are none",
            vec![region()],
            "ecs.Instances",
        ),
        Action::refused("AttachKeyPair", bind()),
        Action::refused("DetachKeyPair", bind()),
    ]
}
