//! What gives a private key away, in whatever form it was written down.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keypaird::domain::{KeyKind, PrivateKeyPem};
use keypaird::ssh::{ExportForm, PrivateKeyFormat, export};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{Id, PKey, Private};
use serde_json::Value;

/// So many bytes or characters are nobody else's.
const TELLING: usize = 24;

/// A private key that a test has.
pub struct KnownKey {
    pub name: String,
    pub public_key: String,
    pub private_key: String,
    /// The secret numbers, of each some bytes from its middle: bytes at the ends may be cut off or padded.
    numbers: Vec<Vec<u8>>,
    /// What the key is seen by in a text: pieces of its own lines, its numbers in hexadecimal and base64.
    pub written: Vec<String>,
}

impl KnownKey {
    /// Of a `keypair` object with both keys, as a create answers it.
    pub fn new(keypair: &Value) -> Self {
        let text = |member: &str| keypair[member].as_str().unwrap_or_else(|| panic!("no {member}")).to_owned();
        let (name, public_key, private_key) = (text("name"), text("public_key"), text("private_key"));
        let numbers = secret_numbers(&open(&public_key, &private_key));
        let numbers: Vec<_> = numbers.iter().map(|number| middle(number)).collect();
        let lines = private_key.lines().filter(|line| !line.starts_with("-----"));
        let pieces = lines.flat_map(|line| line.as_bytes().chunks(40)).filter(|piece| piece.len() >= TELLING);
        let pieces = pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap());
        // A private key's file has the public half in it, at times in the same letters.
        let secret = pieces.filter(|piece| !public_key.contains(piece));
        let written = secret.chain(numbers.iter().flat_map(|number| written_number(number))).collect();
        Self { name, public_key, private_key, numbers, written }
    }

    /// What it is seen by in a file: the same, the lines in hexadecimal as well, and the numbers as they are.
    pub fn stored(&self) -> Vec<Vec<u8>> {
        let hex = self.written.iter().map(|text| hex::encode(text).into_bytes());
        let as_text = self.written.iter().map(|text| text.clone().into_bytes());
        hex.chain(as_text).chain(self.numbers.iter().cloned()).collect()
    }

    /// Whether the text has anything of it.
    pub fn is_in(&self, text: &str) -> bool {
        self.written.iter().any(|written| text.contains(written))
    }
}

fn open(public_key: &str, private_key: &str) -> PKey<Private> {
    if let Ok(file) = STANDARD.decode(private_key) {
        return Pkcs12::from_der(&file).unwrap().parse2("").unwrap().pkey.unwrap();
    }
    let given = PrivateKeyPem::new(private_key.to_owned());
    let form = ExportForm::Format(PrivateKeyFormat::Pkcs8);
    let pkcs8 = export(given, KeyKind::Ssh, public_key, &form).unwrap();
    PKey::private_key_from_pem(pkcs8.expose().as_bytes()).unwrap()
}

fn secret_numbers(key: &PKey<Private>) -> Vec<Vec<u8>> {
    match key.id() {
        Id::RSA => {
            let rsa = key.rsa().unwrap();
            [rsa.d(), rsa.p().unwrap(), rsa.q().unwrap()].iter().map(|number| number.to_vec()).collect()
        }
        Id::EC => vec![key.ec_key().unwrap().private_key().to_vec()],
        _ => vec![key.raw_private_key().unwrap()],
    }
}

fn middle(number: &[u8]) -> Vec<u8> {
    number[(number.len() - TELLING) / 2..][..TELLING].to_vec()
}

/// In hexadecimal, and in base64 wherever in a group of three bytes it begins.
fn written_number(number: &[u8]) -> Vec<String> {
    let in_base64 = |skipped: usize| {
        let whole = (number.len() - skipped) / 3 * 3;
        STANDARD.encode(&number[skipped..][..whole])
    };
    [hex::encode(number), hex::encode_upper(number)].into_iter().chain((0..3).map(in_base64)).collect()
}
