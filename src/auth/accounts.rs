//! Administration of users, projects and roles, and the accounts of the first start.

use uuid::Uuid;

use super::{Identity, Password};
use crate::domain::{
    AccessKey, AccessKeyId, Error, Grant, GrantTarget, Project, ProjectId, Result, Role, Timestamp, User, UserId,
};
use crate::store::{Bootstrap, Bootstrapped};

/// What the first start makes: a user and a project of each of these names.
pub const FIRST_ADMIN: &str = "admin";
pub const FIRST_MEMBER: &str = "demo";

/// How many access keys are read at once.
const PAGE: u32 = 1000;

/// What to change of a user; what is `None` stays.
#[derive(Debug, Default)]
pub struct UserChanges {
    pub enabled: Option<bool>,
    pub password: Option<Password>,
}

/// The passwords of the two users that the first start makes.
#[derive(Debug)]
pub struct FirstPasswords {
    pub admin: Password,
    pub demo: Password,
}

impl Identity {
    /// A taken name is [`Error::Invalid`], here and for projects.
    pub async fn user_create(&self, name: &str, password: &Password) -> Result<User> {
        let user = self.new_user(check_name(name)?, password).await?;
        self.0.store.user_insert(user.clone()).await?;
        Ok(user)
    }

    pub async fn user_find(&self, id: &UserId) -> Result<Option<User>> {
        self.0.store.user_find(id).await
    }

    /// By name or, where no user has that name, by id.
    pub async fn user_named(&self, name_or_id: &str) -> Result<Option<User>> {
        match self.0.store.user_find_by_name(name_or_id).await? {
            Some(user) => Ok(Some(user)),
            None => match UserId::parse(name_or_id) {
                Ok(id) => self.0.store.user_find(&id).await,
                Err(_) => Ok(None),
            },
        }
    }

    pub async fn users_list(&self) -> Result<Vec<User>> {
        self.0.store.users_list().await
    }

    /// With a changed password or when disabled, the user's tokens end: elsewhere within five seconds.
    pub async fn user_change(&self, mut user: User, changes: UserChanges) -> Result<()> {
        if let Some(enabled) = changes.enabled {
            user.enabled = enabled;
        }
        if let Some(password) = changes.password {
            user.password = self.0.hashing.turn().await?.hash(&password).await?;
        }
        self.0.store.user_update(user).await
    }

    /// With all grants and tokens. Whether it was there.
    pub async fn user_delete(&self, id: &UserId) -> Result<bool> {
        self.0.store.user_delete(id).await
    }

    pub async fn project_create(&self, name: &str) -> Result<Project> {
        let project = new_project(check_name(name)?)?;
        self.0.store.project_insert(project.clone()).await?;
        Ok(project)
    }

    pub async fn project_find(&self, id: &ProjectId) -> Result<Option<Project>> {
        self.0.store.project_find(id).await
    }

    /// By name or, where no project has that name, by id.
    pub async fn project_named(&self, name_or_id: &str) -> Result<Option<Project>> {
        match self.0.store.project_find_by_name(name_or_id).await? {
            Some(project) => Ok(Some(project)),
            None => match ProjectId::parse(name_or_id) {
                Ok(id) => self.0.store.project_find(&id).await,
                Err(_) => Ok(None),
            },
        }
    }

    pub async fn projects_list(&self) -> Result<Vec<Project>> {
        self.0.store.projects_list().await
    }

    pub async fn project_change(&self, project: Project) -> Result<()> {
        self.0.store.project_update(project).await
    }

    pub async fn project_delete(&self, id: &ProjectId) -> Result<bool> {
        self.0.store.project_delete(id).await
    }

