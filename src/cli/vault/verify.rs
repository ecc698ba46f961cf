//! `keypaird verify`

use std::collections::BTreeMap;

use serde::Serialize;

use super::failures::{self, Row};
use super::{PaceArgument, failed, rows};
use crate::cli::identity::Form;
use crate::cli::{Failure, output, progress};
use crate::service::{KeptKeys, Verification};

/// Open every kept private key, and check that it would come out if it were asked for.
///
/// Of each: its data key unwraps, the commitment and the binding to its row hold, it is the private key of the stored
/// public key, it is the one that the ledger says was sealed last, and no other row has its data key. Nothing is
/// changed or shown. With keys in a KMS, each costs a call: `--rate` keeps it within bounds.
///
/// Exit status 1 where something was found; stdout names each row and what is wrong with it.
#[derive(clap::Args)]
pub(in crate::cli) struct VerifyCommand {
    #[command(flatten)]
    pace: PaceArgument,
    /// `table` is for reading, `json` for programs
    #[arg(long, short, value_enum, default_value_t = Form::Table)]
    output: Form,
}

#[derive(Serialize)]
struct Report {
    sound: u64,
    unrecorded: u64,
    /// How many private keys have which fault.
    faults: BTreeMap<&'static str, u64>,
    /// The first thousand.
    findings: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    fault: &'static str,
    #[serde(flatten)]
    row: Row,
}

impl VerifyCommand {
    pub(super) async fn run(self, kept: &KeptKeys) -> Result<(), Failure> {
        let bar = progress::bar("verifying", rows(kept).await?);
        let found = kept.verify(self.pace.pace(), &mut |_| bar.inc(1)).await.map_err(failed)?;
        bar.finish_and_clear();
        output::print(&match self.output {
            Form::Table => text(&found),
            Form::Json => json(&found)?,
        })?;
        match found.faults.values().sum() {
            0_u64 => Ok(()),
            count => Err(Failure::other(format!("{count} of the kept private keys did not pass"))),
        }
    }
}

fn text(found: &Verification) -> String {
    let Verification { sound, unrecorded, faults, findings } = found;
    let mut text = format!("{sound} private keys are sound\n");
    if *unrecorded > 0 {
        text.push_str(&format!("{unrecorded} of them are older than the ledger, which has no word about them\n"));
    }
    for (fault, count) in faults {
        let rows = findings.iter().filter(|finding| finding.fault == *fault).map(|finding| &finding.row);
        text.push_str(&format!("{}: {count}\n{}", fault.as_str(), failures::lines(rows, *count)));
    }
    text
}

fn json(found: &Verification) -> Result<String, Failure> {
    let line = |finding: &crate::service::Finding| Line { fault: finding.fault.as_str(), row: Row::from(&finding.row) };
    let findings = found.findings.iter().map(line).collect();
    let faults = found.faults.iter().map(|(fault, count)| (fault.as_str(), *count)).collect();
    let report = Report { sound: found.sound, unrecorded: found.unrecorded, faults, findings };
    let text = serde_json::to_string_pretty(&report).map_err(Failure::other)?;
    Ok(format!("{text}\n"))
}
