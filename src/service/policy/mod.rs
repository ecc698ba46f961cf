//! The one place that says who may do what with key pairs, their private keys and their limits. The same as a table:
//! `docs/authorization.md`, which the tests of this module read cell by cell.

#[cfg(test)]
mod tests;

use super::{QuotaAction, QuotaError};
use crate::domain::{Action, Caller, Error, KeyPair, KeyPairName, Owner, ProjectId, Result, Role, Scope};

/// What becomes of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ruling {
    Granted,
    Refused,
    /// Refused, and not to be told from a key pair that is not there: a list leaves it out.
    Hidden,
}

/// Whose a key pair is, as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Own,
    AnotherUsers,
    CallersProjects,
    AnotherProjects,
}

/// Whether the caller may do that in a name space, and there to the key pair `name`, where the action is about one.
///
/// [`Error::Forbidden`] comes before anything is looked up, so it tells nothing of what exists. Of a key pair's private
/// key this is half the answer: [`authorize_private_key`] has all of it.
pub(super) fn authorize(caller: &Caller, action: Action, owner: &Owner, name: Option<&KeyPairName>) -> Result<()> {
    match (rule(caller, action, owner), name) {
        (Ruling::Granted, _) => Ok(()),
        (Ruling::Hidden, Some(name)) => Err(Error::NotFound(name.clone())),
        (Ruling::Hidden, None) | (Ruling::Refused, _) => Err(Error::Forbidden(action)),
    }
}

/// Whether the caller may do that in a name space.
pub(super) fn is_granted(caller: &Caller, action: Action, owner: &Owner) -> bool {
    rule(caller, action, owner) == Ruling::Granted
}

/// The same for a private key of a key pair that was read: the token must also be of the project that the private key is
/// bound to, so that a token stolen in one project releases nothing of another.
pub(super) fn authorize_private_key(caller: &Caller, action: Action, pair: &KeyPair) -> Result<()> {
    authorize(caller, action, &pair.owner, Some(&pair.name))?;
    let is_bound = caller.project().is_some_and(|project| pair.project.as_ref() == Some(project));
    if is_bound { Ok(()) } else { Err(Error::Forbidden(action)) }
}

/// Tokens for a domain or the system are for nothing here, as in Nova (recorded for the system).
fn rule(caller: &Caller, action: Action, owner: &Owner) -> Ruling {
    match (&caller.scope, relation(caller, owner)) {
        (Scope::Domain(_) | Scope::System, _) => Ruling::Refused,
        (Scope::Project(_) | Scope::Unscoped, Relation::Own) => of_own(caller, action),
        (Scope::Project(_) | Scope::Unscoped, Relation::AnotherUsers) => of_another_user(caller, action),
        (Scope::Project(_) | Scope::Unscoped, Relation::CallersProjects) => of_callers_project(caller, action),
        (Scope::Project(_) | Scope::Unscoped, Relation::AnotherProjects) => of_another_project(action),
    }
}

fn relation(caller: &Caller, owner: &Owner) -> Relation {
    match owner {
        Owner::User(user) if *user == caller.user => Relation::Own,
        Owner::User(_) => Relation::AnotherUsers,
        Owner::Project(project) if Some(project) == caller.project() => Relation::CallersProjects,
        Owner::Project(_) => Relation::AnotherProjects,
    }
}

/// Every role, a reader too, makes and deletes its own (recorded); without a project one reads (recorded) and deletes. A private key
/// is no reader's to touch.
fn of_own(caller: &Caller, action: Action) -> Ruling {
    match action {
        Action::List | Action::Show | Action::Delete => Ruling::Granted,
        Action::Create | Action::CreateKept | Action::Describe => granted_if(caller.project().is_some()),
        Action::Export | Action::ImportInto | Action::Clear => {
            granted_if(caller.project().is_some() && is_more_than_reader(caller))
        }
    }
}

/// An administrator's (recorded), but for what touches a kept private key: that is its user's alone.
fn of_another_user(caller: &Caller, action: Action) -> Ruling {
    match action {
        Action::List | Action::Show | Action::Create | Action::Delete | Action::Describe => {
            granted_if(caller.is_admin())
        }
        Action::CreateKept | Action::Export | Action::ImportInto | Action::Clear => Ruling::Refused,
    }
}

fn of_callers_project(caller: &Caller, action: Action) -> Ruling {
    match action {
        Action::List | Action::Show => granted_if(!caller.roles.is_empty()),
        Action::Create | Action::CreateKept | Action::Delete | Action::Describe => {
            granted_if(is_more_than_reader(caller))
        }
        Action::Export | Action::ImportInto | Action::Clear => granted_if(caller.roles.contains(&Role::MEMBER)),
    }
}

/// What would name one of its key pairs finds none. A new one is no secret, and refused aloud.
fn of_another_project(action: Action) -> Ruling {
    match action {
        Action::Create | Action::CreateKept => Ruling::Refused,
        Action::List
        | Action::Show
        | Action::Delete
        | Action::Describe
        | Action::Export
        | Action::ImportInto
        | Action::Clear => Ruling::Hidden,
    }
}

fn granted_if(holds: bool) -> Ruling {
    if holds { Ruling::Granted } else { Ruling::Refused }
}

/// Tokens carry the implied roles too: a member's says `member` and `reader`, a reader's nothing beside `reader`.
fn is_more_than_reader(caller: &Caller) -> bool {
    caller.roles.iter().any(|role| *role != Role::READER)
}

/// Nova's list of extensions is for every role and, like all else in a Nova, not for tokens of a domain or the system.
pub fn may_see_extensions(caller: &Caller) -> bool {
    match caller.scope {
        Scope::Project(_) | Scope::Unscoped => true,
        Scope::Domain(_) | Scope::System => false,
    }
}

/// Nova's default policy: in any role one sees the limits of one's own project, and the defaults; all else is an
/// administrator's, and needs a token for a project (recorded for showing and changing).
pub(super) fn authorize_quota(
    caller: &Caller,
    action: QuotaAction,
    project: Option<&ProjectId>,
) -> Result<(), QuotaError> {
    let in_project = match &caller.scope {
        Scope::Project(_) => true,
        Scope::Unscoped | Scope::Domain(_) | Scope::System => false,
    };
    let is_own = project.is_some() && project == caller.project();
    let is_allowed = match action {
        QuotaAction::Show | QuotaAction::Detail | QuotaAction::LimitsOfProject => is_own || caller.is_admin(),
        QuotaAction::Defaults | QuotaAction::Limits => true,
        QuotaAction::Update | QuotaAction::Delete | QuotaAction::ShowClass | QuotaAction::UpdateClass => {
            caller.is_admin()
        }
    };
    if in_project && is_allowed { Ok(()) } else { Err(QuotaError::Forbidden(action)) }
}
