//! The rates.

/// `http.rate_limit.*`; a rate of 0 is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Of a user, whatever token or access key proves who it is.
    pub reads_per_second: u32,
    pub writes_per_second: u32,
    /// Of all of a project's users together.
    pub project_reads_per_second: u32,
    pub project_writes_per_second: u32,
    /// How many seconds' worth of these may come at once.
    pub burst_seconds: u32,
    /// Of an address: logins, and requests whose credentials do not hold. A minute's worth may come at once.
    pub unauthenticated_per_minute: u32,
}
