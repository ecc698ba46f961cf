//! From a password or a token to a new token.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use super::failures::Attempt;
use super::{DOMAIN_ID, DOMAIN_NAME, Identity, Refused, Session, roles, token};
use crate::domain::{DomainId, ProjectId, Result, Scope, SecretText, StoredToken, Timestamp, TokenHash, User, UserId};

/// What a login asks for.
#[derive(Debug)]
pub struct Login {
    pub proof: Proof,
    pub scope: WantedScope,
}

/// How the caller proves who they are.
#[derive(Debug)]
pub enum Proof {
    Password { user: UserRef, password: SecretText },
    Token(SecretText),
}

/// A user as a login names it.
#[derive(Debug)]
pub enum UserRef {
    Id(String),
    Name { name: String, domain: Domain },
}

/// A project as a login names it.
#[derive(Debug)]
pub enum ProjectRef {
    Id(String),
    Name { name: String, domain: Domain },
}

/// A domain as a login names it: it need not be ours.
#[derive(Debug)]
pub enum Domain {
    Id(String),
    Name(String),
}

#[derive(Debug)]
pub enum WantedScope {
    Unscoped,
    Project(ProjectRef),
    Domain(Domain),
    System,
}

/// A new token, and what it stands for.
#[derive(Debug)]
pub struct Issued {
    pub token: SecretText,
    pub session: Session,
}

/// A user who has proved who they are; `parent` is the token that proved it.
struct Proven {
    user: User,
    method: &'static str,
    parent: Option<StoredToken>,
}

impl Domain {
    /// Whether it is the one domain there is. Its name is taken in any case, as Keystone on MySQL does: `OS_*` files
    /// with `default` for a name are common.
    fn is_ours(&self) -> bool {
        match self {
            Self::Id(id) => id == DOMAIN_ID,
            Self::Name(name) => name.eq_ignore_ascii_case(DOMAIN_NAME),
        }
    }
}

impl Identity {
    /// Logs in from the address `source`.
    ///
    /// An unknown user, a disabled one, a wrong password, a locked account and a scope without a role on it are all
    /// [`Refused::Unauthenticated`]; the first three cost the same work. Too many logins at
    /// once are [`Error::Busy`](crate::domain::Error::Busy).
    pub async fn login(&self, login: Login, source: IpAddr) -> Result<Issued, Refused> {
        let proven = match login.proof {
            Proof::Password { user, password } => {
                self.0.passwords.count(self.prove_by_password(&user, password, source).await)?
            }
            Proof::Token(token) => self.prove_by_token(&token).await?,
        };
        let scope = self.granted_scope(&proven.user, login.scope).await?;
        self.issue(proven, scope).await
    }

    async fn prove_by_password(
        &self,
        named: &UserRef,
        password: SecretText,
        source: IpAddr,
    ) -> Result<Proven, Refused> {
        let Self(parts) = self;
        let user = self.user_of(named).await?;
        let attempt = Attempt::new(&named.account(user.as_ref()), source);
        if parts.failures.locked(attempt, Instant::now()) {
            return Err(Refused::Unauthenticated);
        }
        let turn = parts.hashing.turn().await?;
        // Asked again now that it is this login's turn: of many guesses sent at once, only as many as are computed at
        // the same time can pass before their failures are counted.
        if parts.failures.locked(attempt, Instant::now()) {
            return Err(Refused::Unauthenticated);
        }
        // The turn is held to the end: the next login begins when this one's failure is counted.
        let (matches, _turn) = turn.verify(password, user.as_ref().map(|user| user.password.clone())).await?;
        match user {
            Some(user) if matches && user.enabled => {
                parts.failures.forget(attempt);
                Ok(Proven { user, method: "password", parent: None })
            }
            user => {
                if parts.failures.record(attempt, Instant::now()) {
                    warn_of_lock(user.as_ref(), source);
                }
                Err(Refused::Unauthenticated)
            }
        }
    }

    async fn prove_by_token(&self, token: &SecretText) -> Result<Proven, Refused> {
        let Session { token, user, .. } = self.session(token.expose()).await?;
        Ok(Proven { user, method: "token", parent: Some(token) })
    }

    async fn user_of(&self, named: &UserRef) -> Result<Option<User>> {
        match named {
            UserRef::Id(id) => match UserId::parse(id) {
                Ok(id) => self.0.store.user_find(&id).await,
                Err(_) => Ok(None),
            },
            UserRef::Name { name, domain } if domain.is_ours() => self.0.store.user_find_by_name(name).await,
            UserRef::Name { .. } => Ok(None),
        }
    }

