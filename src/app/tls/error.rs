//! What can be wrong with a listener's certificate, key and authorities.

use std::io;
use std::path::PathBuf;

use openssl::error::ErrorStack;

use crate::auth::SecretFileError;

/// Each text names what is wrong and what to do; the setting's section stands before it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{setting}: cannot read {path}: {source}", path = path.display())]
    Unreadable { setting: &'static str, path: PathBuf, source: io::Error },
    #[error("{setting}: {path} holds no certificate in PEM", path = path.display())]
    NoCertificate { setting: &'static str, path: PathBuf },
    #[error("private_key_file: {0}")]
    KeyFile(#[from] SecretFileError),
    #[error("private_key_file: {path} holds no private key in PEM", path = path.display())]
    NoKey { path: PathBuf },
    #[error(
        "private_key_file: the key in {path} is encrypted, and nobody is there to type its passphrase; write it without one, \
         by `openssl pkey`, to a file of mode 0600", path = path.display()
    )]
    EncryptedKey { path: PathBuf },
    #[error("private_key_file: the key in {path} does not fit the first certificate of certificate_file", path = path.display())]
    OtherKey { path: PathBuf },
    #[error("certificate_file: the certificate has expired at {0}; renew it")]
    Expired(String),
    #[error("certificate_file: the certificate is not valid before {0}; is the clock right?")]
    NotYet(String),
    #[error("OpenSSL does not take them: {0}")]
    OpenSsl(#[from] ErrorStack),
}
