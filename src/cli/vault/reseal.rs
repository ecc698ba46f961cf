//! `keypaird reseal`

use super::{PaceArgument, failed, failures, progress, rows};
use crate::cli::{Failure, output};
use crate::domain::Suite;
use crate::service::{KeptKeys, Resealed};

/// Seal the kept private keys anew, with another cipher suite.
///
/// Each is opened, compared with its public key and sealed with a fresh data key, under the key-encryption key that it was
/// under; the ledger says so. The service goes on meanwhile. Stopped, it goes on where it was when it is run again. Set
/// vault.suite first: the service seals what is new by that.
///
/// Exit status 1 where some could not be sealed anew; stdout says why.
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
        let Resealed { resealed, left, failed } = &report;
        let lines = failures::lines(failed.iter());
        output::print(&format!("sealed {resealed} private keys anew; {left} are left\n{lines}"))?;
        if *left == 0 { Ok(()) } else { Err(Failure::other(format!("{left} private keys could not be sealed anew"))) }
    }
}
