//! The known answers of tests/vectors/envelope.json, which tests/vectors/envelope.py checks and makes independently.
//!
//! `ENVELOPE_VECTORS=FILE cargo test known_answers` reads another file, such as one that `envelope.py seal` has just
//! made; `ENVELOPE_OUT=FILE cargo test -- --ignored fresh_vectors` writes one for `envelope.py verify`.

mod file;

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::json;
use uuid::Uuid;

use self::file::{Kek, Row, Vector, bytes};
use super::Binding;
use super::envelope;
use super::key_wrapper::{DataKey, KeyChoice, KeyWrapper, WrappedKey};
use super::kms::known;
use super::local::LocalKeys;
use super::stored::Broken;

use crate::domain::{Error, KekProvider, PrivateKeyPem, Result, Suite};

/// The word of a vector's `expect`.
fn outcome(opened: &Result<PrivateKeyPem>) -> &'static str {
    let source = match opened {
        Ok(_) => return "opens",
        Err(Error::Integrity(source)) => source,
        Err(other) => panic!("not an integrity failure: {other:?}"),
    };
    let Some(broken) = source.downcast_ref() else {
        return known::refusal(source).unwrap_or_else(|| panic!("says nothing of what is broken: {source}"));
    };
    match broken {
        Broken::Length { .. } => "length",
        Broken::ForbiddenSuite(_) => "forbidden suite",
        Broken::UnknownMasterKey(_) => "unknown master key",
        Broken::WrapFormat => "wrap-format",
        Broken::Wrapping => "wrapping",
        Broken::Commitment => "commitment",
        Broken::Ciphertext => "ciphertext",
        Broken::NotText => "text",
        Broken::NoAlias => "no alias",
    }
}

