//! A client of key pair services, for the command line: any keypaird's, and any Nova's for what a Nova has. Beside the service's
//! layers, not above them: of these it knows what a key and a secret are (`ssh`, `domain`) and nothing else.

mod catalog;
mod cloud;
mod error;
mod files;
mod kept_keys;
mod key_file;
mod key_pairs;
mod login;
mod options;
mod refusal;
mod session;
mod transport;
mod users;

pub use self::cloud::{Cloud, CloudError};
pub use self::error::{Error, Result};
pub use self::files::{FileError, Places, options_of};
pub use self::kept_keys::{Export, Keeping};
pub use self::key_file::{KeyFileError, NewKeyFile};
pub use self::key_pairs::{Created, KeyPair, Listed, NewKeyPair, Origin};
pub use self::options::Options;
pub use self::refusal::Refusal;
pub use self::session::Session;
pub use self::transport::Patience;