    async fn granted_scope(&self, user: &User, wanted: WantedScope) -> Result<Scope, Refused> {
        let scope = match wanted {
            WantedScope::Unscoped => return Ok(Scope::Unscoped),
            WantedScope::Project(named) => Scope::Project(self.project_of(named).await?),
            WantedScope::Domain(domain) if domain.is_ours() => Scope::Domain(DomainId::parse(DOMAIN_ID)?),
            WantedScope::Domain(_) => return Err(Refused::Unauthenticated),
            WantedScope::System => Scope::System,
        };
        let grants = self.0.store.grants_of(&user.id).await?;
        if roles::held(&grants, &scope).is_empty() { Err(Refused::Unauthenticated) } else { Ok(scope) }
    }

    async fn project_of(&self, named: ProjectRef) -> Result<ProjectId, Refused> {
        match named {
            ProjectRef::Id(id) => ProjectId::parse(&id).map_err(|_| Refused::Unauthenticated),
            ProjectRef::Name { name, domain } if domain.is_ours() => {
                let project = self.0.store.project_find_by_name(&name).await?;
                project.map(|project| project.id).ok_or(Refused::Unauthenticated)
            }
            ProjectRef::Name { .. } => Err(Refused::Unauthenticated),
        }
    }

    async fn issue(&self, proven: Proven, scope: Scope) -> Result<Issued, Refused> {
        let token = token::generate()?;
        let hash = token::hash(token.expose()).ok_or(Refused::Unauthenticated)?;
        let stored = self.new_token(&proven, scope, hash)?;
        self.0.store.token_insert(stored).await?;
        // A password changed since it was checked has taken the user's tokens with it, but not this one, which came after.
        // Reading again after the insert, one of the two sees the other. What is not handed out need not be deleted.
        let session = self.session_of(hash).await?;
        if session.user.password.as_phc() == proven.user.password.as_phc() {
            Ok(Issued { token, session })
        } else {
            Err(Refused::Unauthenticated)
        }
    }

    /// A token for a token ends when the first one does, and carries the first one's audit id (as Keystone's do).
    fn new_token(&self, proven: &Proven, scope: Scope, hash: TokenHash) -> Result<StoredToken> {
        let issued_at = Timestamp::now();
        let mut methods = BTreeSet::from([proven.method.to_owned()]);
        let mut audit_ids = vec![token::audit_id()?];
        let mut expires_at = issued_at.plus(self.0.token_lifetime);
        if let Some(parent) = &proven.parent {
            methods.extend(parent.methods.iter().cloned());
            audit_ids.extend(parent.audit_ids.last().cloned());
            expires_at = parent.expires_at;
        }
        Ok(StoredToken { hash, user: proven.user.id.clone(), scope, methods, audit_ids, issued_at, expires_at })
    }
}

impl UserRef {
    /// What failed logins are counted under: the user or, where there is none, what was sent. That is counted apart by
    /// how it was sent, as it is where the user exists: else failures under `alice` of another domain would lock our
    /// `alice` only if nobody has the name, and the time of the next answer would tell.
    fn account(&self, user: Option<&User>) -> String {
        match (user, self) {
            (Some(user), _) => format!("user {}", user.id),
            (None, Self::Id(id)) => format!("id {id}"),
            (None, Self::Name { name, domain }) if domain.is_ours() => format!("name {name}"),
            (None, Self::Name { name, .. }) => format!("name elsewhere {name}"),
        }
    }
}

