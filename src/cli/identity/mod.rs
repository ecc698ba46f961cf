//! `keypaird user`, `project`, `role`, `access-key` and `bootstrap`: the embedded identity's accounts, written straight into the
//! database. They work beside a running service, which follows within five seconds.

mod access_key;
mod bootstrap;
mod project;
mod role;
mod user;

use std::io;
use std::path::Path;

use clap::{Subcommand, ValueEnum};
use prometheus::Registry;
use serde::Serialize;
use tokio::runtime::Runtime;

use self::access_key::AccessKeyCommand;
use self::bootstrap::BootstrapCommand;
use self::project::ProjectCommand;
use self::role::RoleCommand;
use self::user::UserCommand;
use super::arguments::SettingsArguments;
use super::output::table;
use super::{Failure, output};
use crate::app::first_start::FirstStartError;
use crate::app::{self, StartError};
use crate::auth::{CredentialMetrics, Identity, Mode, Password, PasswordFileError};
use crate::domain::{Error, Project, User};
use crate::settings::Settings;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make and change users.
    #[command(subcommand)]
    User(UserCommand),
    /// Make and change projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Give and take roles.
    #[command(subcommand)]
    Role(RoleCommand),
    /// Make and change the keys that requests are signed with.
    #[command(subcommand)]
    AccessKey(AccessKeyCommand),
    Bootstrap(BootstrapCommand),
}

pub(super) fn run(command: Command, settings: SettingsArguments) -> Result<(), Failure> {
    let settings = settings.load(Vec::new())?.settings;
    match settings.identity.mode {
        Mode::Embedded => {}
        Mode::Keystone => return Err(Failure::other(CommandError::Elsewhere)),
    }
    let runtime = Runtime::new().map_err(Failure::other)?;
    let text = runtime.block_on(command.run(&settings))?;
    output::print(&text)
}

impl Command {
    /// What to print.
    async fn run(self, settings: &Settings) -> Result<String, Failure> {
        let store = app::open_store(settings).await.map_err(Failure::other)?;
        // Nobody looks at what a command counts.
        let metrics = CredentialMetrics::new(&Registry::new()).map_err(Failure::other)?;
        let identity = Identity::new(settings.identity.token_lifetime(), store, &metrics);
        let done = match self {
            Self::User(command) => command.run(&identity).await,
            Self::Project(command) => command.run(&identity).await,
            Self::Role(command) => command.run(&identity).await,
            Self::AccessKey(command) => command.run(settings, &identity).await,
            Self::Bootstrap(command) => command.run(settings, &identity).await,
        };
        done.map_err(Failure::other)
    }
}

/// Why a command did not succeed; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum CommandError {
    #[error(
        "users, projects, roles and access keys are a Keystone's (identity.mode is 'keystone'): manage them there, for example with \
         `openstack user create`"
    )]
    Elsewhere,
    #[error("there is no user '{0}'; `keypaird user list` shows all")]
    NoSuchUser(String),
    #[error("there is no project '{0}'; `keypaird project list` shows all")]
    NoSuchProject(String),
    #[error("user '{user}' does not have this role there; `keypaird role list --user '{user}'` shows what there is")]
    NoSuchGrant { user: String },
    #[error("there is no access key '{0}'; `keypaird access-key list` shows all")]
    NoSuchAccessKey(String),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    PasswordFile(#[from] PasswordFileError),
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    #[error("{}", .0.with_cause())]
    Domain(#[from] Error),
}

/// The form of what a command prints.
#[derive(clap::Args, Debug)]
pub(in crate::cli) struct Output {
    /// `table` is for reading, `json` for programs
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Form {
    Table,
    Json,
}

impl Output {
    /// Things as a table of `cells` below `head`, or as a JSON array.
    pub(in crate::cli) fn list<T: Serialize, const COLUMNS: usize>(
        &self,
        things: &[T],
        head: [&str; COLUMNS],
        cells: fn(&T) -> [String; COLUMNS],
    ) -> Result<String, CommandError> {
        match self.output {
            Form::Table => Ok(table(head, things.iter().map(cells).collect())),
            Form::Json => json(things),
        }
    }

    /// Users or projects.
    fn accounts(&self, accounts: Vec<impl Into<Listed>>) -> Result<String, CommandError> {
        let listed: Vec<Listed> = accounts.into_iter().map(Into::into).collect();
        self.list(&listed, ["ID", "NAME", "ENABLED", "CREATED"], Listed::cells)
    }

    /// One thing as lines of a name and a value, or as a JSON object.
    fn one<T: Serialize>(&self, thing: &T, lines: &[(&str, &str)]) -> Result<String, CommandError> {
        match self.output {
            Form::Table => {
                let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
                Ok(lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect())
            }
            Form::Json => json(thing),
        }
    }
}

fn json<T: Serialize + ?Sized>(thing: &T) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(thing).map_err(Error::internal)?;
    Ok(format!("{text}\n"))
}

/// The password in a file, or on stdin for `-`.
fn read_password(file: &Path) -> Result<Password, CommandError> {
    let read = match file.to_str() {
        Some("-") => Password::read(io::stdin().lock(), Path::new("stdin")),
        _ => Password::read_file(file),
    };
    Ok(read?)
}

async fn user_named(identity: &Identity, name: &str) -> Result<User, CommandError> {
    identity.user_named(name).await?.ok_or_else(|| CommandError::NoSuchUser(name.to_owned()))
}

async fn project_named(identity: &Identity, name: &str) -> Result<Project, CommandError> {
    identity.project_named(name).await?.ok_or_else(|| CommandError::NoSuchProject(name.to_owned()))
}

/// A user or a project as it is listed.
#[derive(Serialize)]
struct Listed {
    id: String,
    name: String,
    enabled: bool,
    created_at: String,
}

impl Listed {
    fn cells(&self) -> [String; 4] {
        let enabled = if self.enabled { "yes" } else { "no" };
        [self.id.clone(), self.name.clone(), enabled.to_owned(), self.created_at.clone()]
    }
}

impl From<User> for Listed {
    fn from(user: User) -> Self {
        let User { id, name, password: _, enabled, created_at } = user;
        Self { id: id.to_string(), name, enabled, created_at: format!("{created_at}Z") }
    }
}

impl From<Project> for Listed {
    fn from(project: Project) -> Self {
        let Project { id, name, enabled, created_at } = project;
        Self { id: id.to_string(), name, enabled, created_at: format!("{created_at}Z") }
    }
}
