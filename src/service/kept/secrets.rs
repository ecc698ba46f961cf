//! The secrets of access keys follow the primary master key, too.

use super::walk::JobReport;
use super::{Failed, KeptKeys};
use crate::domain::{AccessKey, Result};
use crate::vault::AccessKeyBinding;

/// How many are read at once.
const PAGE: u32 = 1000;

impl KeptKeys {
    /// Wraps each secret by the primary master key, until a walk over all of them finds none under another.
    pub(super) async fn rewrap_secrets(&self, report: &mut JobReport) -> Result<()> {
        loop {
            let (mut moved, mut failed, mut after) = (0, Vec::new(), None);
            loop {
                self.follow_master_keys().await?;
                let keys = self.store.access_keys_page(after.as_ref(), PAGE).await?;
                let Some(last) = keys.last() else { break };
                after = Some(last.ids.id.clone());
                for key in keys.into_iter().filter(|key| key.secret.kek != self.vault.primary_master_key()) {
                    match self.rewrap_secret(&key).await {
                        Ok(written) => moved += u64::from(written),
                        Err(error) => failed.push(Failed::of_access_key(&key, error.with_cause())),
                    }
                }
            }
            report.secrets += moved;
            if moved == 0 {
                failed.into_iter().for_each(|failed| report.fail(failed));
                return Ok(());
            }
        }
    }

    /// Whether it was still there as it was read.
    async fn rewrap_secret(&self, key: &AccessKey) -> Result<bool> {
        let binding = AccessKeyBinding { instance: self.store.instance(), ids: &key.ids };
        let now = self.vault.rewrap_access_key_secret(&key.secret, &binding).await?;
        self.store.access_key_rewrap(&key.ids.id, &key.secret, now).await
    }
}
