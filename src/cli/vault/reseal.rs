//! `keypaird reseal`

use super::{PaceArgument, failed, failures, rows};
use crate::cli::{Failure, progress};
use crate::domain::Suite;
use crate::service::KeptKeys;

/// Seal the kept private keys anew, with another cipher suite.
///
/// Each is opened, compared with its public key and sealed with a fresh data key: under the primary master key, or the key
/// that its KMS alias stands for by now. The ledger says so. The service goes on meanwhile. Stopped, it goes on where it was
/// when it is run again. Set vault.suite first, for every replica: they seal what is new by that. It ends when a last walk
/// over all rows finds none under another suite.
///
/// Exit status 1 where some are left; stdout says why.
#[derive(clap::Args)]
pub(in crate::cli) struct ResealCommand {
    /// The suite: aes-256-gcm or chacha20-poly1305
    #[arg(long, value_name = "SUITE", value_parser = suite)]
    suite: Suite,
    #[command(flatten)]
    pace: PaceArgument,
}

fn suite(word: &str) -> Result<Suite, String> {
    Suite::parse(word).map_err(|error| error.to_string())
}

impl ResealCommand {
    pub(super) async fn run(self, kept: &KeptKeys) -> Result<(), Failure> {
        let bar = progress::bar("resealing", rows(kept).await?);
        let report = kept.reseal(self.suite, self.pace.pace(), &mut |done| bar.inc(done)).await.map_err(failed)?;
        bar.finish_and_clear();
        failures::conclude("sealed", "private keys anew", report)
    }
}
