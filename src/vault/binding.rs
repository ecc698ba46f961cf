//! What a sealed private key is bound to, and how that is written down for a cipher.

use openssl::sha::sha256;

use super::access_keys::AccessKeyBinding;
use crate::domain::{AccessKeyIds, InstanceId, KekId, KeyKind, KeyPair, KeyPairId, Owner, ProjectId, Region, Suite};

/// What a sealed private key is bound to: if any of it is changed in the database, the key no longer opens.
///
/// It is not stored with the sealed key: whoever opens one says what it has to be bound to. A key pair's name,
/// description and tags are not in it, because they may change.
pub struct Binding<'a> {
    pub row: RowIds<'a>,
    pub kind: KeyKind,
    pub public_key: &'a str,
}

/// The part of a binding that is known before there is a key: which row it is for.
#[derive(Clone, Copy)]
pub struct RowIds<'a> {
    pub instance: InstanceId,
    pub region: &'a Region,
    pub owner: &'a Owner,
    pub project: Option<&'a ProjectId>,
    pub key_pair: KeyPairId,
}

impl<'a> Binding<'a> {
    /// What the private key of `pair` is bound to.
    pub fn of(instance: InstanceId, pair: &'a KeyPair) -> Self {
        let KeyPair { id, region, owner, project, kind, public_key, .. } = pair;
        let row = RowIds { instance, region, owner, project: project.as_ref(), key_pair: *id };
        Self { row, kind: *kind, public_key }
    }
}

/// The bytes that tie one use of a key to one purpose and one row; HKDF's info and AES-GCM's associated data.
///
/// A list of parts, each with its length in front (8 bytes, big-endian), so that moving a character from one part to
/// the next gives other bytes. In order:
///
/// | part | bytes |
/// |---|---|
/// | purpose, with the format's number | ASCII, such as `keypaird/1/private-key` |
/// | *private key:* suite | 4, big-endian |
/// | *data key:* provider, name and version of the key-encryption key | ASCII; UTF-8; 4, big-endian |
/// | instance id | 16 |
/// | region | UTF-8 |
/// | owner | UTF-8, `u:<user id>` or `p:<project id>` |
/// | project | UTF-8; empty for none, which no project id is |
/// | key pair id | 16 |
/// | kind | `ssh` or `x509` |
/// | SHA-256 of the public key's text | 32 |
pub(super) struct Context(Vec<u8>);

impl Context {
    /// For what is done under a data key.
    pub(super) fn of_private_key(purpose: &str, suite: Suite, binding: &Binding<'_>) -> Self {
        Self::new(purpose).part(&suite.number().to_be_bytes()).binding(binding)
    }

    /// For what is done to a data key under a key-encryption key.
    pub(super) fn of_data_key(kek: &KekId, binding: &Binding<'_>) -> Self {
        Self::new("keypaird/1/data-key").kek(kek).binding(binding)
    }

    /// For what is done to the secret of an access key under a master key: purpose, key-encryption key, instance, access
    /// key's id, user, project.
    pub(super) fn of_access_key(kek: &KekId, binding: &AccessKeyBinding<'_>) -> Self {
        let AccessKeyBinding { instance, ids: AccessKeyIds { id, user, project } } = binding;
        Self::new("keypaird/1/access-key")
            .kek(kek)
            .part(instance.as_uuid().as_bytes())
            .part(id.as_str().as_bytes())
            .part(user.as_str().as_bytes())
            .part(project.as_str().as_bytes())
    }

    /// For the check value of a key-encryption key, which is bound to nothing else.
    pub(super) fn of_check_value(kek: &KekId) -> Self {
        Self::new("keypaird/1/check-value").kek(kek)
    }

    /// For the key that signs the ledger's checkpoints.
    pub(super) fn of_signing_key(kek: &KekId) -> Self {
        Self::new("keypaird/1/ledger-signing-key").kek(kek)
    }

    /// For the mark of a data key, which is bound to nothing else.
    pub(super) fn of_mark() -> Self {
        Self::new("keypaird/1/data-key-mark")
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn new(purpose: &str) -> Self {
        Self(Vec::with_capacity(512)).part(purpose.as_bytes())
    }

    fn kek(self, kek: &KekId) -> Self {
        let KekId { provider, name, version } = kek;
        self.part(provider.as_str().as_bytes()).part(name.as_bytes()).part(&version.to_be_bytes())
    }

    fn binding(self, binding: &Binding<'_>) -> Self {
        let Binding { row, kind, public_key } = binding;
        let RowIds { instance, region, owner, project, key_pair } = row;
        self.part(instance.as_uuid().as_bytes())
            .part(region.as_str().as_bytes())
            .part(owner.to_string().as_bytes())
            .part(project.map_or("", ProjectId::as_str).as_bytes())
            .part(key_pair.as_uuid().as_bytes())
            .part(kind.as_str().as_bytes())
            .part(&sha256(public_key.as_bytes()))
    }

    fn part(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Context;

    #[test]
    fn a_character_moved_to_the_next_part_gives_other_bytes() {
        let written = |parts: [&str; 2]| Context::new("p").part(parts[0].as_bytes()).part(parts[1].as_bytes()).0;
        assert_ne!(written(["ab", "c"]), written(["a", "bc"]));
        assert_ne!(written(["abc", ""]), written(["", "abc"]));
    }
}
