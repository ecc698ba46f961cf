//! `keypaird vault status`

use serde::Serialize;

use super::failed;
use crate::cli::Failure;
use crate::cli::identity::Output;
use crate::cli::output;
use crate::domain::Suite;
use crate::service::KeptKeys;
use crate::store::KekCount;

/// Count the kept private keys by what protects them.
///
/// A line for each key-encryption key and cipher suite: PROVIDER is `local` for a master key, `aws-kms` for a key in the
/// KMS, `aws-kms-project` for a project's key under one. After `keypaird rewrap`, a key that does not stand here any more
/// protects nothing.
#[derive(clap::Args)]
pub(in crate::cli) struct StatusCommand {
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Line {
    provider: String,
    key: String,
    version: i32,
    suite: String,
    private_keys: i64,
}

impl From<KekCount> for Line {
    fn from(KekCount { provider, name, version, suite, rows }: KekCount) -> Self {
        let suite = Suite::from_number(suite).map_or_else(|| format!("unknown ({suite})"), |it| it.as_str().to_owned());
        Self { provider, key: name, version, suite, private_keys: rows }
    }
}

impl StatusCommand {
    pub(super) async fn run(self, kept: &KeptKeys) -> Result<(), Failure> {
        let lines: Vec<Line> = kept.by_kek().await.map_err(failed)?.into_iter().map(Line::from).collect();
        let cells = |line: &Line| {
            let Line { provider, key, version, suite, private_keys } = line;
            [provider.clone(), key.clone(), version.to_string(), suite.clone(), private_keys.to_string()]
        };
        let head = ["PROVIDER", "KEY", "VERSION", "SUITE", "PRIVATE KEYS"];
        output::print(&self.output.list(&lines, head, cells).map_err(Failure::other)?)
    }
}
