//! `keypaird user`

use std::path::PathBuf;

use serde::Serialize;

use super::{CommandError, Output, read_password, user_named};
use crate::auth::{Identity, Password, UserChanges};

/// Users of the embedded identity.
#[derive(clap::Subcommand, Debug)]
pub(in crate::cli) enum UserCommand {
    /// Make a user.
    ///
    /// Without --password-file the user gets a random password, which is shown this once. A new user has no roles and
    /// can do nothing: give one by `keypaird role add`.
    Create {
        /// 1 to 64 characters
        name: String,
        /// Take the password from this file, or from stdin for `-`; a newline at the end is cut off
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// List all users.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Enable or disable a user, or give a new password.
    ///
    /// A new password and --disable end all of the user's tokens; a running service refuses them within five seconds.
    Set {
        /// Name or id
        user: String,
        #[command(flatten)]
        changes: Changes,
    },
    /// Delete a user, with all roles and tokens.
    ///
    /// The user's key pairs stay in the database but nobody can reach them: a new user of the same name has another id.
    Delete {
        /// Name or id
        user: String,
    },
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = true)]
pub(in crate::cli) struct Changes {
    /// Let the user log in again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Refuse the user's logins and tokens
    #[arg(long)]
    disable: bool,
    /// Take the new password from this file, or from stdin for `-`; a newline at the end is cut off
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A user as it was made; the password only where the user did not choose it.
#[derive(Serialize)]
struct Made<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

impl UserCommand {
    pub(super) async fn run(self, identity: &Identity) -> Result<String, CommandError> {
        match self {
            Self::Create { name, password_file, output } => create(identity, &name, password_file, &output).await,
            Self::List { output } => output.accounts(identity.users_list().await?),
            Self::Set { user, changes } => set(identity, &user, changes).await,
            Self::Delete { user } => {
                let found = user_named(identity, &user).await?;
                identity.user_delete(&found.id).await?;
                Ok(format!("deleted user '{}'\n", found.name))
            }
        }
    }
}

async fn create(
    identity: &Identity,
    name: &str,
    password_file: Option<PathBuf>,
    output: &Output,
) -> Result<String, CommandError> {
    let given = password_file.as_deref().map(read_password).transpose()?;
    let generated = if given.is_none() { Some(Password::generate()?) } else { None };
    let Some(password) = given.as_ref().or(generated.as_ref()) else { return Ok(String::new()) };
    let user = identity.user_create(name, password).await?;
    let shown = generated.as_ref().map(Password::expose);
    let made = Made { id: user.id.as_str(), name: &user.name, password: shown };
    let mut lines = vec![("id", made.id), ("name", made.name)];
    lines.extend(shown.map(|password| ("password", password)));
    output.one(&made, &lines)
}

async fn set(identity: &Identity, user: &str, changes: Changes) -> Result<String, CommandError> {
    let Changes { enable, disable, password_file } = changes;
    let password = password_file.as_deref().map(read_password).transpose()?;
    let user = user_named(identity, user).await?;
    let text = format!("changed user '{}'\n", user.name);
    let enabled = (enable || disable).then_some(enable);
    identity.user_change(user, UserChanges { enabled, password }).await?;
    Ok(text)
}
