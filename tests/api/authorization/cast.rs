//! The callers of `docs/authorization.md`, and whose key pairs they ask for.

use std::cell::Cell;
use std::collections::BTreeMap;

use keypaird::domain::{Grant, GrantTarget, ProjectId, Role, UserId};
use serde_json::json;

use crate::kps::{store_kept_project_pair, store_project_pair};
use crate::nova::imported;
use crate::support::{TestApp, User};

/// Key pairs that every caller asks for by these names.
pub(crate) const PROJECTS: &str = "the-projects";
pub(crate) const ANOTHER_PROJECTS: &str = "another-projects";

/// The users of one service, of which `app.demo` is "another user", and its project "the project".
pub(crate) struct Cast<'a> {
    pub(crate) app: &'a TestApp,
    callers: BTreeMap<&'static str, Caller>,
    /// In "another project".
    pub(crate) third: User,
    count: Cell<u32>,
}

/// A user with two tokens.
pub(crate) struct Caller {
    /// By the token for the project: as whom one's own key pairs are made.
    pub(crate) at_home: User,
    /// As whom the request is sent; without a token where it is empty.
    pub(crate) sends: User,
}

impl<'a> Cast<'a> {
    pub(crate) async fn of(app: &'a TestApp) -> Self {
        let third = app.user("third", "third", Role::MEMBER).await;
        store_project_pair(app, &app.demo, PROJECTS).await;
        store_project_pair(app, &third, ANOTHER_PROJECTS).await;
        let mut callers = BTreeMap::new();
        for (who, role) in
            [("reader", Role::READER), ("member", Role::MEMBER), ("manager", Role::MANAGER), ("admin", Role::ADMIN)]
        {
            let at_home = app.user(&format!("caller-{who}"), "demo", role).await;
            callers.insert(who, Caller { sends: at_home.clone(), at_home });
        }
        let other = app.identity.project_create("other").await.unwrap().id;
        for who in ["elsewhere", "unscoped", "domain", "system", "no token"] {
            let at_home = app.user(&format!("caller {who}"), "demo", Role::MEMBER).await;
            let sends = sent_as(app, who, &at_home, &other).await;
            callers.insert(who, Caller { at_home, sends });
        }
        Self { app, callers, third, count: Cell::new(0) }
    }

    /// The caller of that column.
    pub(crate) fn caller(&self, who: &str) -> &Caller {
        self.callers.get(who).unwrap_or_else(|| panic!("nobody is known as {who:?}: say here who that is"))
    }

    /// A name that nobody has used.
    pub(crate) fn new_name(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("pair-{}", self.count.get())
    }

    /// A new key pair of the user's, made in the project, whose private key is kept; and the private key.
    pub(crate) async fn new_kept_pair(&self, user: &User) -> (String, String) {
        let name = self.new_name();
        let keypair = json!({ "name": name, "algorithm": "ed25519", "key_protection": "default" });
        let made = self.app.kps(user, "POST", "", json!({ "keypair": keypair })).await.expect(200);
        (name, made.body["keypair"]["private_key"].as_str().unwrap().to_owned())
    }

    /// A new key pair of the user's project, whose private key is kept; and the private key.
    pub(crate) async fn new_kept_pair_of_project(&self, user: &User) -> (String, String) {
        let name = self.new_name();
        let private_key = store_kept_project_pair(self.app, user, &name).await;
        (name, private_key)
    }

    /// A new key pair of the user's project.
    pub(crate) async fn new_pair_of_project(&self, user: &User) -> String {
        let name = self.new_name();
        store_project_pair(self.app, user, &name).await;
        name
    }

    /// A new key pair of the user's, made in the project.
    pub(crate) async fn new_pair(&self, user: &User) -> String {
        let name = self.new_name();
        imported(self.app, user, &[&name]).await;
        name
    }
}

/// The same user by another token; a role is given where one is needed for it.
async fn sent_as(app: &TestApp, who: &str, at_home: &User, other: &ProjectId) -> User {
    let other_id = other.as_str().to_owned();
    let (scope, grant) = match who {
        "elsewhere" => {
            (json!({ "project": { "id": other_id } }), Some((GrantTarget::Project(other.clone()), Role::MEMBER)))
        }
        "unscoped" => (json!("unscoped"), None),
        "domain" => (json!({ "domain": { "id": "default" } }), Some((GrantTarget::Domain, Role::ADMIN))),
        "system" => (json!({ "system": { "all": true } }), Some((GrantTarget::System, Role::ADMIN))),
        _ => return User { token: String::new(), ..at_home.clone() },
    };
    let project_id = if who == "elsewhere" { other_id } else { at_home.project_id.clone() };
    if let Some((target, role)) = grant {
        let user = UserId::parse(&at_home.user_id).unwrap();
        app.identity.role_add(Grant { user, target, role }).await.unwrap();
    }
    User { project_id, ..app.rescoped(at_home, scope).await }
}
