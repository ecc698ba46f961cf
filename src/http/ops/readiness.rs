//! What was last seen of all that requests need, and whether they may be sent here. Who looks is `app`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

use super::steady::Steady;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Database,
    Schema,
    MasterKeys,
    Kms,
    Keystone,
}

impl Check {
    /// As probes and the log call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::MasterKeys => "master_keys",
            Self::Kms => "kms",
            Self::Keystone => "keystone",
        }
    }
}

/// What a look finds: the word is all that a probe is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// Nobody has looked yet.
    Unknown,
    Ok,
    /// The settings want none.
    Unused,
    /// It cannot be used, or does not answer in time.
    Unavailable,
    /// A newer version of the program has migrated the database, and lets this one serve on.
    Compatible,
    /// A newer version of the program has migrated the database, and this one must not serve on it.
    Newer,
    /// They are not those that the database was written with, or not all of them.
    Wrong,
}

impl Finding {
    /// As probes and the log call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Unused => "unused",
            Self::Unavailable => "unavailable",
            Self::Compatible => "compatible",
            Self::Newer => "newer",
            Self::Wrong => "wrong",
        }
    }

    const fn is_fine(self) -> bool {
        match self {
            Self::Ok | Self::Unused | Self::Compatible => true,
            Self::Unknown | Self::Unavailable | Self::Newer | Self::Wrong => false,
        }
    }
}

/// What holds of a check from now on, and what did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub before: Finding,
    pub now: Finding,
}

/// Whether requests may be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ready,
    /// Most requests are answered; those that need what is away are told to come again.
    Degraded,
    Unready,
    /// The process was told to end, and answers what still comes.
    Stopping,
}

impl Status {
    pub const fn takes_requests(self) -> bool {
        match self {
            Self::Ready | Self::Degraded => true,
            Self::Unready | Self::Stopping => false,
        }
    }
}

/// What a probe is told: `{"status": "ready", "checks": {"database": "ok", …}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    pub status: Status,
    pub checks: Findings,
}

/// What holds of each check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Findings {
    pub database: Finding,
    pub schema: Finding,
    pub master_keys: Finding,
    pub kms: Finding,
    pub keystone: Finding,
}

impl Findings {
    /// Of what no request can do without.
    const fn required(&self) -> [Finding; 3] {
        [self.database, self.schema, self.master_keys]
    }

    /// Of what only some requests need. What nobody has seen yet is taken to be there.
    fn is_degraded(&self) -> bool {
        [self.kms, self.keystone].into_iter().any(|it| it != Finding::Unknown && !it.is_fine())
    }
}

/// What was last seen. Clones share it.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    stage: Stage,
    database: Steady<Finding>,
    schema: Steady<Finding>,
    master_keys: Steady<Finding>,
    kms: Steady<Finding>,
    keystone: Steady<Finding>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Serving,
    Stopping,
}

impl Readiness {
    /// Takes note of a look; tells if it changes what holds of the check.
    pub fn see(&self, check: Check, found: Finding) -> Option<Change> {
        let mut seen = self.seen();
        let steady = match check {
            Check::Database => &mut seen.database,
            Check::Schema => &mut seen.schema,
            Check::MasterKeys => &mut seen.master_keys,
            Check::Kms => &mut seen.kms,
            Check::Keystone => &mut seen.keystone,
        };
        let before = holding(steady);
        steady.see(found).map(|now| Change { before, now })
    }

    /// Has probes told, from now on, to send requests elsewhere.
    pub fn stop(&self) {
        self.seen().stage = Stage::Stopping;
    }

    pub fn is_stopping(&self) -> bool {
        self.seen().stage == Stage::Stopping
    }

    /// Whether everything that no request can do without was looked at, whatever was found.
    pub fn is_started(&self) -> bool {
        self.report().checks.required().iter().all(|found| *found != Finding::Unknown)
    }

    pub fn report(&self) -> Report {
        let seen = self.seen();
        let checks = Findings {
            database: holding(&seen.database),
            schema: holding(&seen.schema),
            master_keys: holding(&seen.master_keys),
            kms: holding(&seen.kms),
            keystone: holding(&seen.keystone),
        };
        let status = match seen.stage {
            Stage::Stopping => Status::Stopping,
            Stage::Serving if !checks.required().iter().all(|found| found.is_fine()) => Status::Unready,
            Stage::Serving if checks.is_degraded() => Status::Degraded,
            Stage::Serving => Status::Ready,
        };
        Report { status, checks }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn holding(steady: &Steady<Finding>) -> Finding {
    steady.holds().unwrap_or(Finding::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: [Check; 3] = [Check::Database, Check::Schema, Check::MasterKeys];

    fn started() -> Readiness {
        let readiness = Readiness::default();
        for check in REQUIRED {
            readiness.see(check, Finding::Ok);
        }
        readiness
    }

    fn three_times(readiness: &Readiness, check: Check, found: Finding) {
        for _ in 0..3 {
            readiness.see(check, found);
        }
    }

    #[test]
    fn it_is_started_and_ready_once_everything_that_is_required_was_seen() {
        let readiness = Readiness::default();
        for check in REQUIRED {
            assert_eq!((readiness.is_started(), readiness.report().status), (false, Status::Unready));
            readiness.see(check, Finding::Ok);
        }
        assert_eq!((readiness.is_started(), readiness.report().status), (true, Status::Ready));
    }

    #[test]
    fn what_requests_cannot_do_without_makes_it_unready_and_a_kms_or_keystone_degraded() {
        let cases = [
            (Check::Database, Finding::Unavailable, Status::Unready),
            (Check::Schema, Finding::Newer, Status::Unready),
            (Check::Schema, Finding::Compatible, Status::Ready),
            (Check::MasterKeys, Finding::Wrong, Status::Unready),
            (Check::Kms, Finding::Unavailable, Status::Degraded),
            (Check::Keystone, Finding::Unavailable, Status::Degraded),
            (Check::Kms, Finding::Unused, Status::Ready),
        ];
        for (check, found, status) in cases {
            let readiness = started();
            three_times(&readiness, check, found);
            assert_eq!(readiness.report().status, status, "{}", check.name());
        }
    }

    #[test]
    fn one_look_that_fails_changes_nothing() {
        let readiness = started();
        assert_eq!(readiness.see(Check::Database, Finding::Unavailable), None);
        readiness.see(Check::Database, Finding::Unavailable);
        assert_eq!(readiness.report().status, Status::Ready);
        let change = Change { before: Finding::Ok, now: Finding::Unavailable };
        assert_eq!(readiness.see(Check::Database, Finding::Unavailable), Some(change));
        assert_eq!(readiness.report().status, Status::Unready);
    }

    #[test]
    fn who_stops_is_never_ready_again() {
        let readiness = started();
        readiness.stop();
        three_times(&readiness, Check::Database, Finding::Ok);
        assert_eq!(readiness.report().status, Status::Stopping);
        assert!(!readiness.report().status.takes_requests());
    }

    #[test]
    fn a_word_is_written_as_it_is_named() {
        let all = [
            Finding::Unknown,
            Finding::Ok,
            Finding::Unused,
            Finding::Unavailable,
            Finding::Compatible,
            Finding::Newer,
            Finding::Wrong,
        ];
        for found in all {
            assert_eq!(serde_json::to_value(found).expect("is text"), found.name());
        }
    }
}
