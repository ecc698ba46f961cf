//! The three calls that carry keys, each checked for what it brought.

use std::collections::HashMap;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use bytes::Bytes;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::client::Client;
use super::failure::{Failure, Untrue};
use super::metrics::Operation;
use super::target::{Target, key_id_of};
use crate::domain::{KekId, KekProvider};
use crate::vault::key::Key256;

/// The longest wrapped key that the KMS gives or takes (AWS: `CiphertextBlob`).
const LONGEST_BLOB: usize = 6144;
/// AWS keys have one version each: new material gets a new id, or is chosen by the KMS itself.
const VERSION: i32 = 1;

type Context = HashMap<String, String>;

/// A key as the KMS wrapped it, and by which of its keys.
pub(super) struct Wrapped {
    pub(super) arn: String,
    pub(super) blob: Vec<u8>,
}

/// A fresh key, and the same wrapped.
pub(super) async fn generate(
    client: &Client,
    target: &Target,
    context: Context,
    deadline: Instant,
) -> Result<(Key256, Wrapped), Failure> {
    let asked = client.ask(Operation::GenerateDataKey, deadline, |sdk| {
        let call = sdk.generate_data_key().key_id(&target.key).key_spec(DataKeySpec::Aes256);
        call.set_encryption_context(Some(context)).send()
    });
    let answer = asked.await?;
    let key = plaintext(answer.plaintext)?;
    let arn = target.used(answer.key_id.as_deref())?;
    Ok((key, Wrapped { arn, blob: blob(answer.ciphertext_blob)? }))
}

/// Wraps a key that is there.
pub(super) async fn encrypt(
    client: &Client,
    target: &Target,
    key: &Key256,
    context: Context,
    deadline: Instant,
) -> Result<Wrapped, Failure> {
    let text = Blob::from_maybe_shared(Bytes::from_owner(Zeroizing::new(key.expose().to_vec())));
    let asked = client.ask(Operation::Encrypt, deadline, |sdk| {
        sdk.encrypt().key_id(&target.key).plaintext(text).set_encryption_context(Some(context)).send()
    });
    let answer = asked.await?;
    let arn = target.used(answer.key_id.as_deref())?;
    Ok(Wrapped { arn, blob: blob(answer.ciphertext_blob)? })
}

/// Unwraps, by the key with this ARN and no other.
pub(super) async fn decrypt(
    client: &Client,
    arn: &str,
    wrapped: &[u8],
    context: Context,
    deadline: Instant,
) -> Result<Key256, Failure> {
    let asked = client.ask(Operation::Decrypt, deadline, |sdk| {
        let call = sdk.decrypt().key_id(arn).ciphertext_blob(Blob::new(wrapped));
        call.set_encryption_context(Some(context)).send()
    });
    let answer = asked.await?;
    let key = plaintext(answer.plaintext)?;
    if answer.key_id.as_deref() != Some(arn) {
        return Err(Untrue::OtherKey.into());
    }
    Ok(key)
}

/// The id of a key in the KMS as a row names it.
pub(super) fn kek(provider: KekProvider, arn: String) -> KekId {
    KekId { provider, name: arn, version: VERSION }
}

/// Refuses what no row of ours says, before the KMS is asked.
pub(super) fn check_stored(kek: &KekId, blob: &[u8]) -> Result<(), Untrue> {
    if kek.version != VERSION || key_id_of(&kek.name).is_none() {
        return Err(Untrue::KeyName(kek.name.clone()));
    }
    if blob.is_empty() || blob.len() > LONGEST_BLOB {
        return Err(Untrue::Length(blob.len()));
    }
    Ok(())
}

fn plaintext(answered: Option<Blob>) -> Result<Key256, Untrue> {
    // The answer's own buffer, which is wiped here.
    let bytes = Zeroizing::new(answered.ok_or(Untrue::Missing("a key"))?.into_inner());
    Key256::from_slice(&bytes).ok_or(Untrue::KeyLength(bytes.len()))
}

fn blob(answered: Option<Blob>) -> Result<Vec<u8>, Untrue> {
    let blob = answered.ok_or(Untrue::Missing("a wrapped key"))?.into_inner();
    if blob.is_empty() || blob.len() > LONGEST_BLOB { Err(Untrue::Length(blob.len())) } else { Ok(blob) }
}
