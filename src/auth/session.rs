//! From a token to what it stands for.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Identity, Refused, roles, token};
use crate::domain::{Caller, Error, Project, Result, Role, Scope, StoredToken, Timestamp, TokenHash, User};
use crate::store::TokenRecord;

/// A valid token and all that it stands for at this moment.
#[derive(Debug)]
pub struct Session {
    pub token: StoredToken,
    pub user: User,
    /// The project of a project-scoped token.
    pub project: Option<Project>,
    /// What the user holds on the token's scope now, implied roles included.
    pub roles: BTreeSet<Role>,
}

impl Session {
    /// The one place that says which tokens are valid: not expired, of an enabled user and, where it has a scope, of an
    /// enabled project and with a role that is still held there.
    fn of(record: TokenRecord, now: Timestamp) -> Option<Self> {
        let TokenRecord { token, user, project, grants } = record;
        let roles = roles::held(&grants, &token.scope);
        let scope_holds = match token.scope {
            Scope::Project(_) => project.as_ref().is_some_and(|project| project.enabled) && !roles.is_empty(),
            Scope::Domain(_) | Scope::System => !roles.is_empty(),
            Scope::Unscoped => true,
        };
        let valid = now < token.expires_at && user.enabled && scope_holds;
        valid.then_some(Self { token, user, project, roles })
    }

    /// Who calls with this token.
    pub fn caller(&self) -> Caller {
        Caller { user: self.user.id.clone(), scope: self.token.scope.clone(), roles: self.roles.clone() }
    }
}

impl Identity {
    /// The caller that a token stands for, cached for at most five seconds.
    pub async fn caller(&self, token: &str) -> Result<Caller, Refused> {
        self.0.tokens.count(self.judge(token).await)
    }

    async fn judge(&self, token: &str) -> Result<Caller, Refused> {
        let hash = token::hash(token).ok_or(Refused::Unauthenticated)?;
        let asked = Instant::now();
        if let Some(caller) = self.0.callers.find(&hash, asked, Timestamp::now()) {
            return Ok(caller);
        }
        let session = self.session_of(hash).await?;
        let caller = session.caller();
        self.0.callers.remember(hash, caller.clone(), session.token.expires_at, asked);
        Ok(caller)
    }

    /// All that a token stands for, always read from the database.
    pub async fn session(&self, token: &str) -> Result<Session, Refused> {
        let session = match token::hash(token) {
            Some(hash) => self.session_of(hash).await,
            None => Err(Refused::Unauthenticated),
        };
        self.0.tokens.count(session)
    }

    pub(super) async fn session_of(&self, hash: TokenHash) -> Result<Session, Refused> {
        let record = self.0.store.token_find(&hash).await?;
        record.and_then(|record| Session::of(record, Timestamp::now())).ok_or(Refused::Unauthenticated)
    }

    /// Ends a token: here at once, in other processes within five seconds.
    pub async fn revoke(&self, session: &Session) -> Result<(), Error> {
        let hash = session.token.hash;
        self.0.store.token_delete(&hash).await?;
        self.0.callers.forget(&hash);
        Ok(())
    }

    /// Deletes what has expired, in the database and in memory; how many tokens went. To be called now and then.
    pub async fn purge_expired(&self) -> Result<u64, Error> {
        self.0.callers.purge(Instant::now());
        self.0.store.tokens_purge(Timestamp::now()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DomainId, Grant, GrantTarget, PasswordHash, ProjectId, UserId};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    /// A valid record of a member of project `p`, whose token ends one microsecond from now.
    fn record() -> TokenRecord {
        let user = UserId::parse("u").expect("is an id");
        let project = ProjectId::parse("p").expect("is an id");
        let grant = |target| Grant { user: user.clone(), target, role: Role::MEMBER };
        TokenRecord {
            token: StoredToken {
                hash: TokenHash([0; 32]),
                user: user.clone(),
                scope: Scope::Project(project.clone()),
                methods: ["password".to_owned()].into(),
                audit_ids: vec![],
                issued_at: NOW,
                expires_at: Timestamp::from_micros(1_000_001),
            },
            user: User {
                id: user.clone(),
                name: "demo".to_owned(),
                password: PasswordHash::from_phc(String::new()),
                enabled: true,
                created_at: NOW,
            },
            project: Some(Project { id: project.clone(), name: "demo".to_owned(), enabled: true, created_at: NOW }),
            grants: vec![grant(GrantTarget::Project(project)), grant(GrantTarget::Domain)],
        }
    }

    #[test]
    fn a_valid_token_carries_its_roles() {
        let caller = Session::of(record(), NOW).expect("is valid").caller();
        assert!(caller.roles.contains(&Role::MEMBER) && caller.roles.contains(&Role::READER));
    }

    #[test]
    fn a_token_is_invalid_when_anything_that_it_needs_is_gone() {
        type Break = fn(&mut TokenRecord);
        let breaks: [(&str, Break); 7] = [
            ("it expires now", |record| record.token.expires_at = NOW),
            ("the user is disabled", |record| record.user.enabled = false),
            ("the project is gone", |record| record.project = None),
            ("the project is disabled", |record| record.project.iter_mut().for_each(|p| p.enabled = false)),
            ("the role on the project was taken", |record| {
                record.grants.remove(0);
            }),
            ("there is no role on the system", |record| record.token.scope = Scope::System),
            ("it is for another domain", |record| {
                record.token.scope = Scope::Domain(DomainId::parse("other").expect("is an id"));
            }),
        ];
        for (what, break_it) in breaks {
            let mut record = record();
            break_it(&mut record);
            assert!(Session::of(record, NOW).is_none(), "{what}");
        }
    }
}
