//! The secrets of access keys follow the primary master key, too.

use super::pacer::Pacer;
use super::walk::{JobReport, Walk};
use super::{Failed, KeptKeys};
use crate::domain::{AccessKey, Result};
use crate::vault::AccessKeyBinding;

/// How many are read at once.
const PAGE: u32 = 1000;

impl KeptKeys {
    /// Wraps each secret by the primary master key, until a walk over all of them finds none under another.
    pub(super) async fn rewrap_secrets(&self, pacer: &mut Pacer, report: &mut JobReport) -> Result<()> {
        loop {
            let mut failed = Vec::new();
            if self.secrets_walk(pacer, report, &mut failed).await?.is_last() {
                failed.into_iter().for_each(|failed| report.fail(failed));
                return Ok(());
            }
        }
    }

    async fn secrets_walk(&self, pacer: &mut Pacer, report: &mut JobReport, failed: &mut Vec<Failed>) -> Result<Walk> {
        let (mut walk, mut after) = (Walk::default(), None);
        loop {
            self.follow_master_keys().await?;
            let keys = self.store.access_keys_page(after.as_ref(), PAGE).await?;
            let Some(last) = keys.last() else { return Ok(walk) };
            after = Some(last.ids.id.clone());
            let primary = self.vault.primary_master_key();
            for key in keys.into_iter().filter(|key| key.secret.kek != primary) {
                match self.rewrap_secret(&key).await {
                    Ok(true) => {
                        walk.done += 1;
                        report.secrets += 1;
                    }
                    Ok(false) => walk.changed += 1,
                    Err(error) => failed.push(Failed::of_access_key(&key, error.with_cause())),
                }
                pacer.after(1).await;
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
