//! Values that must not leave by accident.

use std::fmt;

use serde::Serializer;
use zeroize::Zeroizing;

/// An unencrypted private key in PEM (or, for x509, a base64 PKCS#12). It is wiped when dropped, and it cannot be
/// cloned, compared, printed or serialised; the two ways out are spelled `expose`.
///
/// ```compile_fail
/// let key = keypaird::domain::PrivateKeyPem::new("secret".to_owned());
/// println!("{key}");
/// ```
/// ```compile_fail
/// let key = keypaird::domain::PrivateKeyPem::new("secret".to_owned());
/// let _ = serde_json::to_string(&key);
/// ```
/// ```compile_fail
/// let key = keypaird::domain::PrivateKeyPem::new("secret".to_owned());
/// let _ = key.clone();
/// ```
pub struct PrivateKeyPem(Zeroizing<String>);

impl PrivateKeyPem {
    pub fn new(pem: String) -> Self {
        Self(Zeroizing::new(pem))
    }

    /// The text itself. Every caller is an exit to be reviewed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// For `#[serde(serialize_with = …)]` on the one field of an answer that carries the key.
    pub fn serialize_exposed<S: Serializer>(key: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        match key {
            Some(key) => serializer.serialize_str(&key.0),
            None => serializer.serialize_none(),
        }
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(…)")
    }
}

/// A password or token on its way in: wiped when dropped, not printed.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Every caller is an exit to be reviewed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}
