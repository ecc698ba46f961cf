//! Key pairs that a test stores itself, as no call makes them.

use keypaird::domain::{
    Fingerprint, KeyAlgorithm, KeyKind, KeyPair, KeyPairId, KeyPairName, Owner, ProjectId, Region, Timestamp, UserId,
};
use keypaird::store::NewKeyPair;

/// A key pair of that owner, without a private key. What a test is about it sets: `KeyPair { user, ..key_pair(…) }`.
pub(crate) fn key_pair(region: &Region, owner: &Owner, name: &str) -> KeyPair {
    KeyPair {
        id: KeyPairId::new(),
        region: region.clone(),
        owner: owner.clone(),
        project: Some(ProjectId::parse("demo").unwrap()),
        user: UserId::parse("ada").unwrap(),
        name: KeyPairName::parse(name).unwrap(),
        kind: KeyKind::Ssh,
        algorithm: KeyAlgorithm::Rsa { bits: 2048 },
        public_key: "ssh-rsa AAAA comment ä\n".to_owned(),
        fingerprint: Fingerprint::from_written("00:11".to_owned()),
        fingerprint_sha256: Fingerprint::from_written("SHA256:abc".to_owned()),
        resource_group: None,
        description: String::new(),
        has_private_key: false,
        created_at: Timestamp::now(),
        updated_at: None,
    }
}

/// What the store is asked to write of it, by the key pair's own user and without a limit.
pub(crate) fn new(pair: KeyPair) -> NewKeyPair {
    NewKeyPair {
        caller: pair.user.clone(),
        limits_in: pair.region.clone(),
        pair,
        tags: Vec::new(),
        sealed: None,
        entry: None,
        also_visible: None,
        limit: u32::MAX,
    }
}
