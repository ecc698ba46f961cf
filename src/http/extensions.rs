//! The members that key pair bodies may carry beyond Nova's own: `key_protection` (KPS), `algorithm` and
//! `private_key_format` (ours). Nova's and KPS's dialects read them alike.

use utoipa::openapi::Schema;

use super::json::Json;
use super::members::{self, invalid};
use super::openapi::values::{self, Further, Presence, Property};
use crate::domain::{Error, KeyKind, KmsKey, KmsKeyId, KmsKeyName, PrivateKeyPem, Protection, Result};
use crate::service::{Custody, KeptKey, Origin};
use crate::ssh::{Algorithm, LineEnd, PrivateKeyFormat};

/// The names of the extension members of a `keypair` object.
pub const MEMBERS: [&str; 3] = [KEY_PROTECTION, ALGORITHM, FORMAT];

// Each member by its path below `keypair`, as errors name it.
pub const KEY_PROTECTION: &str = "key_protection";
const PRIVATE_KEY: &str = "key_protection.private_key";
const ENCRYPTION: &str = "key_protection.encryption";
const ENCRYPTION_TYPE: &str = "key_protection.encryption.type";
const KMS_KEY_NAME: &str = "key_protection.encryption.kms_key_name";
const KMS_KEY_ID: &str = "key_protection.encryption.kms_key_id";
const ALGORITHM: &str = "algorithm";
pub const FORMAT: &str = "private_key_format";

const ALGORITHMS: &str = "rsa-2048, rsa-3072, rsa-4096, ed25519, ecdsa-p256, ecdsa-p384, ecdsa-p521";
const FORMATS: &str = "pkcs1, pkcs8, openssh";

/// How the extension members are described: each of them may be left out.
pub fn properties() -> [Property; 3] {
    let words = |words: &str| values::schema(values::one_of(&words.split(", ").collect::<Vec<_>>()));
    [
        (KEY_PROTECTION, protection(), Presence::Optional),
        (ALGORITHM, words(ALGORITHMS), Presence::Optional),
        (FORMAT, words(FORMATS), Presence::Optional),
    ]
}

/// KPS's object, or a word.
fn protection() -> Schema {
    let word = values::text().pattern(Some("^(default|kms:(kps/default|[A-Za-z0-9_-]{1,64}))$"));
    let word = word.description(Some("The same in one word, for clients that send strings only."));
    values::any_of([protection_object(), values::schema(word)])
}

/// `{"private_key"?, "encryption": {"type", "kms_key_name"?, "kms_key_id"?}}`
pub fn protection_object() -> Schema {
    let text = |about: &str| values::schema(values::text().description(Some(about)));
    let encryption = [
        ("type", values::schema(values::one_of(&["default", "kms"])), Presence::Required),
        ("kms_key_name", text("Of the project's KMS key, where the type is `kms`."), Presence::Optional),
        ("kms_key_id", text("The same by its id."), Presence::Optional),
    ];
    let private_key = text("In PEM. Of an imported key pair: the one that belongs to its public key.");
    let protection = [
        ("private_key", private_key, Presence::Optional),
        ("encryption", values::object(encryption, Further::Refused), Presence::Required),
    ];
    values::object(protection, Further::Refused)
}

/// What the extension members ask for.
pub struct Extensions {
    pub algorithm: Option<Algorithm>,
    pub format: Option<PrivateKeyFormat>,
    pub key_protection: Option<KeyProtection>,
}

/// That the private key is to be kept, and how.
pub struct KeyProtection {
    /// The private key of an imported pair.
    pub private_key: Option<PrivateKeyPem>,
    pub protection: Protection,
}

impl Extensions {
    /// Reads the extension members; each that is wrong is `Error::Invalid` with the member's path as its field.
    pub fn read(keypair: &Json) -> Result<Self> {
        let read = Self {
            algorithm: word(keypair, ALGORITHM, Algorithm::parse, ALGORITHMS)?,
            format: format(keypair)?,
            key_protection: members::member(keypair, KEY_PROTECTION).map(KeyProtection::read).transpose()?,
        };
        // A certificate's key pair has one form only: a choice would be dropped in silence.
        if keypair.get("type").and_then(Json::as_str) == Some(KeyKind::X509.as_str()) {
            read.refuse_choice("is not taken beside the type 'x509'")?;
        }
        Ok(read)
    }

