//! A row that was sealed, with edits that the input lists.

use keypaird::domain::{KekProvider, KeyKind, Owner, ProjectId, Region, SealedPrivateKey};

use super::bytes::Bytes;
use super::installation::{Installation, PRIVATE_KEY, Row, SUITES};

/// It opens exactly if every edit was undone by another.
pub(super) fn opens_only_as_it_was_sealed(input: &[u8]) {
    let installation = Installation::get();
    let mut bytes = Bytes(input);
    let original = &installation.sealed[usize::from(bytes.byte()) % 2];
    let (mut sealed, mut row) = (original.clone(), installation.row.clone());
    while !bytes.0.is_empty() {
        edit(&mut bytes, &mut sealed, &mut row);
    }
    let untouched = same(&sealed, original) && row == installation.row;
    match installation.open(&sealed, &row) {
        Ok(opened) => assert!(untouched && opened.expose() == PRIVATE_KEY, "an edited row opened"),
        Err(_) => assert!(!untouched, "the row that was sealed did not open"),
    }
}

/// Whether two rows are the same in all that decides; the KMS alias says nothing about a row under a master key.
fn same(one: &SealedPrivateKey, other: &SealedPrivateKey) -> bool {
    let parts = |row: &SealedPrivateKey| {
        [&row.wrapped_data_key, &row.salt, &row.commitment, &row.nonce, &row.ciphertext].map(Vec::clone)
    };
    one.suite == other.suite && one.kek == other.kek && parts(one) == parts(other)
}

fn edit(bytes: &mut Bytes<'_>, sealed: &mut SealedPrivateKey, row: &mut Row) {
    match bytes.byte() % 16 {
        0 => change(bytes, &mut sealed.wrapped_data_key),
        1 => change(bytes, &mut sealed.salt),
        2 => change(bytes, &mut sealed.commitment),
        3 => change(bytes, &mut sealed.nonce),
        4 => change(bytes, &mut sealed.ciphertext),
        5 => sealed.suite = SUITES[usize::from(bytes.byte()) % 2],
        6 => sealed.kek.version = i32::from(bytes.byte()),
        7 => sealed.kek.name = bytes.text(),
        8 => sealed.kek.provider = if bytes.byte() < 128 { KekProvider::Local } else { KekProvider::AwsKms },
        9 => row.instance = u128::from(bytes.byte()),
        10 => row.key_pair = u128::from(bytes.byte()),
        11 => replace(&mut row.region, Region::parse(&bytes.text()).ok()),
        12 => replace(&mut row.owner, Owner::parse(&bytes.text()).ok()),
        13 => row.project = ProjectId::parse(&bytes.text()).ok(),
        14 => row.kind = if bytes.byte() < 128 { KeyKind::Ssh } else { KeyKind::X509 },
        _ => row.public_key = bytes.text(),
    }
}

fn replace<T>(part: &mut T, by: Option<T>) {
    if let Some(by) = by {
        *part = by;
    }
}

/// Turns bits of a byte, cuts the part, or lengthens it.
fn change(bytes: &mut Bytes<'_>, part: &mut Vec<u8>) {
    let (how, at) = (bytes.byte(), usize::from(bytes.byte()));
    match how {
        0 => part.truncate(at),
        1 => part.extend(bytes.part()),
        bits => {
            if let Some(byte) = part.get_mut(at) {
                *byte ^= bits;
            }
        }
    }
}
