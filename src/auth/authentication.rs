//! Who answers for tokens: this service's own identity, or a Keystone.

use super::{Identity, Keystone, Refused};
use crate::domain::{Caller, ProjectDirectory, ProjectId, Result};

/// Clones share what is behind it.
#[derive(Clone)]
pub enum Authentication {
    Embedded(Identity),
    Keystone(Keystone),
}

impl Authentication {
    /// The caller that a token stands for.
    pub async fn caller(&self, token: &str) -> Result<Caller, Refused> {
        match self {
            Self::Embedded(identity) => identity.caller(token).await,
            Self::Keystone(keystone) => keystone.caller(token).await,
        }
    }
}

/// The projects there are, as far as a caller with this token may know.
pub struct ProjectsSeenBy<'a> {
    pub authentication: &'a Authentication,
    pub token: &'a str,
}

impl ProjectDirectory for ProjectsSeenBy<'_> {
    async fn has(&self, project: &ProjectId) -> Result<bool> {
        match self.authentication {
            Authentication::Embedded(identity) => Ok(identity.project_find(project).await?.is_some()),
            Authentication::Keystone(keystone) => keystone.has_project(project, self.token).await,
        }
    }
}
