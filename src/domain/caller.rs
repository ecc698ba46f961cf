//! Who is calling.

use std::collections::BTreeSet;

use super::{Actor, DomainId, Owner, ProjectId, Role, UserId, Via};

/// An authenticated caller: a user, what the token is scoped to, and the roles held there.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: UserId,
    pub scope: Scope,
    pub roles: BTreeSet<Role>,
}

/// What a token is good for (Keystone's words).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Project(ProjectId),
    Domain(DomainId),
    System,
    Unscoped,
}

impl Caller {
    /// The caller's project, where the token has one.
    pub fn project(&self) -> Option<&ProjectId> {
        match &self.scope {
            Scope::Project(project) => Some(project),
            Scope::Domain(_) | Scope::System | Scope::Unscoped => None,
        }
    }

    /// The name space of the caller's own key pairs.
    pub fn user_owner(&self) -> Owner {
        Owner::User(self.user.clone())
    }

    /// The name space that the caller shares with the project.
    pub fn project_owner(&self) -> Option<Owner> {
        self.project().cloned().map(Owner::Project)
    }

    /// Who waits in line where requests take turns: the project, or the user where the request is in none.
    pub fn party(&self) -> Owner {
        self.project_owner().unwrap_or_else(|| self.user_owner())
    }

    /// The caller as the ledger names one.
    pub fn actor(&self, via: &Via) -> Actor {
        Actor { user: self.user.to_string(), project: self.project().cloned(), via: via.clone() }
    }

    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::ADMIN)
    }
}
