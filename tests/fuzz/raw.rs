//! A row whose every part is the input's.

use keypaird::domain::{KekId, KekProvider, SealedPrivateKey};

use super::bytes::Bytes;
use super::installation::{Installation, SUITES};

const PROVIDERS: [KekProvider; 3] = [KekProvider::Local, KekProvider::AwsKms, KekProvider::AwsKmsProject];

/// Nobody can make up a row that opens.
pub(super) fn opens_never(input: &[u8]) {
    let mut bytes = Bytes(input);
    let choice = usize::from(bytes.byte());
    // Master key 'default' version 1 is the one that there is.
    let known = choice & 1 == 0;
    let kek = KekId {
        provider: PROVIDERS[(choice >> 1) % 3],
        name: if known { "default".to_owned() } else { bytes.text() },
        version: if known { 1 } else { i32::from(bytes.byte()) - 128 },
    };
    let sealed = SealedPrivateKey {
        suite: SUITES[(choice >> 3) % 2],
        kek,
        kek_alias: (choice & 16 != 0).then(|| bytes.text()),
        wrapped_data_key: bytes.part(),
        salt: bytes.part(),
        commitment: bytes.part(),
        nonce: bytes.part(),
        ciphertext: bytes.part(),
    };
    let installation = Installation::get();
    assert!(installation.open(&sealed, &installation.row).is_err());
}
