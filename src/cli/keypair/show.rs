//! `keypaird keypair show`

use super::login::LoginArguments;
use super::output::{Output, Shown};
use super::{UserArgument, name};
use crate::cli::{Failure, output};
use crate::client::KeyPair;
use crate::domain::KeyPairName;

const EXAMPLES: &str = "\
Examples:
  keypaird keypair show web
  keypaird keypair show --format value --column fingerprint web
  keypaird keypair show --public-key web >> ~/.ssh/authorized_keys";

/// Show a key pair; its private key is not part of that.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ShowCommand {
    /// The key pair's name
    #[arg(value_name = "NAME", value_parser = name)]
    name: KeyPairName,
    /// Print the public key, and nothing else
    #[arg(long, conflicts_with_all = ["format", "column"])]
    public_key: bool,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    login: LoginArguments,
}

impl Shown for KeyPair {
    const COLUMNS: &'static [&'static str] = &["name", "type", "fingerprint", "user_id", "created_at", "public_key"];
}

impl ShowCommand {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.output.check::<KeyPair>()?;
        let session = self.login.session().await?;
        let user = self.user.id(&session).await?;
        let pair = session.key_pair(&self.name, user.as_deref()).await.map_err(Failure::other)?;
        if self.public_key {
            return output::print(&format!("{}\n", pair.public_key.trim_end()));
        }
        self.output.one(&pair)
    }
}