#[tokio::test]
async fn s13_known_answers_open_and_are_sealed_again_to_the_byte_or_are_refused_for_their_reason() {
    let path = env::var_os("ENVELOPE_VECTORS").map_or_else(|| "tests/vectors/envelope.json".into(), PathBuf::from);
    let vectors = file::read(&path);
    assert!(!vectors.is_empty());
    for vector in vectors {
        let name = &vector.name;
        let (ids, sealed) = (vector.binding.ids(), vector.sealed());
        if let Some(check_value) = &vector.kek.check_value {
            let check_values = vector.kek.master_keys().check_values();
            assert_eq!(check_values, [(vector.kek.id(), bytes(check_value))], "{name}");
        }
        let binding = vector.binding.binding(&ids);
        let opened = vector.kek.vault(&binding.row).await.open(&sealed, &binding).await;
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

#[test]
fn s13_there_are_known_answers_of_each_suite_under_master_keys_and_projects_keys_from_both_implementations() {
    let vectors = file::read(Path::new("tests/vectors/envelope.json"));
    for suite in [1, 2] {
        for provider in ["local", "aws-kms-project"] {
            for sealed_by in ["the service", "envelope.py"] {
                let fits = |it: &&Vector| {
                    (it.suite, it.kek.provider.as_str(), it.sealed_by.as_str()) == (suite, provider, sealed_by)
                };
                let opening = vectors.iter().filter(fits).filter(|vector| vector.expect == "opens").count();
                assert!(opening > 0, "suite {suite}, {provider}, {sealed_by}");
            }
        }
    }
}

#[tokio::test]
async fn s09_a_ciphertext_that_opens_under_two_keys_is_refused_by_its_commitment() {
    let vectors = file::read(Path::new("tests/vectors/envelope.json"));
    let name = "a ciphertext crafted to open under two data keys";
    let crafted = vectors.iter().find(|vector| vector.name == name).expect("is there");
    let ids = crafted.binding.ids();
    let binding = crafted.binding.binding(&ids);
    let opened = crafted.kek.vault(&binding.row).await.open(&crafted.sealed(), &binding).await;
    assert_eq!(outcome(&opened), "commitment");
}

#[tokio::test]
#[ignore = "writes a file for the independent implementation"]
async fn s13_fresh_vectors_are_written_for_the_independent_implementation() {
    let (user, project) = (("u:alice", Some("demo"), "ssh"), ("p:demo", None, "x509"));
    let (aes, chacha) = (Suite::Aes256GcmHkdfSha512Commit, Suite::ChaCha20Poly1305HkdfSha512Commit);
    let rows = [
        (aes, "a key of a user", master_key(), user),
        (aes, "a key of a project", master_key(), project),
        (chacha, "suite 2: a key of a user", master_key(), user),
        (chacha, "suite 2: a key of a project", master_key(), project),
        (aes, "a project's key: a key of a user", project_key(), user),
        (aes, "a project's key: a key of the project", project_key(), project),
        (chacha, "suite 2, a project's key: a key of a user", project_key(), user),
        (chacha, "suite 2, a project's key: a key of the project", project_key(), project),
    ];
    let mut vectors = Vec::new();
    for (suite, name, kek, whose) in rows {
        vectors.push(fresh_vector(suite, name, kek, row(whose)).await);
    }
    let path = env::var_os("ENVELOPE_OUT").expect("ENVELOPE_OUT names the file");
    let text = serde_json::to_string_pretty(&json!({ "vectors": vectors })).expect("is written");
    fs::write(path, text + "\n").expect("writes");
}

fn master_key() -> Kek {
    let mut kek = kek("local", "default");
    kek.check_value = Some(hex::encode(&kek.master_keys().check_values()[0].1));
    kek
}

/// As if a KMS had wrapped it: what it gave stands beside the data key as it is.
fn project_key() -> Kek {
    let arn = "arn:aws:kms:eu-central-1:111122223333:key/0d990263-018e-4e65-a703-eff731de951e";
    let blob = [7, 6, 5].map(|_| Uuid::new_v4().into_bytes()).concat();
    Kek { wrapped_key: Some(hex::encode(blob)), ..kek("aws-kms-project", arn) }
}

fn kek(provider: &str, name: &str) -> Kek {
    let key = envelope::random_key().expect("draws a key");
    let (provider, name, key) = (provider.to_owned(), name.to_owned(), hex::encode(key.expose()));
    Kek { provider, name, version: 1, key, check_value: None, wrapped_key: None }
}

fn row((owner, project, kind): (&str, Option<&str>, &str)) -> Row {
    Row {
        instance: Uuid::new_v4(),
        region: "RegionOne".to_owned(),
        owner: owner.to_owned(),
        project: project.map(str::to_owned),
        key_pair: Uuid::now_v7(),
        kind: kind.to_owned(),
        public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA alice@example".to_owned(),
    }
}

async fn fresh_vector(suite: Suite, name: &str, kek: Kek, row: Row) -> Vector {
    let ids = row.ids();
    let text = format!("-----BEGIN TEST KEY-----\n{}\n-----END TEST KEY-----\n", Uuid::new_v4());
    let binding = row.binding(&ids);
    let (data_key, wrapped) = wrap(&kek, &binding).await;
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

/// A fresh data key, wrapped by the provider's own code.
async fn wrap(kek: &Kek, binding: &Binding<'_>) -> (DataKey, WrappedKey) {
    match kek.id().provider {
        KekProvider::Local => {
            let keys = LocalKeys::from(kek.master_keys());
            let data_key = keys.generate(&KeyChoice::Primary, &binding.row).await.expect("generates").data_key;
            let wrapped = keys.wrap(&KeyChoice::Primary, &data_key, binding).await.expect("wraps");
            (data_key, wrapped)
        }
        KekProvider::AwsKmsProject => {
            let data_key = DataKey::new(envelope::random_key().expect("draws a key"));
            let wrapped = known::wrap(kek.id(), kek.key(), kek.blob(), &data_key, binding).expect("wraps");
            (data_key, wrapped)
        }
        KekProvider::AwsKms => panic!("what the KMS wrapped itself has no known answer"),
    }
}
