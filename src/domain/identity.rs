//! Users, projects and roles of the embedded identity, as they are stored.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::{Error, ProjectId, Scope, Timestamp, UserId};

/// A role's name. Nova's default policies know `admin`, `manager`, `member` and `reader`, Keystone's also `service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(Cow<'static, str>);

impl Role {
    pub const ADMIN: Self = Self(Cow::Borrowed("admin"));
    pub const MANAGER: Self = Self(Cow::Borrowed("manager"));
    pub const MEMBER: Self = Self(Cow::Borrowed("member"));
    pub const READER: Self = Self(Cow::Borrowed("reader"));
    /// Of those who may see the ledger of private keys.
    pub const AUDITOR: Self = Self(Cow::Borrowed("auditor"));
    /// Of services that check other users' tokens.
    pub const SERVICE: Self = Self(Cow::Borrowed("service"));

    /// Takes 1 to 64 letters, digits, `_` and `-`; anything else is [`Error::Invalid`].
    pub fn parse(raw: &str) -> Result<Self, Error> {
        let fits = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if raw.is_empty() || raw.len() > 64 || !fits {
            let reason = "must have 1 to 64 letters, digits, '_' or '-'".to_owned();
            return Err(Error::Invalid { field: "role", reason });
        }
        Ok(Self(Cow::Owned(raw.to_owned())))
    }

    /// A role that another identity service has given, which names them as it likes.
    pub fn of_elsewhere(raw: &str) -> Self {
        Self(Cow::Owned(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user of the embedded identity.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub password: PasswordHash,
    pub enabled: bool,
    pub created_at: Timestamp,
}

/// An Argon2id hash in PHC form (`$argon2id$v=19$…`). Not printed: it is good for guessing offline.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A project of the embedded identity.
#[derive(Clone, Debug)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub enabled: bool,
    pub created_at: Timestamp,
}

/// Knows which projects there are: the embedded identity does, or a Keystone.
pub trait ProjectDirectory {
    /// Whether there is such a project. One that the directory may not tell of counts as there.
    fn has(&self, project: &ProjectId) -> impl Future<Output = Result<bool, Error>>;
}

/// What a role is held on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantTarget {
    Project(ProjectId),
    /// The one domain, `default`.
    Domain,
    System,
}

/// One role of one user on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub user: UserId,
    pub target: GrantTarget,
    pub role: Role,
}

impl Grant {
    /// Whether it is one on that project.
    pub fn is_on(&self, project: &ProjectId) -> bool {
        matches!(&self.target, GrantTarget::Project(granted) if granted == project)
    }
}

/// SHA-256 of a token: what is stored of it. The token itself is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// A token as it is stored: everything but the token.
#[derive(Clone, Debug)]
pub struct StoredToken {
    pub hash: TokenHash,
    pub user: UserId,
    pub scope: Scope,
    /// How the user proved who they are: `password`, `token`.
    pub methods: BTreeSet<String>,
    /// Carried from token to token, so that a chain of exchanges can be followed (Keystone's `audit_ids`).
    pub audit_ids: Vec<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}
