//! KPS V3: a key pair's life, its scope, batches, and what is about servers. Kept private keys stand in `private_keys`.

mod batch_export;
mod batch_import;
mod life;
mod list;
mod scope;
mod servers;

use serde_json::{Value, json};

use super::import;
use crate::nova::ED25519;

/// A create body of that scope with a public key.
fn import_as(scope: &str, name: &str) -> Value {
    let mut body = import(name);
    body["keypair"]["scope"] = json!(scope);
    body
}

/// The same with a short key, each time another comment.
fn small(name: &str) -> Value {
    json!({ "keypair": { "name": name, "public_key": format!("{ED25519} {name}") } })
}
