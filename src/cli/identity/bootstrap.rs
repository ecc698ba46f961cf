//! `keypaird bootstrap`

use std::path::PathBuf;

use super::{CommandError, read_password};
use crate::app::first_start::{self, LoginFiles};
use crate::auth::Identity;
use crate::settings::Settings;

/// Make the first administrator and a demo user, once.
///
/// For a database that others may share: on SQLite `keypaird serve` does it by itself. Writes clouds.yaml and openrc into
/// the data directory, which hold the passwords; where there are users already, nothing is written.
#[derive(clap::Args, Debug)]
pub(in crate::cli) struct BootstrapCommand {
    /// Take the administrator's password from this file, or from stdin for `-`; without it a random one is made
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl BootstrapCommand {
    pub(super) async fn run(self, settings: &Settings, identity: &Identity) -> Result<String, CommandError> {
        let file = self.password_file.or_else(|| settings.identity.bootstrap_password_file.clone());
        let password = file.as_deref().map(read_password).transpose()?;
        match first_start::run(settings, identity, settings.http.listen, password).await? {
            Some(LoginFiles { clouds, openrc }) => {
                let (clouds, openrc) = (clouds.display(), openrc.display());
                Ok(format!("made users 'admin' and 'demo'; their passwords are in {clouds} and {openrc}\n"))
            }
            None => Ok("there are users already: nothing to do\n".to_owned()),
        }
    }
}
