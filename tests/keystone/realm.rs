//! A real Keystone, started by `tests/run`, and what a test has it do: users, tokens, revocations.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use awc::http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::support::{Answer, Service, User};

/// Where the Keystone is, and the passwords of its administrator and of the service's user.
pub struct Realm {
    /// Ends in `/v3`.
    pub url: String,
    pub admin: User,
    service_password: PathBuf,
    directory: TempDir,
}

/// A login's proof and scope.
pub struct Login {
    pub identity: Value,
    pub scope: Value,
}

impl Realm {
    /// Every user's password.
    pub const PASSWORD: &str = "a-password-for-tests-only";

    /// The Keystone that `tests/run` has started; none where it has not.
    pub async fn from_environment() -> Option<Self> {
        let url = std::env::var("TEST_KEYSTONE_URL").ok()?;
        let password = |of: &str| std::env::var(format!("TEST_KEYSTONE_{of}_PASSWORD")).unwrap();
        let directory = TempDir::new().unwrap();
        let service_password = write_private(directory.path(), "password", &password("SERVICE"));
        let login = password_login("admin", &password("ADMIN"), json!({ "project": by_name("admin") }));
        let admin = log_in(&url, "admin", login).await;
        Some(Self { url, admin, service_password, directory })
    }

    /// The same, where a test is about nothing else.
    pub async fn required() -> Self {
        let realm = Self::from_environment().await;
        realm.expect("TEST_KEYSTONE_URL says where a Keystone is; `tests/run keystone` starts one")
    }

    /// A service whose users are this Keystone's, with some settings changed.
    pub async fn serve(&self, changed: &[(&str, &str)]) -> Service {
        let password_file = self.service_password.display().to_string();
        let mut settings = vec![
            ("identity.mode", "keystone"),
            ("identity.keystone.auth_url", self.url.as_str()),
            ("identity.keystone.username", "keypaird"),
            ("identity.keystone.password_file", password_file.as_str()),
        ];
        settings.extend(changed);
        Service::spawn_with(&settings).await
    }

    /// A service whose own user is another one than usual, with the password in that file.
    pub async fn serve_as(&self, user: &User, password_file: &str, changed: &[(&str, &str)]) -> Service {
        let project_name = self.project_name(&user.project_id).await;
        let mut settings = vec![
            ("identity.keystone.username", user.name.as_str()),
            ("identity.keystone.project_name", &project_name),
            ("identity.keystone.password_file", password_file),
        ];
        settings.extend(changed);
        self.serve(&settings).await
    }

    /// A file with a password, such as the service's user gives.
    pub fn password_file(&self, password: &str) -> String {
        write_private(self.directory.path(), &Uuid::new_v4().to_string(), password).display().to_string()
    }

    /// A new domain, whose name begins so.
    pub async fn domain(&self, name: &str) -> String {
        let made = self.as_admin("POST", "/domains", json!({ "domain": { "name": unique(name) } })).await.expect(201);
        made.body["domain"]["id"].as_str().unwrap().to_owned()
    }

    /// A new project, whose name begins so.
    pub async fn project(&self, name: &str) -> String {
        self.project_of("default", name).await
    }

    pub async fn project_of(&self, domain_id: &str, name: &str) -> String {
        let body = json!({ "project": { "name": unique(name), "domain_id": domain_id } });
        let made = self.as_admin("POST", "/projects", body).await.expect(201);
        made.body["project"]["id"].as_str().unwrap().to_owned()
    }

    /// A new user, whose name begins so, with one role in a project.
    pub async fn user(&self, name: &str, project_id: &str, role: &str) -> User {
        self.user_of("default", name, project_id, role).await
    }

    pub async fn user_of(&self, domain_id: &str, name: &str, project_id: &str, role: &str) -> User {
        let name = unique(name);
        let body = json!({ "user": { "name": name, "domain_id": domain_id, "password": Self::PASSWORD } });
        let made = self.as_admin("POST", "/users", body).await.expect(201);
        let id = made.body["user"]["id"].as_str().unwrap();
        self.grant(id, project_id, role).await;
        let user = json!({ "id": id, "password": Self::PASSWORD });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        log_in(&self.url, &name, Login { identity, scope: json!({ "project": { "id": project_id } }) }).await
    }

    pub async fn user_id(&self, name: &str) -> String {
        let found = self.as_admin("GET", &format!("/users?name={name}"), Value::Null).await.expect(200);
        found.body["users"][0]["id"].as_str().unwrap().to_owned()
    }

