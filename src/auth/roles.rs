//! Which roles a user holds where.

use std::collections::BTreeSet;

use super::DOMAIN_ID;
use crate::domain::{Grant, GrantTarget, Role, Scope};

/// Each role implies those after it, as after Keystone's own bootstrap (recorded from Keystone 30). Others imply none.
const CHAIN: [Role; 4] = [Role::ADMIN, Role::MANAGER, Role::MEMBER, Role::READER];

/// The roles held on a scope, implied ones included. None without a scope: an unscoped token carries no roles.
pub(super) fn held(grants: &[Grant], scope: &Scope) -> BTreeSet<Role> {
    let there = grants.iter().filter(|grant| covers(&grant.target, scope));
    there.flat_map(|grant| with_implied(&grant.role)).collect()
}

fn covers(target: &GrantTarget, scope: &Scope) -> bool {
    match target {
        GrantTarget::Project(granted) => matches!(scope, Scope::Project(wanted) if wanted == granted),
        GrantTarget::Domain => matches!(scope, Scope::Domain(wanted) if wanted.as_str() == DOMAIN_ID),
        GrantTarget::System => matches!(scope, Scope::System),
    }
}

fn with_implied(role: &Role) -> Vec<Role> {
    match CHAIN.iter().position(|known| known == role) {
        Some(place) => CHAIN[place..].to_vec(),
        None => vec![role.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProjectId, UserId};

    fn grant(target: GrantTarget, role: Role) -> Grant {
        Grant { user: UserId::parse("u").expect("is an id"), target, role }
    }

    fn project(id: &str) -> ProjectId {
        ProjectId::parse(id).expect("is an id")
    }

    fn names(roles: &BTreeSet<Role>) -> Vec<&str> {
        roles.iter().map(Role::as_str).collect()
    }

    #[test]
    fn admin_implies_all_and_reader_none() {
        let on = |role| held(&[grant(GrantTarget::System, role)], &Scope::System);
        assert_eq!(names(&on(Role::ADMIN)), ["admin", "manager", "member", "reader"]);
        assert_eq!(names(&on(Role::MEMBER)), ["member", "reader"]);
        assert_eq!(names(&on(Role::READER)), ["reader"]);
        assert_eq!(names(&on(Role::SERVICE)), ["service"]);
    }

    #[test]
    fn a_role_counts_where_it_was_given_and_nowhere_else() {
        let grants = [grant(GrantTarget::Project(project("a")), Role::MEMBER), grant(GrantTarget::Domain, Role::ADMIN)];
        assert_eq!(names(&held(&grants, &Scope::Project(project("a")))), ["member", "reader"]);
        assert!(held(&grants, &Scope::Project(project("b"))).is_empty());
        assert!(held(&grants, &Scope::System).is_empty());
        assert!(held(&grants, &Scope::Unscoped).is_empty());
    }
}
