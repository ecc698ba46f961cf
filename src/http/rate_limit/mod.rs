//! How many requests a user, a project and, without valid credentials, an address may send. Every dialect asks here once for
//! each request, as soon as it knows who calls and before it does anything for them.

mod buckets;
mod settings;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::Method;
use arc_swap::ArcSwapOption;
use prometheus::{IntCounterVec, Opts, Registry};

use self::buckets::{Buckets, Party};
pub use self::settings::Settings;
use super::State;
use super::forwarded::Reached;
use super::operation::dialect_of;
use crate::domain::{Caller, Error, Result};

/// What a request wants; each has a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    Read,
    Write,
}

impl Work {
    pub(super) fn of(method: &Method) -> Self {
        if matches!(*method, Method::GET | Method::HEAD) { Self::Read } else { Self::Write }
    }
}

/// The limits of this process. Clones share them.
#[derive(Clone)]
pub struct RateLimits(Arc<Parts>);

struct Parts {
    /// None where no limit is set.
    buckets: ArcSwapOption<Buckets>,
    limited: IntCounterVec,
}

impl RateLimits {
    /// What is refused is counted in `registry`.
    pub fn new(settings: &Settings, registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Requests refused for their rate, by dialect and by whose it was: user, project or address.";
        let limited = IntCounterVec::new(Opts::new("rate_limited_total", help), &["dialect", "by"])?;
        registry.register(Box::new(limited.clone()))?;
        let buckets = Buckets::new(settings).map(Arc::new);
        Ok(Self(Arc::new(Parts { buckets: ArcSwapOption::new(buckets), limited })))
    }

    /// Has other rates hold from here on. Where they differ, everybody begins anew.
    pub fn set(&self, settings: &Settings) {
        let unchanged = self.0.buckets.load().as_ref().is_some_and(|buckets| buckets.settings == *settings);
        if !unchanged {
            self.0.buckets.store(Buckets::new(settings).map(Arc::new));
        }
    }

    /// Counts a request of a caller, alone and together with the project's others.
    pub(super) fn count(&self, request: &HttpRequest, caller: &Caller, work: Work) -> Result<()> {
        let buckets = self.0.buckets.load();
        let Some(buckets) = buckets.as_ref() else { return Ok(()) };
        let parties = [Some(Party::User(&caller.user, work)), caller.project().map(|it| Party::Project(it, work))];
        parties.into_iter().flatten().try_for_each(|party| self.draw(request, buckets, party))
    }

    /// Counts a login, or a request whose credentials do not hold, by the address that it comes from.
    pub(super) fn count_stranger(&self, request: &HttpRequest, state: &State) -> Result<()> {
        let buckets = self.0.buckets.load();
        let Some(buckets) = buckets.as_ref() else { return Ok(()) };
        let client = Reached::of(request, &state.settings.trusted_proxies).client;
        let address = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.draw(request, buckets, Party::address(address))
    }

    fn draw(&self, request: &HttpRequest, buckets: &Buckets, party: Party<'_>) -> Result<()> {
        buckets.draw(party).map_err(|retry_after: Duration| {
            self.0.limited.with_label_values(&[dialect_of(request), party.as_str()]).inc();
            Error::RateLimited { retry_after }
        })
    }
}
