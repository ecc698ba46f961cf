//! `keypaird keypair list`

use serde::Serialize;

use super::UserArgument;
use super::login::LoginArguments;
use super::output::{Output, Shown};
use crate::cli::Failure;
use crate::client::{Listed, Session};

const EXAMPLES: &str = "\
Examples:
  keypaird keypair list
  keypaird keypair list --format value --column name
  keypaird keypair list --os-cloud keypaird-admin --project demo";

/// List key pairs: one's own and, of a keypaird, those of the project.
///
/// All of them are listed, however many pages the service makes of them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ListCommand {
    #[command(flatten)]
    user: UserArgument,
    /// Of all users with a role in this project; name or id, for administrators
    #[arg(long, value_name = "PROJECT", conflicts_with = "user")]
    project: Option<String>,
    /// Ask for so many at a time [default: as many as the service gives]
    #[arg(long, value_name = "KEY_PAIRS", value_parser = clap::value_parser!(u32).range(1..))]
    page_size: Option<u32>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    login: LoginArguments,
}

impl Shown for Listed {
    const COLUMNS: &'static [&'static str] = &["name", "type", "fingerprint"];
}

/// One of several users' key pairs.
#[derive(Serialize)]
struct OfUser {
    user_id: String,
    #[serde(flatten)]
    pair: Listed,
}

impl Shown for OfUser {
    const COLUMNS: &'static [&'static str] = &["user_id", "name", "type", "fingerprint"];
}

impl ListCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match &self.project {
            Some(project) => {
                self.output.check::<OfUser>()?;
                let session = self.login.session().await?;
                self.output.list(&self.of_project(&session, project).await?)
            }
            None => {
                self.output.check::<Listed>()?;
                let session = self.login.session().await?;
                let user = self.user.id(&session).await?;
                let listed = session.key_pairs_list(user.as_deref(), self.page_size).await;
                self.output.list(&listed.map_err(Failure::other)?)
            }
        }
    }

    /// User after user, as openstackclient does: a Nova has no list of a project's.
    async fn of_project(&self, session: &Session, project: &str) -> Result<Vec<OfUser>, Failure> {
        let project = session.project_id(project).await.map_err(Failure::other)?;
        let users = session.users_of_project(&project).await.map_err(Failure::other)?;
        let mut all = Vec::new();
        for user_id in users {
            let listed = session.key_pairs_list(Some(&user_id), self.page_size).await.map_err(Failure::other)?;
            all.extend(listed.into_iter().map(|pair| OfUser { user_id: user_id.clone(), pair }));
        }
        Ok(all)
    }
}
