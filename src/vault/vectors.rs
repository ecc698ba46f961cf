//! The known answers of tests/vectors/envelope.json, which tests/vectors/envelope.py checks and makes independently.
//!
//! `ENVELOPE_VECTORS=FILE cargo test known_answers` reads another file, such as one that `envelope.py seal` has just
//! made; `ENVELOPE_OUT=FILE cargo test -- --ignored fresh_vectors` writes one for `envelope.py verify`.

use std::path::PathBuf;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::binding::Context;
use super::envelope;
use super::key::Key256;
use super::key_wrapper::{DataKey, KeyChoice, KeyWrapper, WrappedKey};
use super::local::LocalKeys;
use super::stored::Broken;
use super::{Binding, MasterKeys, RowIds, Vault};
use crate::domain::{
    Error, InstanceId, KekId, KekProvider, KeyKind, KeyPairId, Owner, PrivateKeyPem, ProjectId, Region, Result,
    SealedPrivateKey, Suite,
};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize, Serialize)]
struct Vector {
    name: String,
    sealed_by: String,
    /// `opens`, or why it does not.
    expect: String,
    kek: Kek,
    binding: Row,
    suite: i32,
    data_key: String,
    wrapped_data_key: String,
    salt: String,
    commitment: String,
    nonce: String,
    ciphertext: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Kek {
    provider: String,
    name: String,
    version: i32,
    key: String,
    check_value: String,
}

#[derive(Deserialize, Serialize)]
struct Row {
    instance: Uuid,
    region: String,
    owner: String,
    project: Option<String>,
    key_pair: Uuid,
    kind: String,
    public_key: String,
}

/// A row's ids, parsed.
struct Ids {
    region: Region,
    owner: Owner,
    project: Option<ProjectId>,
}

impl Row {
    fn ids(&self) -> Ids {
        let project = self.project.as_deref().map(|id| ProjectId::parse(id).expect("is a project id"));
        let region = Region::parse(&self.region).expect("is a region");
        Ids { region, owner: Owner::parse(&self.owner).expect("is an owner"), project }
    }

