//! `keypaird rewrap`

use super::{PaceArgument, failed, failures, rows};
use crate::cli::{Failure, progress};
use crate::domain::KmsKeyName;
use crate::service::{KeptKeys, Rewrap};
use crate::vault::RewrapTarget;

const EXAMPLES: &str = "\
Examples:
  keypaird master-key add && keypaird master-key set-primary default 2 && keypaird rewrap
      Rotate the master key, while the service runs; then `keypaird master-key retire default 1`.
  keypaird rewrap --to kms:keypairs --rate 50
      Move every private key under its project's KMS key 'keypairs'.
  keypaird rewrap --to default
      Leave the KMS.

Exit status:
  0  every private key is under the key that it belongs under
  1  some are not; stdout counts them and says why";

/// Move the kept private keys to other key-encryption keys.
///
/// Only the data keys are unwrapped and wrapped again; no private key is opened. The service goes on meanwhile, and nothing
/// is lost if this is stopped: run it again, and it goes on where it was. It ends when a last walk over all rows finds none
/// under another key.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct RewrapCommand {
    /// Where to: `default`, the primary master key, or `kms:NAME`, the key of that name of each row's project
    ///
    /// [default: for each private key the current key of the provider that it is with: the primary master key, or the
    /// key that its KMS alias stands for by now]
    #[arg(long, value_name = "KEY", value_parser = target)]
    to: Option<RewrapTarget>,
    #[command(flatten)]
    pace: PaceArgument,
}

fn target(word: &str) -> Result<RewrapTarget, String> {
    match word.strip_prefix("kms:") {
        Some(name) => KmsKeyName::parse(name).map(RewrapTarget::Kms).map_err(|error| error.to_string()),
        None if word == "default" => Ok(RewrapTarget::Default),
        None => Err("it must be 'default' or 'kms:NAME'".to_owned()),
    }
}

impl RewrapCommand {
    pub(super) async fn run(self, kept: &KeptKeys) -> Result<(), Failure> {
        let target = self.to.unwrap_or(RewrapTarget::SameProvider);
        let order = Rewrap { target, pace: self.pace.pace() };
        let bar = progress::bar("rewrapping", rows(kept).await?);
        let report = kept.rewrap(&order, &mut |moved| bar.inc(moved)).await.map_err(failed)?;
        bar.finish_and_clear();
        failures::conclude("moved", "private keys", report)
    }
}
