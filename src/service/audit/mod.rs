//! The release ledger for those who look at it: records shown, chains verified, heads signed.

mod checkpoint;
mod metrics;
mod read;
mod verify;
mod walk;

pub use self::checkpoint::{Checkpoint, Told, Trust};
pub use self::metrics::CheckpointMetrics;
pub use self::read::{AuditRecord, RecordLimit, Wanted};
pub use self::verify::{Audited, ChainFault, ChainFinding};
use crate::domain::Region;
use crate::store::Store;
use crate::vault::Vault;

/// The ledger of a database.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    vault: Vault,
    region: Region,
}

impl Audit {
    pub fn new(store: Store, vault: Vault, region: Region) -> Self {
        Self { store, vault, region }
    }
}