    /// All access keys, by id.
    pub async fn access_keys_list(&self) -> Result<Vec<AccessKey>> {
        let mut keys: Vec<AccessKey> = Vec::new();
        loop {
            let page = self.0.store.access_keys_page(keys.last().map(|key| &key.ids.id), PAGE).await?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page);
        }
    }

    /// Elsewhere within five seconds. Whether there is such a key. Needs no master key: a key that leaked can be disabled
    /// wherever the database is at hand.
    pub async fn access_key_set_enabled(&self, id: &AccessKeyId, enabled: bool) -> Result<bool> {
        self.0.store.access_key_set_enabled(id, enabled).await
    }

    /// Elsewhere within five seconds. Whether there was such a key.
    pub async fn access_key_delete(&self, id: &AccessKeyId) -> Result<bool> {
        self.0.store.access_key_delete(id).await
    }

    /// Giving twice is the same as once.
    pub async fn role_add(&self, grant: Grant) -> Result<()> {
        self.0.store.grant_insert(grant).await
    }

    /// Whether it was held.
    pub async fn role_remove(&self, grant: &Grant) -> Result<bool> {
        self.0.store.grant_delete(grant).await
    }

    pub async fn grants_of(&self, user: &UserId) -> Result<Vec<Grant>> {
        self.0.store.grants_of(user).await
    }

    pub async fn grants_list(&self) -> Result<Vec<Grant>> {
        self.0.store.grants_list().await
    }

    /// Whether the first start is still to come.
    pub async fn has_no_users(&self) -> Result<bool> {
        Ok(!self.0.store.has_users().await?)
    }

    /// Makes `admin` (role admin on project `admin`, the domain and the system) and `demo` (member of project `demo`,
    /// reader of the domain) in one transaction, where there is no user yet. Of two processes at once, one makes them.
    pub async fn bootstrap(&self, passwords: &FirstPasswords) -> Result<Bootstrapped> {
        let admin = self.new_user(FIRST_ADMIN.to_owned(), &passwords.admin).await?;
        let demo = self.new_user(FIRST_MEMBER.to_owned(), &passwords.demo).await?;
        let admin_project = new_project(FIRST_ADMIN.to_owned())?;
        let demo_project = new_project(FIRST_MEMBER.to_owned())?;
        let grant = |user: &User, target, role| Grant { user: user.id.clone(), target, role };
        let grants = vec![
            grant(&admin, GrantTarget::Project(admin_project.id.clone()), Role::ADMIN),
            grant(&admin, GrantTarget::Domain, Role::ADMIN),
            grant(&admin, GrantTarget::System, Role::ADMIN),
            grant(&demo, GrantTarget::Project(demo_project.id.clone()), Role::MEMBER),
            // Huawei's clients exchange a token for one of the project, then for one of the domain.
            grant(&demo, GrantTarget::Domain, Role::READER),
        ];
        let (users, projects) = (vec![admin, demo], vec![admin_project, demo_project]);
        self.0.store.bootstrap(Bootstrap { users, projects, grants }).await
    }

    async fn new_user(&self, name: String, password: &Password) -> Result<User> {
        let id = UserId::parse(&new_id())?;
        let password = self.0.hashing.turn().await?.hash(password).await?;
        Ok(User { id, name, password, enabled: true, created_at: Timestamp::now() })
    }
}

fn new_project(name: String) -> Result<Project> {
    Ok(Project { id: ProjectId::parse(&new_id())?, name, enabled: true, created_at: Timestamp::now() })
}

/// 32 hexadecimal digits: what Keystone issues, and what Nova takes in its paths.
fn new_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Names of users and projects: 1 to 64 characters, no control characters, no blanks around (Keystone's limit is 255
/// for users and 64 for projects).
fn check_name(name: &str) -> Result<String> {
    let length = name.chars().count();
    if length == 0 || length > 64 || name.trim() != name || name.chars().any(char::is_control) {
        let reason = "must have 1 to 64 characters, no control characters and no blanks around".to_owned();
        return Err(Error::Invalid { field: "name", reason });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_a_person_would_type() {
        for good in ["a", "ci-runner", "Jürgen Groß", "a@b.example"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", &"a".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_look_like_keystones() {
        let id = new_id();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
    }
}