    pub async fn grant(&self, user_id: &str, project_id: &str, role: &str) {
        let role = self.role(role).await;
        let path = format!("/projects/{project_id}/users/{user_id}/roles/{role}");
        self.as_admin("PUT", &path, Value::Null).await.expect(204);
    }

    /// A user's token for another scope.
    pub async fn rescoped(&self, user: &User, scope: Value) -> User {
        let identity = json!({ "methods": ["token"], "token": { "id": user.token } });
        let token = self.token(Login { identity, scope }).await;
        User { token, ..user.clone() }
    }

    /// A token that ends within the time, and may be used as the rules say, if there are some.
    pub async fn short_lived(&self, user: &User, time: Duration, access_rules: Value) -> User {
        let ends = time::OffsetDateTime::now_utc() + time;
        let form =
            time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
        let mut credential = json!({ "name": unique("short"), "expires_at": ends.format(form).unwrap() });
        if access_rules != Value::Null {
            credential["access_rules"] = access_rules;
        }
        let path = format!("/users/{}/application_credentials", user.user_id);
        let headers = [("X-Auth-Token", user.token.as_str())];
        let body = json!({ "application_credential": credential });
        let made = self.call("POST", &path, &headers, body).await.expect(201).body;
        let (id, secret) = (&made["application_credential"]["id"], &made["application_credential"]["secret"]);
        let proof = json!({ "id": id, "secret": secret });
        let identity = json!({ "methods": ["application_credential"], "application_credential": proof });
        let token = self.token(Login { identity, scope: Value::Null }).await;
        User { token, ..user.clone() }
    }

    /// A user's token for the domain, which the user is given a role on.
    pub async fn domain_token(&self, user: &User) -> User {
        let role = self.role("admin").await;
        let path = format!("/domains/default/users/{}/roles/{role}", user.user_id);
        self.as_admin("PUT", &path, Value::Null).await.expect(204);
        self.rescoped(user, json!({ "domain": { "id": "default" } })).await
    }

    pub async fn project_name(&self, project_id: &str) -> String {
        let found = self.as_admin("GET", &format!("/projects/{project_id}"), Value::Null).await.expect(200);
        found.body["project"]["name"].as_str().unwrap().to_owned()
    }

    /// Ends a token, as its user logs out.
    pub async fn revoke(&self, token: &str) {
        let headers = [("X-Auth-Token", self.admin.token.as_str()), ("X-Subject-Token", token)];
        self.call("DELETE", "/auth/tokens", &headers, Value::Null).await.expect(204);
    }

    pub async fn role(&self, name: &str) -> String {
        let found = self.as_admin("GET", &format!("/roles?name={name}"), Value::Null).await.expect(200);
        found.body["roles"][0]["id"].as_str().unwrap().to_owned()
    }

    async fn token(&self, login: Login) -> String {
        issue(&self.url, &login).await.header("X-Subject-Token")[0].to_owned()
    }

    pub async fn as_admin(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call(method, path, &[("X-Auth-Token", &self.admin.token)], body).await
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        call(&format!("{}{path}", self.url), method, headers, body).await
    }
}

fn unique(name: &str) -> String {
    format!("{name}-{}", Uuid::new_v4().simple())
}

fn by_name(name: &str) -> Value {
    json!({ "name": name, "domain": { "name": "Default" } })
}

fn password_login(name: &str, password: &str, scope: Value) -> Login {
    let mut user = by_name(name);
    user["password"] = json!(password);
    Login { identity: json!({ "methods": ["password"], "password": { "user": user } }), scope }
}

async fn log_in(url: &str, name: &str, login: Login) -> User {
    User::logged_in(name, &issue(url, &login).await)
}

async fn issue(url: &str, login: &Login) -> Answer {
    let mut auth = json!({ "identity": login.identity });
    if login.scope != Value::Null {
        auth["scope"] = login.scope.clone();
    }
    call(&format!("{url}/auth/tokens"), "POST", &[], json!({ "auth": auth })).await.expect(201)
}

async fn call(url: &str, method: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let method: Method = method.parse().unwrap();
    let client = awc::Client::builder().timeout(Duration::from_secs(30)).finish();
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    let sent = if body == Value::Null { request.send() } else { request.send_json(&body) };
    let mut response = sent.await.unwrap_or_else(|error| panic!("{url}: {error}"));
    let bytes = response.body().await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status: response.status(), headers: response.headers().clone(), bytes: bytes.to_vec(), text, body }
}

fn write_private(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}
