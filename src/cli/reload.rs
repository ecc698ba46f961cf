//! Settings that are read again while the service runs.

use std::collections::BTreeMap;

use super::arguments::SettingsArguments;
use crate::app::Live;
use crate::settings::{Effective, Flag, Loaded};
use crate::telemetry::Level;

/// The settings that hold as soon as they are read: the log's level, and what requests read anew each time.
const LIVE: [&str; 10] = [
    "alibaba.key_pairs_per_region",
    "http.rate_limit.burst_seconds",
    "http.rate_limit.project_reads_per_second",
    "http.rate_limit.project_writes_per_second",
    "http.rate_limit.reads_per_second",
    "http.rate_limit.unauthenticated_per_minute",
    "http.rate_limit.writes_per_second",
    "keypair.limit",
    "keypair.min_rsa_bits",
    "log.level",
];

/// Where the settings come from, and those that hold.
pub(super) struct Reload {
    pub(super) arguments: SettingsArguments,
    /// Flags of the command itself.
    pub(super) named: Vec<Flag>,
    pub(super) holds: BTreeMap<String, Effective>,
    pub(super) level: Level,
}

impl Reload {
    /// Reads the settings again, has those hold that can, and says in the log what becomes of those that have changed. Where
    /// they cannot be used, all that hold go on.
    pub(super) fn read(&mut self, live: &Live) {
        let read = self.arguments.load(self.named.clone()).map_err(|problems| problems.to_string());
        let read = read.and_then(|loaded| self.level.set(&loaded.settings.log.level).map(|()| loaded));
        match read {
            Ok(Loaded { settings, effective }) => {
                live.set(&settings);
                self.tell(&effective);
            }
            Err(problems) => {
                for problem in problems.lines() {
                    tracing::error!("the settings were read again and are not used, those that hold stay: {problem}");
                }
            }
        }
    }

    /// Those that need a restart go on as they were, and are told again each time.
    fn tell(&mut self, read: &BTreeMap<String, Effective>) {
        let is_changed = |key: &&String| self.holds.get(*key).map(|it| &it.value) != read.get(*key).map(|it| &it.value);
        let changed = read.keys().filter(is_changed).cloned();
        let (live, fixed): (Vec<_>, Vec<_>) = changed.partition(|key| LIVE.contains(&key.as_str()));
        for key in &live {
            if let Some(now) = read.get(key) {
                self.holds.insert(key.clone(), now.clone());
            }
        }
        let (holds, restart) = (live.join(", "), fixed.join(", "));
        match (live.is_empty(), fixed.is_empty()) {
            (true, true) => tracing::info!("the settings were read again: none has changed"),
            (false, true) => tracing::info!(%holds, "the settings were read again: {holds} changed"),
            (true, false) => {
                tracing::warn!(%restart, "the settings were read again: {restart} changed, which needs a restart")
            }
            (false, false) => tracing::warn!(
                %holds, %restart, "the settings were read again: {holds} changed; {restart} changed too, which needs a restart"
            ),
        }
    }
}
