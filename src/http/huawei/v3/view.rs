//! Bodies in and out.

use serde::Serialize;

use super::super::view::{Wrapped, keypair, whose};
use crate::domain::{KeyPair, KeyPairName, PrivateKeyPem, Result};
use crate::http::extensions::{self, KeyProtection};
use crate::http::json::Json;
use crate::http::members::{self, invalid};
use crate::service::{Export, Exported, ImportInto};
use crate::ssh::{ExportForm, Passphrase};

/// The longest name, in characters (KPS V3 documentation since 2025; earlier 64).
const LONGEST_NAME: usize = 255;

/// Reads `{"keypair": {"name", "private_key_format"?, "passphrase"?}}`; the last two are ours.
pub(super) fn export(body: &Json) -> Result<Export> {
    let keypair = keypair(body, &["name", extensions::FORMAT, "passphrase"])?;
    let format = extensions::format(keypair)?;
    let passphrase = members::text(keypair, "passphrase")?.map(Passphrase::parse).transpose()?;
    Ok(Export { name: name(keypair)?, form: ExportForm::choose(format, passphrase)? })
}

/// Reads `{"keypair": {"name", "user_id"?, "key_protection": {"private_key", "encryption"}}}`.
pub(super) fn import(body: &Json) -> Result<ImportInto> {
    let keypair = keypair(body, &["name", "user_id", extensions::KEY_PROTECTION])?;
    let kept = KeyProtection::required(keypair)?;
    Ok(ImportInto {
        whose: whose(keypair)?,
        name: name(keypair)?,
        private_key: kept.private_key,
        protection: kept.protection,
    })
}

fn name(keypair: &Json) -> Result<KeyPairName> {
    let raw = members::required_text(keypair, "name")?;
    let fits = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if raw.is_empty() || raw.len() > LONGEST_NAME || !fits {
        let reason = format!("must have 1 to {LONGEST_NAME} letters, digits, '_' or '-'");
        return Err(invalid("name", reason));
    }
    KeyPairName::parse(raw)
}

/// The only body of this version with a private key.
#[derive(Serialize)]
pub(super) struct Released {
    name: String,
    #[serde(serialize_with = "PrivateKeyPem::serialize_exposed")]
    private_key: Option<PrivateKeyPem>,
}

#[derive(Serialize)]
pub(super) struct Named<'a> {
    name: &'a str,
}

pub(super) fn exported(exported: Exported) -> Wrapped<Released> {
    let Exported { pair, private_key } = exported;
    Wrapped::new(Released { name: pair.name.to_string(), private_key: Some(private_key) })
}

pub(super) fn imported(pair: &KeyPair) -> Wrapped<Named<'_>> {
    Wrapped::new(Named { name: pair.name.as_str() })
}
