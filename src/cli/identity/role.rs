//! `keypaird role`

use std::collections::HashMap;

use serde::Serialize;

use super::{CommandError, Output, project_named, user_named};
use crate::auth::Identity;
use crate::domain::{Grant, GrantTarget, Role};

/// Roles of users on projects, on the domain and on the whole system.
#[derive(clap::Subcommand, Debug)]
pub(in crate::cli) enum RoleCommand {
    /// Give a user a role.
    ///
    /// The service knows admin, manager, member and reader, each of which implies those after it; service, which may check
    /// other users' tokens; and auditor, to whom the release ledger is shown: on a project that project's part, on the
    /// system all of it. Any other word is taken too and shown in tokens. Giving a role twice is the same as once.
    Add {
        #[command(flatten)]
        holding: Holding,
    },
    /// Take a role from a user; a running service follows within five seconds.
    Remove {
        #[command(flatten)]
        holding: Holding,
    },
    /// List who has which role where.
    List {
        /// Only this user's roles; name or id
        #[arg(long)]
        user: Option<String>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(clap::Args, Debug)]
pub(in crate::cli) struct Holding {
    /// The role, such as member
    role: String,
    /// Whose; name or id
    #[arg(long)]
    user: String,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Place {
    /// On this project; name or id
    #[arg(long)]
    project: Option<String>,
    /// On the one domain, Default
    #[arg(long)]
    domain: bool,
    /// On the whole system
    #[arg(long)]
    system: bool,
}

#[derive(Serialize)]
struct Listed {
    user: String,
    role: String,
    on: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
}

impl RoleCommand {
    pub(super) async fn run(self, identity: &Identity) -> Result<String, CommandError> {
        match self {
            Self::Add { holding } => {
                let (name, grant) = holding.resolve(identity).await?;
                let text = format!("user '{name}' has role '{}'\n", grant.role);
                identity.role_add(grant).await?;
                Ok(text)
            }
            Self::Remove { holding } => {
                let (name, grant) = holding.resolve(identity).await?;
                if !identity.role_remove(&grant).await? {
                    return Err(CommandError::NoSuchGrant { user: name });
                }
                Ok(format!("user '{name}' no longer has role '{}'\n", grant.role))
            }
            Self::List { user, output } => list(identity, user, &output).await,
        }
    }
}

impl Holding {
    /// The user's name and the grant that is meant.
    async fn resolve(self, identity: &Identity) -> Result<(String, Grant), CommandError> {
        let Self { role, user, place } = self;
        let role = Role::parse(&role)?;
        let user = user_named(identity, &user).await?;
        let target = match place {
            Place { project: Some(project), .. } => GrantTarget::Project(project_named(identity, &project).await?.id),
            Place { domain: true, .. } => GrantTarget::Domain,
            Place { .. } => GrantTarget::System,
        };
        Ok((user.name, Grant { user: user.id, target, role }))
    }
}

async fn list(identity: &Identity, user: Option<String>, output: &Output) -> Result<String, CommandError> {
    let grants = match user {
        Some(user) => identity.grants_of(&user_named(identity, &user).await?.id).await?,
        None => identity.grants_list().await?,
    };
    let users: HashMap<_, _> = identity.users_list().await?.into_iter().map(|user| (user.id, user.name)).collect();
    let projects = identity.projects_list().await?.into_iter().map(|project| (project.id, project.name));
    let projects: HashMap<_, _> = projects.collect();
    // A user or project deleted since the grants were read is shown by its id.
    let listed = grants.into_iter().map(|Grant { user, target, role }| {
        let (on, project) = match target {
            GrantTarget::Project(id) => ("project", Some(projects.get(&id).cloned().unwrap_or_else(|| id.to_string()))),
            GrantTarget::Domain => ("domain", None),
            GrantTarget::System => ("system", None),
        };
        let user = users.get(&user).cloned().unwrap_or_else(|| user.to_string());
        Listed { user, role: role.to_string(), on, project }
    });
    output.list(&listed.collect::<Vec<_>>(), ["USER", "ROLE", "ON", "PROJECT"], |listed| {
        [listed.user.clone(), listed.role.clone(), listed.on.to_owned(), listed.project.clone().unwrap_or_default()]
    })
}
