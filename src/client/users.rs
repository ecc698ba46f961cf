//! Users and projects by name, for administrators: Nova knows their ids only.

use serde::Deserialize;

use super::error::{Error, Result};
use super::session::Session;

#[derive(Deserialize)]
struct Account {
    id: String,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<Account>,
}

#[derive(Deserialize)]
struct Projects {
    projects: Vec<Account>,
}

#[derive(Deserialize)]
struct Assignments {
    role_assignments: Vec<Assignment>,
}

/// Of a user, or of a group, which is passed over.
#[derive(Deserialize)]
struct Assignment {
    user: Option<Account>,
}

impl Session {
    /// The id of a user that is named by name or id.
    pub async fn user_id(&self, named: &str) -> Result<String> {
        let mut url = self.identity(&["users"]);
        url.query_pairs_mut().append_pair("name", named);
        let Users { users } = self.get(url).await?.json()?;
        the_one(users, "user", named)
    }

    pub async fn project_id(&self, named: &str) -> Result<String> {
        let mut url = self.identity(&["projects"]);
        url.query_pairs_mut().append_pair("name", named);
        let Projects { projects } = self.get(url).await?.json()?;
        the_one(projects, "project", named)
    }

    /// The ids of the users with a role in a project, sorted.
    pub async fn users_of_project(&self, project: &str) -> Result<Vec<String>> {
        let mut url = self.identity(&["role_assignments"]);
        url.query_pairs_mut().append_pair("scope.project.id", project);
        let Assignments { role_assignments } = self.get(url).await?.json()?;
        let mut users: Vec<_> = role_assignments.into_iter().filter_map(|it| it.user).map(|user| user.id).collect();
        users.sort_unstable();
        users.dedup();
        Ok(users)
    }
}

/// What has no such name may be an id: ids are 32 hexadecimal digits, or more where they are an LDAP's.
fn the_one(mut found: Vec<Account>, kind: &'static str, named: &str) -> Result<String> {
    let is_id = named.len() >= 32 && named.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one.id),
        (None, _) if is_id => Ok(named.to_owned()),
        (None, _) | (Some(_), false) => Err(Error::Unknown { kind, name: named.to_owned() }),
    }
}
