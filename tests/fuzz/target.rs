//! A libFuzzer target: what is read from the database and from the master key file, by someone who can write there.
//! The first byte of an input chooses the reader. `tests/run fuzz` builds it and runs it for a minute over the inputs in
//! `corpus`; `tests/long/fuzz` runs it for as long as one likes.
#![no_main]
#![allow(clippy::unwrap_used, clippy::panic)]

mod bytes;
mod edited;
mod installation;
mod raw;

use std::str::from_utf8;

use keypaird::domain::{KeyKind, PrivateKeyPem, Record};
use keypaird::{ssh, vault};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((reader, rest)) = input.split_first() else { return };
    match reader % 7 {
        0 => edited::opens_only_as_it_was_sealed(rest),
        1 => raw::opens_never(rest),
        2 => vault::fuzzing::project_wrapping(rest),
        3 => with_text(rest, vault::fuzzing::master_key_text),
        4 => with_text(rest, ledger_record),
        5 => with_text(rest, public_key),
        _ => with_text(rest, private_key),
    }
});

fn with_text(bytes: &[u8], read: impl FnOnce(&str)) {
    if let Ok(text) = from_utf8(bytes) {
        read(text);
    }
}

/// What is read as a record is written and read again as the same.
fn ledger_record(text: &str) {
    if let Ok(record) = serde_json::from_str::<Record>(text) {
        let written = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&written).unwrap(), record);
    }
}

/// What is taken as a public key is taken again from what is stored of it, with the same fingerprint.
fn public_key(text: &str) {
    if let Ok(key) = ssh::parse_ssh(text, 1024) {
        let again = ssh::parse_ssh(&key.text, 1024).unwrap();
        assert_eq!(again.fingerprint_sha256.to_string(), key.fingerprint_sha256.to_string());
    }
}

/// Whatever stands where a private key should, it is refused: it derives another public key.
fn private_key(text: &str) {
    let public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh";
    assert!(ssh::derives(&PrivateKeyPem::new(text.to_owned()), KeyKind::Ssh, public_key).is_err());
}
