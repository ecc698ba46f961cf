//! A service with an identity of its own, and users in it.

use std::net::SocketAddr;
use std::ops::Deref;

use keypaird::auth::{Authentication, Identity, Password};
use keypaird::domain::{Grant, GrantTarget, ProjectId, Role, SecretText, UserId};
use serde_json::{Value, json};

use super::documented::Listener;
use super::service::send;
use super::{Answer, Service};

/// A service of its own identity, with an administrator and a user `demo` who is a member of the project `demo`.
pub struct TestApp {
    pub service: Service,
    pub identity: Identity,
    pub admin: User,
    pub demo: User,
}

/// What a test says to its service, it says to its app.
impl Deref for TestApp {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

/// A user with a token for a project.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub token: String,
    pub user_id: String,
    pub project_id: String,
}

impl User {
    /// Who has got a token of Keystone's shape for a project.
    pub fn logged_in(name: &str, answer: &Answer) -> Self {
        let token = &answer.body["token"];
        let id = |of: &str| token[of]["id"].as_str().unwrap().to_owned();
        let secret = answer.header("X-Subject-Token")[0].to_owned();
        Self { name: name.to_owned(), token: secret, user_id: id("user"), project_id: id("project") }
    }
}

impl TestApp {
    /// Every user's password.
    pub const PASSWORD: &str = "a-password-for-tests-only";

    /// The service with its defaults.
    pub async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// The service with some settings changed, as in `("keypair.limit", "5")`.
    pub async fn spawn_with(changed: &[(&str, &str)]) -> Self {
        let service = Service::spawn_with(changed).await;
        let Authentication::Embedded(identity) = service.authentication.clone() else {
            panic!("these tests are about the service's own identity");
        };
        let admin = sign_in(service.address, "admin", "admin").await;
        let demo_project = service.store.project_find_by_name("demo").await.unwrap().unwrap().id;
        let demo = make_user(&identity, service.address, "ann", &demo_project, "demo", Role::MEMBER).await;
        Self { service, identity, admin, demo }
    }

    /// The same user by a token of another scope.
    pub async fn rescoped(&self, user: &User, scope: Value) -> User {
        let identity = json!({ "methods": ["token"], "token": { "id": user.token } });
        let login = json!({ "auth": { "identity": identity, "scope": scope } });
        let answer = self.json("POST", "/identity/v3/auth/tokens", &[], login).await.expect(201);
        User { token: answer.header("X-Subject-Token")[0].to_owned(), ..user.clone() }
    }

    /// A further user with one role in a project, which is made if it is not there.
    pub async fn user(&self, name: &str, project: &str, role: Role) -> User {
        let project_id = match self.store.project_find_by_name(project).await.unwrap() {
            Some(found) => found.id,
            None => self.identity.project_create(project).await.unwrap().id,
        };
        make_user(&self.identity, self.address, name, &project_id, project, role).await
    }

    /// A user with the role `auditor` on the system, by a token for it.
    pub async fn auditor(&self, name: &str) -> User {
        let user = self.user(name, "demo", Role::READER).await;
        self.grant(&user, GrantTarget::System, Role::AUDITOR).await;
        self.rescoped(&user, json!({ "system": { "all": true } })).await
    }

    pub async fn grant(&self, user: &User, target: GrantTarget, role: Role) {
        let user = UserId::parse(&user.user_id).unwrap();
        self.identity.role_add(Grant { user, target, role }).await.unwrap();
    }
}

async fn make_user(
    identity: &Identity,
    address: SocketAddr,
    name: &str,
    project_id: &ProjectId,
    project: &str,
    role: Role,
) -> User {
    let password = Password::parse(SecretText::new(TestApp::PASSWORD.to_owned())).unwrap();
    let user = identity.user_create(name, &password).await.unwrap();
    let grant = Grant { user: user.id, target: GrantTarget::Project(project_id.clone()), role };
    identity.role_add(grant).await.unwrap();
    sign_in(address, name, project).await
}

/// A project-scoped token, by the login that every OpenStack client does.
async fn sign_in(address: SocketAddr, name: &str, project: &str) -> User {
    let domain = json!({ "id": "default" });
    let user = json!({ "name": name, "domain": domain, "password": TestApp::PASSWORD });
    let login = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": user } },
        "scope": { "project": { "name": project, "domain": domain } },
    }});
    let headers = [("Content-Type", "application/json")];
    let body = serde_json::to_vec(&login).unwrap();
    let answer = send(Listener::Clients(address), "POST", "/identity/v3/auth/tokens", &headers, body).await.expect(201);
    User::logged_in(name, &answer)
}
