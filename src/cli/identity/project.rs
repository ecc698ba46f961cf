//! `keypaird project`

use super::{CommandError, Listed, Output, project_named};
use crate::auth::Identity;

/// Projects of the embedded identity.
#[derive(clap::Subcommand, Debug)]
pub(in crate::cli) enum ProjectCommand {
    /// Make a project.
    Create {
        /// 1 to 64 characters
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// List all projects.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Enable or disable a project.
    ///
    /// Tokens of a disabled project are refused: by a running service within five seconds.
    Set {
        /// Name or id
        project: String,
        #[command(flatten)]
        changes: Changes,
    },
    /// Delete a project, with all roles on it.
    ///
    /// The project's key pairs stay in the database but nobody can reach them: a new project of the same name has
    /// another id.
    Delete {
        /// Name or id
        project: String,
    },
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Changes {
    /// Let users log in to the project again
    #[arg(long)]
    enable: bool,
    /// Refuse logins to the project, and its tokens
    #[arg(long)]
    disable: bool,
}

impl ProjectCommand {
    pub(super) async fn run(self, identity: &Identity) -> Result<String, CommandError> {
        match self {
            Self::Create { name, output } => {
                let made = Listed::from(identity.project_create(&name).await?);
                output.one(&made, &[("id", &made.id), ("name", &made.name)])
            }
            Self::List { output } => output.accounts(identity.projects_list().await?),
            Self::Set { project, changes } => {
                let mut project = project_named(identity, &project).await?;
                project.enabled = changes.enable;
                let text = format!("changed project '{}'\n", project.name);
                identity.project_change(project).await?;
                Ok(text)
            }
            Self::Delete { project } => {
                let found = project_named(identity, &project).await?;
                identity.project_delete(&found.id).await?;
                Ok(format!("deleted project '{}'\n", found.name))
            }
        }
    }
}
