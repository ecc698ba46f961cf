//! A moment, as it is stored.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

/// Microseconds since 1970-01-01T00:00:00Z, as the database holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub fn now() -> Self {
        let nanoseconds = OffsetDateTime::now_utc().unix_timestamp_nanos();
        Self(i64::try_from(nanoseconds / 1000).unwrap_or(i64::MAX))
    }

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since then, cut off.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `earlier` before this moment.
    pub fn minus(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(earlier.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment and `later` more.
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(later.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Timestamp {
    /// `2026-11-21T19:37Z`, as Alibaba's ECS writes a time.
    pub fn to_minute(self) -> String {
        format!("{}Z", self.cut(16))
    }

    /// `2026-11-21T19:37:16Z`, as its ENS does.
    pub fn to_second(self) -> String {
        format!("{}Z", self.cut(19))
    }

    /// So much of the time as it is written in full.
    fn cut(self, length: usize) -> String {
        self.to_string().chars().take(length).collect()
    }
}

/// `2026-11-21T19:37:16.388720`: UTC with six decimals and no zone letter, as Nova writes `created_at` (recorded).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]");
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000).map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(form).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_nova_writes_created_at() {
        assert_eq!(Timestamp::from_micros(1_795_289_836_388_720).to_string(), "2026-11-21T19:37:16.388720");
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000");
    }
}
