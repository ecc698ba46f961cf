//! Key material: parsing, generating, fingerprints, file formats. No I/O, no threads.

mod blob;
mod der;
mod fingerprint;
mod generate;
mod key_type;
mod openssh_certificate;
mod openssh_private;
mod pem;
mod pkcs12;
mod private_key;
mod public_key;
mod soundness;
mod wire;
mod x509;

pub use generate::{Algorithm, Generated, LineEnd, PrivateKeyFormat, generate_ssh};
pub use private_key::check_pair;
pub use public_key::{PublicKey, parse_ssh};
pub use x509::{generate_certificate, parse_certificate};
