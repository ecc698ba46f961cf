//! Records shown to somebody: which is itself recorded, before anything is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::Audit;
use crate::domain::{
    Actor, Caller, Chain, Entry, Error, Event, KeyPairName, Owner, Record, Region, Result, Role, Scope, Subject,
};

/// How many records are shown at once, and read at once.
const MOST: u32 = 1000;

/// Which records are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Another region than the service's own.
    pub region: Option<Region>,
    pub chain: Chain,
    /// Only those about this key pair.
    pub name: Option<KeyPairName>,
    /// The last so many.
    pub limit: RecordLimit,
}

/// How many records are wanted: 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimit(u32);

impl RecordLimit {
    pub fn new(asked: u64) -> Result<Self> {
        let reason = || format!("1 to {MOST} records can be asked for at once");
        let limit = u32::try_from(asked).ok().filter(|limit| (1..=MOST).contains(limit));
        limit.map(Self).ok_or_else(|| Error::Invalid { field: "limit", reason: reason() })
    }
}

impl Default for RecordLimit {
    fn default() -> Self {
        Self(MOST)
    }
}

/// A record and where it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditRecord {
    pub owner: String,
    pub seq: i64,
    #[serde(flatten)]
    pub record: Record,
}

impl Audit {
    /// Whether the caller may see a chain: with the role `auditor`, which no other role implies, on the system. On a project
    /// it shows that project's chain alone: whoever may give roles there may make auditors, too. It is no administrator's,
    /// whose own doings stand in the ledger.
    pub fn may_read(&self, caller: &Caller, chain: &Chain) -> bool {
        let is_in_scope = match &caller.scope {
            Scope::System => true,
            Scope::Project(project) => *chain == Chain::Of(Owner::Project(project.clone())),
            Scope::Domain(_) | Scope::Unscoped => false,
        };
        is_in_scope && caller.roles.contains(&Role::AUDITOR)
    }

    /// A misspelt region must not look like one in which nothing happened, nor get a chain by being asked for.
    async fn refuse_unknown(&self, region: &Region, chain: &Chain) -> Result<()> {
        let is_known =
            *region == self.region || !self.store.ledger_page_before(region, chain, i64::MAX, 1).await?.is_empty();
        let reason = || format!("has no records of {chain}");
        if is_known { Ok(()) } else { Err(Error::Invalid { field: "region", reason: reason() }) }
    }

    /// The records, in order. That `actor` read them is recorded on the same chain first.
    pub async fn read(&self, wanted: &Wanted, actor: Actor) -> Result<Vec<AuditRecord>> {
        let subject = Subject { name: wanted.name.clone(), ..Subject::default() };
        let entry = Entry::done(Event::AuditRead, actor, subject);
        let region = wanted.region.as_ref().unwrap_or(&self.region);
        self.refuse_unknown(region, &wanted.chain).await?;
        self.store.ledger_append(region, &wanted.chain, entry).await?;
        let RecordLimit(limit) = wanted.limit;
        let most = limit as usize;
        // Where a key pair is asked for, most of a page may be about others.
        let page = if wanted.name.is_some() { MOST } else { limit };
        let mut found = Vec::new();
        let mut before = i64::MAX;
        while found.len() < most {
            let records = self.store.ledger_page_before(region, &wanted.chain, before, page).await?;
            let Some(first) = records.last() else { break };
            before = first.seq;
            for stored in records {
                let record: Record = serde_json::from_str(&stored.record).map_err(Error::internal)?;
                let name = wanted.name.as_ref().map(KeyPairName::as_str);
                if name.is_none() || name == record.key_pair_name.as_deref() {
                    found.push(AuditRecord { owner: stored.owner, seq: stored.seq, record });
                }
                if found.len() == most {
                    break;
                }
            }
        }
        found.reverse();
        Ok(found)
    }
}
