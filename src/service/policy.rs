//! The one place that says who may do what with key pairs and their limits.

use super::{QuotaAction, QuotaError, Whose};
use crate::domain::{Action, Caller, Error, ProjectId, Result, Scope};

/// Nova's default policy, as recorded: the owner in any role, or an administrator for anybody by `user_id`; a
/// project-scoped token, but for reading also an unscoped one. A reader may change their own key pairs.
pub(super) fn authorize(caller: &Caller, action: Action, whose: &Whose) -> Result<()> {
    if scope_allows(&caller.scope, action) && whose_allows(caller, whose) {
        Ok(())
    } else {
        Err(Error::Forbidden(action))
    }
}

fn scope_allows(scope: &Scope, action: Action) -> bool {
    match scope {
        Scope::Project(_) => true,
        Scope::Unscoped => action != Action::Create,
        Scope::Domain(_) | Scope::System => false,
    }
}

fn whose_allows(caller: &Caller, whose: &Whose) -> bool {
    match whose {
        Whose::Callers => true,
        Whose::User(user) => *user == caller.user || caller.is_admin(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DomainId, ProjectId, Role, UserId};

    const ACTIONS: [Action; 5] = [Action::List, Action::Show, Action::Create, Action::Delete, Action::Describe];

    fn caller(scope: Scope, role: Role) -> Caller {
        Caller { user: UserId::parse("ann").unwrap(), scope, roles: [role].into() }
    }

    fn project() -> Scope {
        Scope::Project(ProjectId::parse("p1").unwrap())
    }

    #[test]
    fn a_reader_may_do_everything_with_their_own() {
        for action in ACTIONS {
            authorize(&caller(project(), Role::READER), action, &Whose::Callers).unwrap();
        }
    }

    #[test]
    fn only_an_administrator_may_name_another_user() {
        let bob = Whose::User(UserId::parse("bob").unwrap());
        for action in ACTIONS {
            authorize(&caller(project(), Role::ADMIN), action, &bob).unwrap();
            let refused = authorize(&caller(project(), Role::MEMBER), action, &bob);
            assert!(matches!(refused, Err(Error::Forbidden(named)) if named == action));
        }
    }

    #[test]
    fn naming_oneself_is_nothing_special() {
        let ann = Whose::User(UserId::parse("ann").unwrap());
        authorize(&caller(project(), Role::READER), Action::Create, &ann).unwrap();
    }

    #[test]
    fn system_and_domain_tokens_may_do_nothing_and_unscoped_ones_may_not_create() {
        let domain = Scope::Domain(DomainId::parse("default").unwrap());
        for action in ACTIONS {
            assert!(authorize(&caller(Scope::System, Role::ADMIN), action, &Whose::Callers).is_err());
            assert!(authorize(&caller(domain.clone(), Role::ADMIN), action, &Whose::Callers).is_err());
            let unscoped = authorize(&caller(Scope::Unscoped, Role::READER), action, &Whose::Callers);
            assert_eq!(unscoped.is_err(), action == Action::Create);
        }
    }

    const QUOTA_ACTIONS: [QuotaAction; 9] = [
        QuotaAction::Show,
        QuotaAction::Detail,
        QuotaAction::Defaults,
        QuotaAction::Update,
        QuotaAction::Delete,
        QuotaAction::ShowClass,
        QuotaAction::UpdateClass,
        QuotaAction::Limits,
        QuotaAction::LimitsOfProject,
    ];

    fn allowed(caller: &Caller, asked: &str) -> Vec<QuotaAction> {
        let asked = ProjectId::parse(asked).unwrap();
        let is_allowed = |action: &QuotaAction| authorize_quota(caller, *action, Some(&asked)).is_ok();
        QUOTA_ACTIONS.into_iter().filter(is_allowed).collect()
    }

    #[test]
    fn only_an_administrator_changes_limits_and_sees_those_of_other_projects() {
        use QuotaAction::{Defaults, Detail, Limits, LimitsOfProject, Show};
        for role in [Role::READER, Role::MEMBER, Role::MANAGER] {
            assert_eq!(
                allowed(&caller(project(), role.clone()), "p1"),
                [Show, Detail, Defaults, Limits, LimitsOfProject]
            );
            assert_eq!(allowed(&caller(project(), role), "p2"), [Defaults, Limits]);
        }
        assert_eq!(allowed(&caller(project(), Role::ADMIN), "p2"), QUOTA_ACTIONS);
    }

    #[test]
    fn limits_need_a_token_for_a_project() {
        let domain = Scope::Domain(DomainId::parse("default").unwrap());
        for scope in [Scope::System, Scope::Unscoped, domain] {
            assert_eq!(allowed(&caller(scope, Role::ADMIN), "p1"), []);
        }
    }
}