    /// Refuses `algorithm` and `private_key_format`.
    fn refuse_choice(&self, reason: &'static str) -> Result<()> {
        match (self.algorithm, self.format) {
            (Some(_), _) => Err(invalid(ALGORITHM, reason)),
            (None, Some(_)) => Err(invalid(FORMAT, reason)),
            (None, None) => Ok(()),
        }
    }

    /// What is to be made: an import where there is a public key, else a generated pair. Members that cannot go
    /// together are `Error::Invalid`, under the path of the one to add or to leave out.
    pub fn into_origin(self, public_key: Option<String>, line_end: LineEnd) -> Result<Origin> {
        match public_key {
            Some(public_key) => self.into_import(public_key),
            None => self.into_generate(line_end),
        }
    }

    fn into_import(self, public_key: String) -> Result<Origin> {
        self.refuse_choice("is taken only where the key pair is generated, without public_key")?;
        let keep = self.key_protection.map(KeyProtection::into_kept_key).transpose()?;
        Ok(Origin::Import { public_key, keep })
    }

    fn into_generate(self, line_end: LineEnd) -> Result<Origin> {
        let Self { algorithm, format, key_protection } = self;
        let custody = match key_protection {
            None => Custody::ReturnOnce,
            Some(KeyProtection { private_key: None, protection }) => Custody::Escrow(protection),
            Some(KeyProtection { private_key: Some(_), .. }) => {
                return Err(invalid(PRIVATE_KEY, "is taken only beside the public_key that it belongs to"));
            }
        };
        Ok(Origin::Generate { algorithm, format, line_end, custody })
    }
}

impl KeyProtection {
    /// Reads the member where it must be there, with a private key to keep.
    pub fn required(keypair: &Json) -> Result<KeptKey> {
        let value = members::member(keypair, KEY_PROTECTION).ok_or_else(|| invalid(KEY_PROTECTION, "is required"))?;
        Self::read(value)?.into_kept_key()
    }

    /// KPS's object, or the two words that fit into Terraform's `value_specs`, which carries strings only.
    fn read(value: &Json) -> Result<Self> {
        match value {
            Json::String(word) => Ok(Self { private_key: None, protection: protection_by_word(word)? }),
            Json::Object(_) => Self::read_object(value),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => {
                Err(invalid(KEY_PROTECTION, "must be an object, or the string 'default' or 'kms:NAME'"))
            }
        }
    }

    fn read_object(object: &Json) -> Result<Self> {
        members::refuse_unknown(object, KEY_PROTECTION, &["private_key", "encryption"])?;
        let private_key = members::text(object, PRIVATE_KEY)?.map(|pem| PrivateKeyPem::new(pem.to_owned()));
        let encryption = members::required_object(object, ENCRYPTION, &["type", "kms_key_name", "kms_key_id"])?;
        Ok(Self { private_key, protection: protection_by_object(encryption)? })
    }

    fn into_kept_key(self) -> Result<KeptKey> {
        let Self { private_key, protection } = self;
        let private_key = private_key.ok_or_else(|| {
            invalid(PRIVATE_KEY, "is required: of an imported key pair, only a given key can be kept")
        })?;
        Ok(KeptKey { private_key, protection })
    }
}

fn protection_by_word(word: &str) -> Result<Protection> {
    match word.strip_prefix("kms:") {
        Some(name) => Ok(Protection::Kms(KmsKey::Name(at(KEY_PROTECTION, KmsKeyName::parse(name))?))),
        None if word == "default" => Ok(Protection::Default),
        None => Err(invalid(KEY_PROTECTION, "must be 'default' or 'kms:NAME' where it is a string")),
    }
}

