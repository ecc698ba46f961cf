//! `keypaird audit verify`

use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::failed;
use crate::cli::identity::Form;
use crate::cli::{Failure, output};
use crate::service::{Audit, Audited, ChainFinding, Checkpoint};

const EXAMPLES: &str = "\
Examples:
  keypaird audit checkpoint >/mnt/elsewhere/checkpoint.json
  keypaird audit verify --checkpoint /mnt/elsewhere/checkpoint.json

Exit status:
  0  everything is as it was written
  1  something is not; stdout says which record or checkpoint";

/// Check that the ledger is what was written.
///
/// Walks over every chain from its first record to its head, and over every checkpoint. A record that was edited, dropped,
/// moved or cut off is named. Without `--checkpoint`, whoever can write the whole database could have cut off the newest
/// records and checkpoints together; with one that was kept elsewhere, nothing from before it can be missing.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct VerifyCommand {
    /// A checkpoint that was kept elsewhere: the output of `keypaird audit checkpoint`
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// `table` is for reading, `json` for programs
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(Serialize)]
struct Report {
    chains: u64,
    records: u64,
    checkpoints: u64,
    findings: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    fault: &'static str,
    chain: String,
    seq: i64,
}

impl From<&ChainFinding> for Line {
    fn from(ChainFinding { fault, chain, seq }: &ChainFinding) -> Self {
        Self { fault: fault.as_str(), chain: chain.clone(), seq: *seq }
    }
}

impl VerifyCommand {
    pub(super) async fn run(self, audit: &Audit) -> Result<(), Failure> {
        let kept = self.checkpoint.as_ref().map(read).transpose()?;
        let audited = audit.verify(kept.as_ref()).await.map_err(failed)?;
        output::print(&match self.output {
            Form::Table => text(&audited),
            Form::Json => json(&audited)?,
        })?;
        match audited.findings.len() {
            0 => Ok(()),
            count => Err(Failure::other(format!("the ledger is not what was written, in {count} places"))),
        }
    }
}

fn read(path: &PathBuf) -> Result<Checkpoint, Failure> {
    let unusable = |cause: String| {
        let path = path.display();
        Failure::other(format!(
            "{path} cannot be read as a checkpoint: {cause}; give the output of `keypaird audit checkpoint`"
        ))
    };
    let text = fs::read(path).map_err(|cause| unusable(cause.to_string()))?;
    serde_json::from_slice(&text).map_err(|cause| unusable(cause.to_string()))
}

fn text(audited: &Audited) -> String {
    let Audited { chains, records, checkpoints, findings } = audited;
    let line = |it: &ChainFinding| format!("{}: {}, number {}\n", it.fault.as_str(), it.chain, it.seq);
    let lines: String = findings.iter().map(line).collect();
    format!("{records} records in {chains} chains, {checkpoints} checkpoints\n{lines}")
}

fn json(audited: &Audited) -> Result<String, Failure> {
    let Audited { chains, records, checkpoints, findings } = audited;
    let findings = findings.iter().map(Line::from).collect();
    let report = Report { chains: *chains, records: *records, checkpoints: *checkpoints, findings };
    let text = serde_json::to_string_pretty(&report).map_err(Failure::other)?;
    Ok(format!("{text}\n"))
}
