//! The form of a file of vectors, and what the service makes of one.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    InstanceId, KekId, KekProvider, KeyKind, KeyPairId, Owner, PrivateKeyPem, ProjectId, Region, SealedPrivateKey,
    Suite,
};
use crate::vault::binding::Context;
use crate::vault::envelope;
use crate::vault::key::Key256;
use crate::vault::key_wrapper::{DataKey, WrappedKey};
use crate::vault::kms::known;
use crate::vault::{Binding, MasterKeys, RowIds, Vault};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) sealed_by: String,
    /// `opens`, or why it does not.
    pub(super) expect: String,
    pub(super) kek: Kek,
    pub(super) binding: Row,
    pub(super) suite: i32,
    pub(super) data_key: String,
    pub(super) wrapped_data_key: String,
    pub(super) salt: String,
    pub(super) commitment: String,
    pub(super) nonce: String,
    pub(super) ciphertext: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) private_key: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Kek {
    pub(super) provider: String,
    pub(super) name: String,
    pub(super) version: i32,
    pub(super) key: String,
    /// Of a master key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) check_value: Option<String>,
    /// Of a project's key: what the KMS gave for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wrapped_key: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Row {
    pub(super) instance: Uuid,
    pub(super) region: String,
    pub(super) owner: String,
    pub(super) project: Option<String>,
    pub(super) key_pair: Uuid,
    pub(super) kind: String,
    pub(super) public_key: String,
}

/// A row's ids, parsed.
pub(super) struct Ids {
    region: Region,
    owner: Owner,
    project: Option<ProjectId>,
}

impl Row {
    pub(super) fn ids(&self) -> Ids {
        let project = self.project.as_deref().map(|id| ProjectId::parse(id).expect("is a project id"));
        let region = Region::parse(&self.region).expect("is a region");
        Ids { region, owner: Owner::parse(&self.owner).expect("is an owner"), project }
    }

    pub(super) fn binding<'a>(&'a self, ids: &'a Ids) -> Binding<'a> {
        let row = RowIds {
            instance: InstanceId::from_uuid(self.instance),
            region: &ids.region,
            owner: &ids.owner,
            project: ids.project.as_ref(),
            key_pair: KeyPairId::from_uuid(self.key_pair),
        };
        Binding { row, kind: KeyKind::parse(&self.kind).expect("is a kind"), public_key: &self.public_key }
    }
}

impl Kek {
    pub(super) fn id(&self) -> KekId {
        let provider = KekProvider::parse(&self.provider).expect("is a provider");
        KekId { provider, name: self.name.clone(), version: self.version }
    }

    pub(super) fn key(&self) -> Key256 {
        Key256::from_slice(&bytes(&self.key)).expect("32 bytes")
    }

    /// Of a project's key.
    pub(super) fn blob(&self) -> Vec<u8> {
        bytes(self.wrapped_key.as_deref().expect("a project's key is wrapped"))
    }

    /// By way of a master key file, as the service comes by them.
    pub(super) fn master_keys(&self) -> MasterKeys {
        let Self { name, version, .. } = self;
        let key = STANDARD.encode(bytes(&self.key));
        let text = format!("keypaird-master-keys 1\nprimary {name} {version}\nkey {name} {version} {key}\n");
        let file = tempfile::NamedTempFile::new().expect("makes a file");
        fs::write(file.path(), text).expect("writes");
        MasterKeys::load(file.path()).expect("loads")
    }

    /// A vault that opens what is wrapped by this key, with nobody to ask.
    pub(super) async fn vault(&self, row: &RowIds<'_>) -> Vault {
        match self.id().provider {
            KekProvider::Local => Vault::new(self.master_keys()),
            KekProvider::AwsKmsProject => {
                let directory = tempfile::tempdir().expect("makes a directory");
                let others = MasterKeys::create(&directory.path().join("master.key")).expect("makes master keys");
                let kms = known::kms(self.id(), self.key(), self.blob(), row).await;
                Vault::new(others).with_kms(Some(kms))
            }
            KekProvider::AwsKms => panic!("what the KMS wrapped itself has no known answer"),
        }
    }

    /// As the provider writes what the envelope wrapped.
    fn stored(&self, wrapping: Vec<u8>) -> Vec<u8> {
        match self.id().provider {
            KekProvider::Local => wrapping,
            KekProvider::AwsKmsProject => known::stored(&self.blob(), &wrapping),
            KekProvider::AwsKms => panic!("what the KMS wrapped itself has no known answer"),
        }
    }
}

impl Vector {
    pub(super) fn sealed(&self) -> SealedPrivateKey {
        SealedPrivateKey {
            suite: Suite::from_number(self.suite).expect("is a suite"),
            kek: self.kek.id(),
            kek_alias: None,
            wrapped_data_key: bytes(&self.wrapped_data_key),
            salt: bytes(&self.salt),
            commitment: bytes(&self.commitment),
            nonce: bytes(&self.nonce),
            ciphertext: bytes(&self.ciphertext),
        }
    }

    /// Seals the vector's text again with the vector's data key, salts and nonce.
    pub(super) fn seal_again(&self, binding: &Binding<'_>, text: &str) -> SealedPrivateKey {
        let data_key = DataKey::new(Key256::from_slice(&bytes(&self.data_key)).expect("32 bytes"));
        let kek = self.kek.id();
        let wrapped = bytes(&self.wrapped_data_key);
        // Whatever stands in front of it: the salt, the encrypted data key and its tag come last.
        let wrap_salt = *wrapped[wrapped.len() - 80..].first_chunk().expect("32 bytes");
        let context = Context::of_data_key(&kek, binding);
        let wrapping = envelope::wrap_with(&self.kek.key(), wrap_salt, &context, &data_key).expect("wraps");
        let (salt, nonce) = (bytes(&self.salt), bytes(&self.nonce));
        let (salt, nonce) = (salt.try_into().expect("32 bytes"), nonce.try_into().expect("12 bytes"));
        let key = PrivateKeyPem::new(text.to_owned());
        let wrapped = WrappedKey { kek, alias: None, bytes: self.kek.stored(wrapping) };
        let suite = Suite::from_number(self.suite).expect("is a suite");
        envelope::seal_with(suite, &data_key, wrapped, salt, nonce, binding, &key).expect("seals")
    }
}

pub(super) fn read(path: &Path) -> Vec<Vector> {
    let File { vectors } = serde_json::from_slice(&fs::read(path).expect("reads")).expect("is a vector file");
    vectors
}

pub(super) fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).expect("is hexadecimal")
}