    fn binding<'a>(&'a self, ids: &'a Ids) -> Binding<'a> {
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
    fn id(&self) -> KekId {
        let provider = KekProvider::parse(&self.provider).expect("is a provider");
        KekId { provider, name: self.name.clone(), version: self.version }
    }

    fn key(&self) -> Key256 {
        Key256::from_slice(&bytes(&self.key)).expect("32 bytes")
    }

    /// By way of a master key file, as the service comes by them.
    fn master_keys(&self) -> MasterKeys {
        let Self { name, version, .. } = self;
        let key = STANDARD.encode(bytes(&self.key));
        let text = format!("keypaird-master-keys 1\nprimary {name} {version}\nkey {name} {version} {key}\n");
        let file = tempfile::NamedTempFile::new().expect("makes a file");
        fs::write(file.path(), text).expect("writes");
        MasterKeys::load(file.path()).expect("loads")
    }
}

impl Vector {
    fn sealed(&self) -> SealedPrivateKey {
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
    fn seal_again(&self, binding: &Binding<'_>, text: &str) -> SealedPrivateKey {
        let data_key = DataKey::new(Key256::from_slice(&bytes(&self.data_key)).expect("32 bytes"));
        let kek = self.kek.id();
        let wrap_salt = bytes(&self.wrapped_data_key)[1..33].try_into().expect("32 bytes");
        let context = Context::of_data_key(&kek, binding);
        let wrapped = envelope::wrap_with(&self.kek.key(), wrap_salt, &context, &data_key).expect("wraps");
        let (salt, nonce) = (bytes(&self.salt), bytes(&self.nonce));
        let (salt, nonce) = (salt.try_into().expect("32 bytes"), nonce.try_into().expect("12 bytes"));
        let key = PrivateKeyPem::new(text.to_owned());
        let wrapped = WrappedKey { kek, alias: None, bytes: wrapped };
        let suite = Suite::from_number(self.suite).expect("is a suite");
        envelope::seal_with(suite, &data_key, wrapped, salt, nonce, binding, &key).expect("seals")
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).expect("is hexadecimal")
}

/// The word of a vector's `expect`.
fn outcome(opened: &Result<PrivateKeyPem>) -> &'static str {
    match opened {
        Ok(_) => "opens",
        Err(Error::Integrity(source)) => match source.downcast_ref().expect("says what is broken") {
            Broken::Length { .. } => "length",
            Broken::ForbiddenSuite(_) => "forbidden suite",
            Broken::UnknownMasterKey(_) => "unknown master key",
            Broken::WrapFormat => "wrap-format",
            Broken::Wrapping => "wrapping",
            Broken::Commitment => "commitment",
            Broken::Ciphertext => "ciphertext",
            Broken::NotText => "text",
            Broken::NoAlias => "no alias",
        },
        Err(other) => panic!("not an integrity failure: {other:?}"),
    }
}

#[tokio::test]
async fn s13_known_answers_open_and_are_sealed_again_to_the_byte_or_are_refused_for_their_reason() {
    let path = env::var_os("ENVELOPE_VECTORS").map_or_else(|| "tests/vectors/envelope.json".into(), PathBuf::from);
    let File { vectors } = serde_json::from_slice(&fs::read(path).expect("reads")).expect("is a vector file");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let name = &vector.name;
        let (ids, sealed, master_keys) = (vector.binding.ids(), vector.sealed(), vector.kek.master_keys());
        assert_eq!(master_keys.check_values(), [(vector.kek.id(), bytes(&vector.kek.check_value))], "{name}");
        let binding = vector.binding.binding(&ids);
        let opened = Vault::new(master_keys).open(&sealed, &binding).await;
        assert_eq!(outcome(&opened), vector.expect, "{name}");
        let Ok(opened) = opened else { continue };
        let text = vector.private_key.as_deref().expect("an opening vector has its text");
        assert_eq!(opened.expose(), text, "{name}");
        let again = vector.seal_again(&binding, text);
        assert_eq!(again.wrapped_data_key, sealed.wrapped_data_key, "{name}");
        assert_eq!(again.commitment, sealed.commitment, "{name}");
        assert_eq!(again.ciphertext, sealed.ciphertext, "{name}");
    }
}

#[tokio::test]
async fn s09_a_ciphertext_that_opens_under_two_keys_is_refused_by_its_commitment() {
    let File { vectors } =
        serde_json::from_slice(&fs::read("tests/vectors/envelope.json").expect("reads")).expect("is a vector file");
    let name = "a ciphertext crafted to open under two data keys";
    let crafted = vectors.iter().find(|vector| vector.name == name).expect("is there");
    let ids = crafted.binding.ids();
    let opened = Vault::new(crafted.kek.master_keys()).open(&crafted.sealed(), &crafted.binding.binding(&ids)).await;
    assert_eq!(outcome(&opened), "commitment");
}

#[tokio::test]
#[ignore = "writes a file for the independent implementation"]
async fn s13_fresh_vectors_are_written_for_the_independent_implementation() {
    let (aes, chacha) = (Suite::Aes256GcmHkdfSha512Commit, Suite::ChaCha20Poly1305HkdfSha512Commit);
    let rows = [
        (aes, "a key of a user", "u:alice", Some("demo"), "ssh"),
        (aes, "a key of a project", "p:demo", None, "x509"),
        (chacha, "suite 2: a key of a user", "u:alice", Some("demo"), "ssh"),
        (chacha, "suite 2: a key of a project", "p:demo", None, "x509"),
    ];
    let mut vectors = Vec::new();
    for (suite, name, owner, project, kind) in rows {
        vectors.push(fresh_vector(suite, name, owner, project, kind).await);
    }
    let path = env::var_os("ENVELOPE_OUT").expect("ENVELOPE_OUT names the file");
    let text = serde_json::to_string_pretty(&json!({ "vectors": vectors })).expect("is written");
    fs::write(path, text + "\n").expect("writes");
}

async fn fresh_vector(suite: Suite, name: &str, owner: &str, project: Option<&str>, kind: &str) -> Vector {
    let key = envelope::random_key().expect("draws a key");
    let mut kek = Kek {
        provider: "local".to_owned(),
        name: "default".to_owned(),
        version: 1,
        key: hex::encode(key.expose()),
        check_value: String::new(),
    };
    kek.check_value = hex::encode(&kek.master_keys().check_values()[0].1);
    let row = Row {
        instance: Uuid::new_v4(),
        region: "RegionOne".to_owned(),
        owner: owner.to_owned(),
        project: project.map(str::to_owned),
        key_pair: Uuid::now_v7(),
        kind: kind.to_owned(),
        public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA alice@example".to_owned(),
    };
    let ids = row.ids();
    let text = format!("-----BEGIN TEST KEY-----\n{}\n-----END TEST KEY-----\n", Uuid::new_v4());
    let keys = LocalKeys::from(kek.master_keys());
    let binding = row.binding(&ids);
    let data_key = keys.generate(&KeyChoice::Primary, &binding.row).await.expect("generates").data_key;
    let wrapped = keys.wrap(&KeyChoice::Primary, &data_key, &binding).await.expect("wraps");
    let key = PrivateKeyPem::new(text.clone());
    let sealed = envelope::seal(suite, &data_key, wrapped, &binding, &key).expect("seals");
    Vector {
        name: name.to_owned(),
        sealed_by: "the service".to_owned(),
        expect: "opens".to_owned(),
        kek,
        suite: sealed.suite.number(),
        data_key: hex::encode(data_key.key().expose()),
        wrapped_data_key: hex::encode(&sealed.wrapped_data_key),
        salt: hex::encode(&sealed.salt),
        commitment: hex::encode(&sealed.commitment),
        nonce: hex::encode(&sealed.nonce),
        ciphertext: hex::encode(&sealed.ciphertext),
        private_key: Some(text),
        binding: row,
    }
}
