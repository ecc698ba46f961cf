//! CreateKeyPair and ImportKeyPair.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::names::{Letters, fingerprint, key_pair_id};
use super::super::reading::{PRIVATE_KEY_FORMAT, private_key_format};
use super::super::refusal::Refusal;
use super::reading::{key_pairs, new_name, required, resource_group};
use super::refusals::{bad_public_key, invalid, refused};
use super::tag_rules::{self, Values};
use crate::domain::{KeyAlgorithm, KeyKind, KeyPairName, Labels, PrivateKeyPem};
use crate::http::State;
use crate::service::{Created, Custody, NewKeyPair, Origin, Whose};
use crate::ssh::{Algorithm, LineEnd, parse_ssh};

/// The shortest RSA key that is imported, in bits, where `keypair.min_rsa_bits` wants no longer ones.
const MIN_RSA_BITS: u32 = 1024;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatedView<'a> {
    request_id: &'a str,
    key_pair_name: &'a str,
    key_pair_id: String,
    key_pair_finger_print: String,
    #[serde(serialize_with = "PrivateKeyPem::serialize_exposed")]
    #[schema(value_type = String)]
    private_key_body: Option<PrivateKeyPem>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImportedView<'a> {
    request_id: &'a str,
    key_pair_name: &'a str,
    key_pair_finger_print: String,
}

/// An RSA key of 2048 bits, as documented. Its private key goes out this once.
pub(super) async fn create(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (region, name) = (required(call, "RegionId")?, required(call, "KeyPairName")?);
    let key_pairs = key_pairs(region, state)?;
    let name = new_name(name, Letters::Ascii)?;
    let labels = labels(call, state, Values::OfCreate)?;
    let format = private_key_format(call, state.alibaba.settings.private_key_format);
    let origin = Origin::Generate {
        algorithm: Some(Algorithm::Rsa2048),
        format: Some(format.ok_or_else(|| invalid(PRIVATE_KEY_FORMAT))?),
        line_end: LineEnd::None,
        custody: Custody::ReturnOnce,
    };
    let new = new_key_pair(call, name, labels, origin);
    let Created { pair, private_key } = key_pairs.create(&call.caller, &call.via, new).await.map_err(refused)?;
    let view = CreatedView {
        request_id: call.request_id(),
        key_pair_name: pair.name.as_str(),
        key_pair_id: key_pair_id(&pair),
        key_pair_finger_print: fingerprint(&pair, state.alibaba.settings.fingerprint_format),
        private_key_body: private_key,
    };
    call.answer_unstored("CreateKeyPairResponse", &view)
}

pub(super) async fn import(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (region, name) = (required(call, "RegionId")?, required(call, "KeyPairName")?);
    // Clients compare it without the white space around it.
    let public_key = required(call, "PublicKeyBody")?.trim();
    let key_pairs = key_pairs(region, state)?;
    let name = new_name(name, Letters::Any)?;
    let labels = labels(call, state, Values::Others)?;
    check_public_key(public_key)?;
    let origin = Origin::Import { public_key: public_key.to_owned(), keep: None };
    let new = new_key_pair(call, name, labels, origin);
    let Created { pair, private_key: _ } = key_pairs.create(&call.caller, &call.via, new).await.map_err(refused)?;
    let view = ImportedView {
        request_id: call.request_id(),
        key_pair_name: pair.name.as_str(),
        key_pair_finger_print: fingerprint(&pair, state.alibaba.settings.fingerprint_format),
    };
    call.answer("ImportKeyPairResponse", &view)
}

fn new_key_pair(call: &Call, name: KeyPairName, labels: Labels, origin: Origin) -> NewKeyPair {
    NewKeyPair { whose: Whose::Project(call.project.clone()), name, kind: KeyKind::Ssh, origin, labels }
}

fn labels(call: &Call, state: &State, rule: Values) -> Result<Labels, Refusal> {
    let most = state.alibaba.settings.tags_per_key_pair;
    let tags = tag_rules::tags(&call.parameters, most, rule)?;
    Ok(Labels { tags, resource_group: resource_group(call, state)? })
}

/// Of the kinds that Nova takes, ECS documents RSA and ECDSA; DSA is broken, and keys on hardware tokens nobody's servers
/// know. Ed25519 is taken though it is not documented: it is what people have.
fn check_public_key(text: &str) -> Result<(), Refusal> {
    let parsed = parse_ssh(text, MIN_RSA_BITS).map_err(|_| bad_public_key())?;
    match parsed.algorithm {
        KeyAlgorithm::Rsa { .. }
        | KeyAlgorithm::Ed25519
        | KeyAlgorithm::EcdsaP256
        | KeyAlgorithm::EcdsaP384
        | KeyAlgorithm::EcdsaP521 => Ok(()),
        KeyAlgorithm::Dsa | KeyAlgorithm::SkEd25519 | KeyAlgorithm::SkEcdsaP256 => Err(bad_public_key()),
    }
}