/// Names the user only if there is one: people type passwords into the field for the name.
fn warn_of_lock(user: Option<&User>, source: IpAddr) {
    match user {
        Some(user) => tracing::warn!(user.id = %user.id, %source, "too many failed logins: refusing further ones"),
        None => tracing::warn!(%source, "too many failed logins for an unknown user: refusing further ones"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use futures_util::future::join_all;
    use prometheus::Registry;

    use super::*;
    use crate::auth::{CredentialMetrics, Password, UserChanges};
    use crate::store::Store;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const RIGHT: &str = "the right password";

    /// An identity with the users `alice` and, disabled, `bob`.
    async fn identity(directory: &tempfile::TempDir) -> Identity {
        let url = format!("sqlite:{}", directory.path().join("test.sqlite").display());
        let metrics = CredentialMetrics::new(&Registry::new()).expect("are registered");
        let identity = Identity::new(Duration::from_secs(60), Store::open(&url).await.expect("opens"), &metrics);
        identity.user_create("alice", &password(RIGHT)).await.expect("is made");
        let bob = identity.user_create("bob", &password(RIGHT)).await.expect("is made");
        let disabled = UserChanges { enabled: Some(false), password: None };
        identity.user_change(bob, disabled).await.expect("is disabled");
        identity
    }

    fn password(text: &str) -> Password {
        Password::parse(SecretText::new(text.to_owned())).expect("keeps the rule")
    }

    fn named(name: &str, domain: &str) -> UserRef {
        UserRef::Name { name: name.to_owned(), domain: Domain::Name(domain.to_owned()) }
    }

    fn login(user: UserRef, password: &str) -> Login {
        let proof = Proof::Password { user, password: SecretText::new(password.to_owned()) };
        Login { proof, scope: WantedScope::Unscoped }
    }

    #[tokio::test]
    async fn every_refused_login_costs_the_same_work() {
        let directory = tempfile::tempdir().expect("is made");
        let identity = identity(&directory).await;
        let cases = [
            ("a wrong password", named("alice", "Default"), "the wrong password"),
            ("an unknown user", named("nobody", "Default"), RIGHT),
            ("an unknown id", UserRef::Id("nobody".to_owned()), RIGHT),
            ("what cannot be an id", UserRef::Id("\n".to_owned()), RIGHT),
            ("another domain", named("alice", "elsewhere"), RIGHT),
            ("a disabled user", named("bob", "Default"), RIGHT),
        ];
        for (what, user, password) in cases {
            let before = identity.0.hashing.runs();
            let refused = identity.login(login(user, password), HERE).await;
            assert!(matches!(refused, Err(Refused::Unauthenticated)), "{what}");
            assert_eq!(identity.0.hashing.runs() - before, 1, "{what}");
        }
    }

    #[tokio::test]
    async fn after_ten_failures_even_the_right_password_is_refused_there_and_only_there() {
        let directory = tempfile::tempdir().expect("is made");
        let identity = identity(&directory).await;
        for _ in 0..10 {
            identity.login(login(named("alice", "Default"), "the wrong password"), HERE).await.expect_err("is wrong");
        }
        let before = identity.0.hashing.runs();
        let refused = identity.login(login(named("alice", "Default"), RIGHT), HERE).await;
        assert!(matches!(refused, Err(Refused::Unauthenticated)));
        assert_eq!(identity.0.hashing.runs(), before);
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        assert!(identity.login(login(named("alice", "Default"), RIGHT), elsewhere).await.is_ok());
    }

    #[tokio::test]
    async fn a_lock_does_not_tell_whether_there_is_such_a_user() {
        let directory = tempfile::tempdir().expect("is made");
        let identity = identity(&directory).await;
        let by_domain_id =
            |name: &str| UserRef::Name { name: name.to_owned(), domain: Domain::Id("default".to_owned()) };
        let ways: [fn(&str) -> UserRef; 3] =
            [|name| named(name, "elsewhere"), |name| UserRef::Id(name.to_owned()), |name| named(name, "Default")];
        for (number, way) in (1..).zip(ways) {
            let source = IpAddr::V4(Ipv4Addr::new(192, 0, 2, number));
            let mut work = Vec::new();
            for name in ["alice", "nobody"] {
                for _ in 0..10 {
                    identity.login(login(way(name), "the wrong password"), source).await.expect_err("is wrong");
                }
                let before = identity.0.hashing.runs();
                identity.login(login(by_domain_id(name), "the wrong password"), source).await.expect_err("is wrong");
                work.push(identity.0.hashing.runs() - before);
            }
            assert_eq!(work[0], work[1], "the {number}. way");
        }
    }

    #[tokio::test]
    async fn guesses_sent_at_once_do_not_all_get_their_try() {
        let directory = tempfile::tempdir().expect("is made");
        let identity = identity(&directory).await;
        let before = identity.0.hashing.runs();
        let guesses = (0..30).map(|_| identity.login(login(named("alice", "Default"), "the wrong password"), HERE));
        assert!(join_all(guesses).await.iter().all(Result::is_err));
        let at_a_time = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
        assert!(identity.0.hashing.runs() - before < 10 + at_a_time);
    }

    #[tokio::test]
    async fn no_token_outlives_the_password_that_it_was_made_with() {
        let directory = tempfile::tempdir().expect("is made");
        let identity = identity(&directory).await;
        let user = named("alice", "Default");
        let checked =
            identity.prove_by_password(&user, SecretText::new(RIGHT.to_owned()), HERE).await.expect("is right");
        let changes = UserChanges { enabled: None, password: Some(password("another password")) };
        identity.user_change(checked.user.clone(), changes).await.expect("is changed");
        let issued = identity.issue(checked, Scope::Unscoped).await;
        assert!(matches!(issued, Err(Refused::Unauthenticated)));
    }
}
