//! `keypaird keypair delete`

use super::login::LoginArguments;
use super::{UserArgument, name};
use crate::cli::{Failure, output, progress};
use crate::domain::KeyPairName;

const EXAMPLES: &str = "\
Examples:
  keypaird keypair delete web
  keypaird keypair list --format value --column name | grep '^test-' | xargs keypaird keypair delete";

/// Delete key pairs, and with them the private keys that the service keeps of them.
///
/// What is wrong with one stops no other; the exit status is 1 then.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct DeleteCommand {
    /// The key pairs' names
    #[arg(value_name = "NAME", value_parser = name, required = true)]
    names: Vec<KeyPairName>,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    login: LoginArguments,
}

#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} key pairs are not deleted")]
struct NotAll {
    failed: usize,
    all: usize,
}

impl DeleteCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let session = self.login.session().await?;
        let user = self.user.id(&session).await?;
        let (all, mut failed) = (self.names.len(), 0);
        let bar = progress::bar_of("deleting", all);
        for name in &self.names {
            match session.key_pair_delete(name, user.as_deref()).await {
                Ok(()) => bar.suspend(|| output::print(&format!("deleted key pair {name}\n")))?,
                Err(error) if all == 1 => return Err(Failure::other(error)),
                Err(error) => {
                    failed += 1;
                    bar.suspend(|| output::complain(&format!("key pair '{name}': {error}")));
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        if failed == 0 { Ok(()) } else { Err(Failure::other(NotAll { failed, all })) }
    }
}
