//! `keypaird audit checkpoint`

use super::failed;
use crate::cli::{Failure, output};
use crate::service::{Audit, Trust};

/// Sign where every chain of the ledger ends now, and print the checkpoint.
///
/// The service does this by itself every ledger.checkpoint_seconds, and logs it. Keep the output where whoever can write
/// the database cannot: `keypaird audit verify --checkpoint FILE` then finds whatever is changed before it. Where nothing
/// has happened since the last one, that one is printed.
#[derive(clap::Args)]
pub(in crate::cli) struct CheckpointCommand {
    /// Sign on top of a checkpoint that no master key of the file has signed: only where that key is lost
    #[arg(long)]
    trust_last: bool,
}

impl CheckpointCommand {
    pub(super) async fn run(self, audit: &Audit) -> Result<(), Failure> {
        let trust = if self.trust_last { Trust::Anybody } else { Trust::KnownKeys };
        let made = audit.checkpoint(trust, &mut |_| {}).await.map_err(failed)?;
        let last = match made {
            Some(made) => Some(made),
            None => audit.last_checkpoint().await.map_err(failed)?,
        };
        let last = last.ok_or_else(|| Failure::other("the ledger has no records yet, so there is nothing to sign"))?;
        let text = serde_json::to_string(&last).map_err(Failure::other)?;
        output::print(&format!("{text}\n"))
    }
}
