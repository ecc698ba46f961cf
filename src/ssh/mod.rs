//! Key material: parsing, generating, fingerprints, file formats. No I/O, no threads.

mod blob;
mod der;
mod export;
mod fingerprint;
mod generate;
mod key_type;
mod openssh_certificate;
mod openssh_cipher;
mod openssh_private;
mod passphrase;
mod pem;
mod pkcs12;
mod private_format;
mod private_key;
mod public_key;
mod soundness;
mod wire;
mod x509;

pub use export::{ExportForm, export};
pub use generate::{Algorithm, Effort, FreshKey, Generated, LineEnd, generate_ssh};
pub use passphrase::Passphrase;
pub use private_format::PrivateKeyFormat;
pub use private_key::{check_pair, derives};
pub use public_key::{PublicKey, parse_ssh};
pub use x509::{CERTIFICATE_ALGORITHM, certify, parse_certificate};
