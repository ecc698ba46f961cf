//! CreateKeyPair and ImportKeyPair.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Call;
use super::super::names::{self, Letters, fingerprint, key_pair_id};
use super::super::reading::{PRIVATE_KEY_FORMAT, private_key_format};
use super::super::refusal::Refusal;
use super::ROOT;
use super::refusals::{invalid, missing, refused};
use crate::domain::{KeyAlgorithm, KeyKind, KeyPairName, Labels, PrivateKeyPem};
use crate::http::State;
use crate::service::{Created, Custody, NewKeyPair, Origin, Whose};
use crate::ssh::{Algorithm, LineEnd, parse_ssh};

/// The shortest RSA key that is imported, in bits, where `keypair.min_rsa_bits` wants no longer ones.
const MIN_RSA_BITS: u32 = 1024;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatedView<'a> {
    key_pair_finger_print: String,
    key_pair_id: String,
    key_pair_name: &'a str,
    #[serde(serialize_with = "PrivateKeyPem::serialize_exposed")]
    #[schema(value_type = String)]
    private_key_body: Option<PrivateKeyPem>,
    request_id: &'a str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImportedView<'a> {
    key_pair_finger_print: String,
    key_pair_name: &'a str,
    request_id: &'a str,
}

/// An RSA key of 2048 bits, as documented. Its private key goes out this once.
pub(super) async fn create(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let name = new_name(call)?;
    let format = private_key_format(call, state.alibaba.settings.private_key_format);
    let origin = Origin::Generate {
        algorithm: Some(Algorithm::Rsa2048),
        format: Some(format.ok_or_else(|| invalid(PRIVATE_KEY_FORMAT))?),
        line_end: LineEnd::None,
        custody: Custody::ReturnOnce,
    };
    let Created { pair, private_key } = make(call, state, name, origin).await?;
    let view = CreatedView {
        key_pair_finger_print: fingerprint(&pair, state.alibaba.settings.fingerprint_format),
        key_pair_id: key_pair_id(&pair),
        key_pair_name: pair.name.as_str(),
        private_key_body: private_key,
        request_id: call.request_id(),
    };
    call.answer_unstored(ROOT, &view)
}

/// RSA keys alone, as documented.
pub(super) async fn import(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let public_key = call.parameters.get("PublicKeyBody").map(str::trim);
    let name = new_name(call)?;
    let public_key = public_key.ok_or_else(missing)?;
    let parsed = parse_ssh(public_key, MIN_RSA_BITS).map_err(refused)?;
    if !matches!(parsed.algorithm, KeyAlgorithm::Rsa { .. }) {
        return Err(invalid("PublicKeyBody"));
    }
    let origin = Origin::Import { public_key: public_key.to_owned(), keep: None };
    let Created { pair, private_key: _ } = make(call, state, name, origin).await?;
    let view = ImportedView {
        key_pair_finger_print: fingerprint(&pair, state.alibaba.settings.fingerprint_format),
        key_pair_name: pair.name.as_str(),
        request_id: call.request_id(),
    };
    call.answer(ROOT, &view)
}

async fn make(call: &Call, state: &State, name: KeyPairName, origin: Origin) -> Result<Created, Refusal> {
    let whose = Whose::Project(call.project.clone());
    let new = NewKeyPair { whose, name, kind: KeyKind::Ssh, origin, labels: Labels::default() };
    state.alibaba.ens.create(&call.caller, &call.via, new).await.map_err(refused)
}

fn new_name(call: &Call) -> Result<KeyPairName, Refusal> {
    let raw = call.parameters.get("KeyPairName").ok_or_else(missing)?;
    names::name(raw, Letters::Ascii).ok_or_else(|| invalid("KeyPairName"))
}
