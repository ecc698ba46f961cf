//! Records shown to somebody: which is itself recorded, before anything is shown.

use serde::Serialize;

use super::Audit;
use crate::domain::{Actor, Caller, Chain, Entry, Error, Event, KeyPairName, Record, Result, Role, Scope, Subject};

/// How many records are read at once.
const PAGE: u32 = 1000;

/// Which records are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub chain: Chain,
    /// Only those about this key pair.
    pub name: Option<KeyPairName>,
    /// The last so many.
    pub limit: usize,
}

/// A record and where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRecord {
    pub owner: String,
    pub seq: i64,
    #[serde(flatten)]
    pub record: Record,
}

impl Audit {
    /// Whether the caller may see the ledger: with the role `auditor`, which no other role implies, on a project or on the
    /// system. It is no administrator's, whose own doings stand there too.
    pub fn may_read(&self, caller: &Caller) -> bool {
        match caller.scope {
            Scope::Project(_) | Scope::System => caller.roles.contains(&Role::AUDITOR),
            Scope::Domain(_) | Scope::Unscoped => false,
        }
    }

    /// The records, in order. That `actor` read them is recorded on the same chain first.
    pub async fn read(&self, wanted: &Wanted, actor: Actor) -> Result<Vec<AuditRecord>> {
        let subject = Subject { name: wanted.name.clone(), ..Subject::default() };
        let entry = Entry::done(Event::AuditRead, actor, subject);
        let mut found = std::collections::VecDeque::new();
        let mut after = 0;
        self.store.ledger_append(&self.region, &wanted.chain, entry).await?;
        loop {
            let page = self.store.ledger_page(&self.region, &wanted.chain, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for stored in page {
                let record: Record = serde_json::from_str(&stored.record).map_err(Error::internal)?;
                let name = wanted.name.as_ref().map(KeyPairName::as_str);
                if name.is_none() || name == record.key_pair_name.as_deref() {
                    found.push_back(AuditRecord { owner: stored.owner, seq: stored.seq, record });
                    if found.len() > wanted.limit {
                        found.pop_front();
                    }
                }
            }
        }
        Ok(found.into())
    }
}
