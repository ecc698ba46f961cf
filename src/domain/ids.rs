//! The identifiers and names of users, projects, regions, key pairs and installations, each a type of its own.

use std::fmt;

use uuid::Uuid;

use super::Error;

/// The longest id or name that is taken, in characters: as many as Nova's columns hold.
const LONGEST: usize = 255;

/// Declares an identifier that comes from outside: any text of 1 to 255 characters that can be shown in one line.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes 1 to 255 characters, none of them a control character; anything else is [`Error::Invalid`].
            pub fn parse(raw: &str) -> Result<Self, Error> {
                let length = raw.chars().count();
                if length == 0 || length > LONGEST || raw.chars().any(char::is_control) {
                    let reason = format!("must have 1 to {LONGEST} characters and no control characters");
                    return Err(Error::Invalid { field: $field, reason });
                }
                Ok(Self(raw.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A user, as the identity service names it (Keystone: 32 hex digits; LDAP-backed: 64).
    UserId, "user_id"
);
text_id!(
    /// A project (OpenStack), which is also the tenant of Huawei's paths.
    ProjectId, "project_id"
);
text_id!(
    /// A Keystone domain; the embedded identity has one, `default`.
    DomainId, "domain_id"
);
text_id!(
    /// A name space of key pairs beside others, such as `RegionOne` or `cn-hangzhou`.
    Region, "region"
);
text_id!(
    /// A key pair's name, unique within its owner. Each dialect takes less than can be stored, by its own rule, before it
    /// comes here.
    KeyPairName, "name"
);

text_id!(
    /// A named set of limits. Only the one called `default` has an effect, as in Nova.
    QuotaClass, "quota_class"
);

text_id!(
    /// A group of key pairs, as the operator has named it (`rg-…`).
    ResourceGroupId, "resource_group"
);

impl QuotaClass {
    /// The class whose limits hold where nothing else was set.
    pub fn default_class() -> Self {
        Self("default".to_owned())
    }
}

/// A key pair's own id: a UUIDv7 that the service makes, never a database's serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyPairId(Uuid);

impl KeyPairId {
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }

    /// The integer that Nova and KPS show as `id`: 31 of the id's random bits, because clients decode an int.
    /// It identifies nothing inside, and unlike Nova's serial does not tell how many pairs were ever made.
    pub fn number(&self) -> i64 {
        let [.., a, b, c, d] = *self.0.as_bytes();
        i64::from(u32::from_be_bytes([a, b, c, d]) >> 1)
    }
}

impl Default for KeyPairId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for KeyPairId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One installation (one database). Part of each sealed key's binding, so that a row carried to another
/// installation with the same master key does not open there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceId(Uuid);

impl InstanceId {
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}