fn protection_by_object(encryption: &Json) -> Result<Protection> {
    // Earlier versions of Huawei's Terraform provider send an empty name beside the type `default`.
    let name = members::text(encryption, KMS_KEY_NAME)?.filter(|name| !name.is_empty());
    let id = members::text(encryption, KMS_KEY_ID)?.filter(|id| !id.is_empty());
    match members::required_text(encryption, ENCRYPTION_TYPE)? {
        "kms" => kms_protection(name, id),
        "default" if name.is_some() => Err(invalid(KMS_KEY_NAME, "is taken only where the type is 'kms'")),
        "default" if id.is_some() => Err(invalid(KMS_KEY_ID, "is taken only where the type is 'kms'")),
        "default" => Ok(Protection::Default),
        _ => Err(invalid(ENCRYPTION_TYPE, "must be 'kms' or 'default'")),
    }
}

fn kms_protection(name: Option<&str>, id: Option<&str>) -> Result<Protection> {
    let id = id.map(|id| at(KMS_KEY_ID, KmsKeyId::parse(id))).transpose()?;
    let name = name.map(|name| at(KMS_KEY_NAME, KmsKeyName::parse(name))).transpose()?;
    let key = match (name, id) {
        (Some(name), Some(id)) => KmsKey::Both(name, id),
        (Some(name), None) => KmsKey::Name(name),
        (None, Some(id)) => KmsKey::Id(id),
        (None, None) => return Err(invalid(KMS_KEY_NAME, "is required where the type is 'kms'")),
    };
    Ok(Protection::Kms(key))
}

/// What was read of the member at `path`; what is wrong with it is said under that path.
fn at<T>(path: &'static str, read: Result<T>) -> Result<T> {
    read.map_err(|error| match error {
        Error::Invalid { field: _, reason } => invalid(path, reason),
        other => other,
    })
}

/// The format in which a private key is to go out.
pub fn format(keypair: &Json) -> Result<Option<PrivateKeyFormat>> {
    word(keypair, FORMAT, PrivateKeyFormat::parse, FORMATS)
}

/// A member that is one word of a few; `words` tells a caller which.
fn word<T>(keypair: &Json, path: &'static str, parse: fn(&str) -> Option<T>, words: &'static str) -> Result<Option<T>> {
    let Some(word) = members::text(keypair, path)? else { return Ok(None) };
    parse(word).map(Some).ok_or_else(|| invalid(path, format!("must be one of {words}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of one `keypair` object, in one word.
    fn outcome(keypair: &str) -> String {
        let keypair = Json::parse(keypair.as_bytes()).expect("the case is JSON");
        let public_key = keypair.get("public_key").and_then(Json::as_str).map(str::to_owned);
        let origin = Extensions::read(&keypair).and_then(|read| read.into_origin(public_key, LineEnd::Newline));
        match origin {
            Ok(Origin::Generate { custody, .. }) => format!("generate {custody:?}"),
            Ok(Origin::Import { keep: None, .. }) => "import".to_owned(),
            Ok(Origin::Import { keep: Some(kept), .. }) => format!("import and keep {:?}", kept.protection),
            Err(Error::Invalid { field, .. }) => format!("invalid {field}"),
            Err(other) => format!("another error: {other}"),
        }
    }

    #[test]
    fn each_body_is_read_or_refused_under_the_path_of_the_wrong_member() {
        let cases = include_str!("../../tests/vectors/key_pair_extensions.json");
        let cases: Vec<(serde_json::Value, String)> = serde_json::from_str(cases).expect("the file is JSON");
        for (keypair, expected) in &cases {
            assert_eq!(outcome(&keypair.to_string()), *expected, "{keypair}");
        }
    }

    #[test]
    fn what_is_generated_is_as_the_members_say() {
        let keypair = br#"{"algorithm": "rsa-3072", "private_key_format": "pkcs8"}"#;
        let read = Extensions::read(&Json::parse(keypair).expect("is JSON")).expect("is taken");
        let Ok(Origin::Generate { algorithm, format, line_end, .. }) = read.into_origin(None, LineEnd::Newline) else {
            panic!("without a public key there is nothing to import");
        };
        assert_eq!(algorithm, Some(Algorithm::Rsa3072));
        assert_eq!((format, line_end), (Some(PrivateKeyFormat::Pkcs8), LineEnd::Newline));
    }
}
