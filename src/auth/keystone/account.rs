//! The service's own user at Keystone: its login, and when it is tried again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openssl::sha::sha256;
use serde::Serialize;

use super::failure::Failure;
use super::{KeystoneError, Settings};
use crate::auth::{SecretKind, read_secret};
use crate::domain::SecretText;

/// How long a password that has failed is not sent again: a Keystone may lock an account that guesses.
const PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Account {
    pub(super) username: String,
    pub(super) scope: OwnScope,
    password_file: PathBuf,
    project_name: String,
    user_domain_name: String,
    project_domain_name: String,
    /// The last login that failed for good.
    failed: Mutex<Option<Failed>>,
}

/// What the service's own user logs in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnScope {
    /// Its project: there it has the role to check tokens.
    Project,
    /// The whole system: what belongs to no project is read there.
    System,
}

struct Failed {
    password: [u8; 32],
    at: Instant,
    failure: Arc<Failure>,
}

/// A password as it is in the file now: read for each login, so that a changed one needs no restart.
pub(super) struct Attempt {
    password: SecretText,
    hash: [u8; 32],
}

/// The body of a login. Its strings are borrowed, so that there is one copy of the password less to be wiped.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    auth: Auth<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    identity: Identity<'a>,
    scope: Scope<'a>,
}

#[derive(Serialize)]
struct Identity<'a> {
    methods: [&'static str; 1],
    password: Password<'a>,
}

#[derive(Serialize)]
struct Password<'a> {
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    name: &'a str,
    domain: Domain<'a>,
    password: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Scope<'a> {
    Project(Project<'a>),
    System(System),
}

#[derive(Serialize)]
struct System {
    all: bool,
}

#[derive(Serialize)]
struct Project<'a> {
    name: &'a str,
    domain: Domain<'a>,
}

#[derive(Serialize)]
struct Domain<'a> {
    name: &'a str,
}

impl Account {
    /// A password file that cannot be read is told at the start, not at the first request.
    pub(super) fn new(settings: &Settings, scope: OwnScope) -> Result<Self, KeystoneError> {
        let password_file = settings.password_file.clone().ok_or(KeystoneError::NotSet("password_file"))?;
        read_secret(SecretKind::Password, &password_file)?;
        Ok(Self {
            username: settings.username.clone().ok_or(KeystoneError::NotSet("username"))?,
            scope,
            password_file,
            project_name: settings.project_name.clone(),
            user_domain_name: settings.user_domain_name.clone(),
            project_domain_name: settings.project_domain_name.clone(),
            failed: Mutex::default(),
        })
    }

    /// What to log in with; an error while the same password has failed a moment ago.
    pub(super) fn attempt(&self) -> Result<Attempt, Failure> {
        let password = read_secret(SecretKind::Password, &self.password_file)?;
        let hash = sha256(password.expose().as_bytes());
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failed {
            Some(failed) if failed.password == hash && failed.at.elapsed() < PAUSE => {
                Err(Failure::NotAgainYet(failed.failure.clone()))
            }
            Some(_) | None => Ok(Attempt { password, hash }),
        }
    }

    /// Remembers a failure that will not pass by itself; gives it back.
    pub(super) fn failed(&self, attempt: &Attempt, failure: Failure) -> Failure {
        if failure.may_pass() {
            return failure;
        }
        let failure = Arc::new(failure);
        let failed = Failed { password: attempt.hash, at: Instant::now(), failure: failure.clone() };
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
        Failure::NotAgainYet(failure)
    }

    pub(super) fn login<'a>(&'a self, attempt: &'a Attempt) -> Body<'a> {
        let user = User {
            name: &self.username,
            domain: Domain { name: &self.user_domain_name },
            password: attempt.password.expose(),
        };
        let scope = match self.scope {
            OwnScope::Project => {
                let domain = Domain { name: &self.project_domain_name };
                Scope::Project(Project { name: &self.project_name, domain })
            }
            OwnScope::System => Scope::System(System { all: true }),
        };
        let identity = Identity { methods: ["password"], password: Password { user } };
        Body { auth: Auth { identity, scope } }
    }

    /// What a refused login means.
    pub(super) fn refused(&self) -> Failure {
        match self.scope {
            OwnScope::Project => Failure::LoginRefused,
            OwnScope::System => Failure::MayNotReadCredentials,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn account(password_file: &Path) -> Account {
        fs::write(password_file, "first").expect("is written");
        fs::set_permissions(password_file, fs::Permissions::from_mode(0o600)).expect("is set");
        Account::new(&Settings::example(password_file.to_owned()), OwnScope::Project).expect("is made")
    }

    #[test]
    fn a_password_that_was_refused_is_not_sent_again_and_another_one_is() {
        let directory = tempfile::tempdir().expect("is made");
        let file = directory.path().join("password");
        let account = account(&file);
        let attempt = account.attempt().expect("may be tried");
        account.failed(&attempt, Failure::LoginRefused);
        assert!(matches!(account.attempt(), Err(Failure::NotAgainYet(_))));
        fs::write(&file, "second").expect("is written");
        assert!(account.attempt().is_ok());
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let directory = tempfile::tempdir().expect("is made");
        let account = account(&directory.path().join("password"));
        let attempt = account.attempt().expect("may be tried");
        account.failed(&attempt, Failure::Slow(PAUSE));
        assert!(account.attempt().is_ok());
    }

    #[test]
    fn the_login_is_keystones() {
        let directory = tempfile::tempdir().expect("is made");
        let account = account(&directory.path().join("password"));
        let attempt = account.attempt().expect("may be tried");
        let body = serde_json::to_string(&account.login(&attempt)).expect("is JSON");
        assert_eq!(
            body,
            r#"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"keypaird","domain":{"name":"Default"},"password":"first"}}},"scope":{"project":{"name":"service","domain":{"name":"Default"}}}}}"#
        );
        let of_system = Account { scope: OwnScope::System, ..account };
        let body = serde_json::to_string(&of_system.login(&attempt)).expect("is JSON");
        assert!(body.ends_with(r#","scope":{"system":{"all":true}}}}"#), "{body}");
    }
}
