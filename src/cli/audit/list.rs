//! `keypaird audit list`

use super::failed;
use crate::cli::identity::Output;
use crate::cli::{Failure, output, process};
use crate::domain::{Chain, KeyPairName, Owner, ProjectId, Region, Timestamp, UserId};
use crate::service::{Audit, AuditRecord, RecordLimit, Wanted};

const EXAMPLES: &str = "\
Examples:
  keypaird audit list --user-id 4f1c… --key-pair web
      What became of the private key of a user's key pair.
  keypaird audit list --project-id 9a07… --output json
  keypaird audit list --operator";

/// Show what became of private keys, and who asked.
///
/// Each owner has a chain of records: a user's also has that user's refused attempts. That the records were shown is
/// recorded there, too.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ListCommand {
    #[command(flatten)]
    whose: Whose,
    /// Only what is about the key pair of this name
    #[arg(long, value_name = "NAME", value_parser = |raw: &str| KeyPairName::parse(raw).map_err(|error| error.to_string()))]
    key_pair: Option<KeyPairName>,
    /// In another of alibaba.regions than the service's own
    #[arg(long, value_name = "ID", value_parser = |raw: &str| Region::parse(raw).map_err(|error| error.to_string()))]
    region: Option<Region>,
    /// At most so many, the last ones; 1000 where it is not said, and never more
    #[arg(long, value_name = "NUMBER", value_parser = limit)]
    limit: Option<RecordLimit>,
    #[command(flatten)]
    output: Output,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The records of a user's key pairs
    #[arg(long, value_name = "ID", value_parser = |raw: &str| UserId::parse(raw).map_err(|error| error.to_string()))]
    user_id: Option<UserId>,
    /// The records of a project's key pairs
    #[arg(long, value_name = "ID", value_parser = |raw: &str| ProjectId::parse(raw).map_err(|error| error.to_string()))]
    project_id: Option<ProjectId>,
    /// The records of what the operator did to all of them
    #[arg(long)]
    operator: bool,
}

impl Whose {
    fn chain(self) -> Chain {
        match (self.user_id, self.project_id) {
            (Some(user), _) => Chain::Of(Owner::User(user)),
            (None, Some(project)) => Chain::Of(Owner::Project(project)),
            (None, None) => Chain::Operator,
        }
    }
}

impl ListCommand {
    pub(super) async fn run(self, audit: &Audit) -> Result<(), Failure> {
        let Self { whose, key_pair, region, limit, output } = self;
        let wanted = Wanted { region, chain: whose.chain(), name: key_pair, limit: limit.unwrap_or_default() };
        let records = audit.read(&wanted, process::operator()).await.map_err(failed)?;
        let head = ["SEQ", "TIME", "EVENT", "OUTCOME", "KEY PAIR", "BY", "FROM", "DETAIL"];
        output::print(&output.list(&records, head, cells).map_err(Failure::other)?)
    }
}

fn limit(raw: &str) -> Result<RecordLimit, String> {
    let asked = raw.parse().map_err(|_| "it must be a number".to_owned())?;
    RecordLimit::new(asked).map_err(|error| error.to_string())
}

fn cells(AuditRecord { owner: _, seq, record }: &AuditRecord) -> [String; 8] {
    let detail = record.detail.clone().or_else(|| record.format.clone()).unwrap_or_default();
    let detail = if record.repeats > 1 { format!("{detail} ({} times)", record.repeats) } else { detail };
    [
        seq.to_string(),
        format!("{}Z", Timestamp::from_micros(record.at)),
        record.event.clone(),
        record.outcome.clone(),
        record.key_pair_name.clone().unwrap_or_default(),
        record.user_id.clone(),
        record.client.clone().unwrap_or_else(|| record.dialect.clone()),
        detail,
    ]
}
