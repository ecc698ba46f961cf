//! A bucket for each party that was heard of lately.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

use super::{Settings, Work};
use crate::auth;
use crate::domain::{ProjectId, UserId};

/// The most parties that are known at a time. Of more, those who ask least are forgotten, and begin anew.
const MOST_PARTIES: u64 = 100_000;

const MINUTE: Duration = Duration::from_secs(60);

/// Whose requests count together.
#[derive(Clone, Copy, Hash)]
pub(super) enum Party<'a> {
    User(&'a UserId, Work),
    Project(&'a ProjectId, Work),
    /// A network, where a host has one to itself.
    Address(IpAddr),
}

impl Party<'_> {
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(auth::network(address))
    }

    /// The word in the metric.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::User(..) => "user",
            Self::Project(..) => "project",
            Self::Address(_) => "address",
        }
    }
}

/// Buckets that fill at a rate, and out of which each request takes one.
pub(super) struct Buckets {
    pub(super) settings: Settings,
    /// By a keyed hash of the party: a name of any length takes the same memory, and nobody can aim at another's.
    known: Cache<u64, Arc<DefaultDirectRateLimiter>>,
    hashing: RandomState,
    clock: DefaultClock,
}

impl Buckets {
    /// None where all rates are 0.
    pub(super) fn new(settings: &Settings) -> Option<Self> {
        let Settings {
            reads_per_second,
            writes_per_second,
            project_reads_per_second,
            project_writes_per_second,
            burst_seconds,
            unauthenticated_per_minute,
        } = settings;
        let rates = [
            reads_per_second,
            writes_per_second,
            project_reads_per_second,
            project_writes_per_second,
            unauthenticated_per_minute,
        ];
        // A bucket that nobody took from for so long is full: to forget it changes nothing.
        let full_after = MINUTE.max(Duration::from_secs((*burst_seconds).into()));
        let known = || Cache::builder().max_capacity(MOST_PARTIES).time_to_idle(full_after).build();
        rates.into_iter().any(|rate| *rate > 0).then(|| Self {
            settings: settings.clone(),
            known: known(),
            hashing: RandomState::new(),
            clock: DefaultClock::default(),
        })
    }

    /// Takes one; in how long there is one again, where there is none.
    pub(super) fn draw(&self, party: Party<'_>) -> Result<(), Duration> {
        let Some(quota) = self.quota(party) else { return Ok(()) };
        let (key, new) = (self.hashing.hash_one(party), || Arc::new(RateLimiter::direct(quota)));
        let bucket = self.known.get_with_by_ref(&key, new);
        bucket.check().map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    fn quota(&self, party: Party<'_>) -> Option<Quota> {
        let Settings { burst_seconds, .. } = self.settings;
        let per_second = |rate: u32| {
            let burst = NonZeroU32::new(rate.saturating_mul(burst_seconds))?;
            Some(Quota::per_second(NonZeroU32::new(rate)?).allow_burst(burst))
        };
        match party {
            Party::User(_, Work::Read) => per_second(self.settings.reads_per_second),
            Party::User(_, Work::Write) => per_second(self.settings.writes_per_second),
            Party::Project(_, Work::Read) => per_second(self.settings.project_reads_per_second),
            Party::Project(_, Work::Write) => per_second(self.settings.project_writes_per_second),
            Party::Address(_) => NonZeroU32::new(self.settings.unauthenticated_per_minute).map(Quota::per_minute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            reads_per_second: 2,
            writes_per_second: 1,
            project_reads_per_second: 0,
            project_writes_per_second: 0,
            burst_seconds: 3,
            unauthenticated_per_minute: 4,
        }
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).expect("is an id")
    }

    /// How many pass at once.
    fn passing(buckets: &Buckets, party: Party<'_>) -> usize {
        (0..100).take_while(|_| buckets.draw(party).is_ok()).count()
    }

    #[test]
    fn each_party_has_a_burst_of_its_own_for_each_kind_of_work() {
        let buckets = Buckets::new(&settings()).expect("has limits");
        let (ann, bob) = (user("ann"), user("bob"));
        // The bucket fills while it is drawn from.
        assert!((6..9).contains(&passing(&buckets, Party::User(&ann, Work::Read))));
        assert!((3..6).contains(&passing(&buckets, Party::User(&ann, Work::Write))));
        assert!((6..9).contains(&passing(&buckets, Party::User(&bob, Work::Read))));
        let project = ProjectId::parse("ann").expect("is an id");
        assert_eq!(passing(&buckets, Party::Project(&project, Work::Read)), 100, "0 is no limit");
    }

    #[test]
    fn a_refusal_says_when_there_is_room_again() {
        let buckets = Buckets::new(&settings()).expect("has limits");
        let ann = user("ann");
        passing(&buckets, Party::User(&ann, Work::Write));
        let wait = buckets.draw(Party::User(&ann, Work::Write)).expect_err("is empty");
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        let address = Party::address(IpAddr::from([192, 0, 2, 1]));
        passing(&buckets, address);
        let wait = buckets.draw(address).expect_err("is empty");
        assert!(wait > Duration::from_secs(1) && wait <= Duration::from_secs(15), "{wait:?}");
    }

    #[test]
    fn an_ipv6_host_is_its_whole_network() {
        let buckets = Buckets::new(&settings()).expect("has limits");
        let at = |address: &str| Party::address(address.parse().expect("is an address"));
        passing(&buckets, at("2001:db8::1"));
        assert!(buckets.draw(at("2001:db8::2")).is_err());
        assert!(buckets.draw(at("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn s59_the_table_of_buckets_does_not_grow_without_bound() {
        let buckets = Buckets::new(&settings()).expect("has limits");
        for number in 0..=u32::try_from(MOST_PARTIES).expect("fits") * 2 {
            let _ = buckets.draw(Party::address(IpAddr::V4(number.into())));
        }
        buckets.known.run_pending_tasks();
        assert!(buckets.known.entry_count() <= MOST_PARTIES, "{}", buckets.known.entry_count());
    }

    /// `cargo test --release --lib -- --ignored --nocapture what_a_draw_costs`
    #[test]
    #[ignore = "says what it costs, in nanoseconds"]
    #[expect(clippy::print_stdout, reason = "says what it measured")]
    fn what_a_draw_costs() {
        let many = Settings { reads_per_second: 100_000_000, ..settings() };
        let buckets = Buckets::new(&many).expect("has limits");
        let users: Vec<UserId> = (0..1000).map(|number| user(&format!("user-{number}"))).collect();
        let (rounds, start) = (1000, std::time::Instant::now());
        for _ in 0..rounds {
            for ann in &users {
                assert!(buckets.draw(Party::User(ann, Work::Read)).is_ok());
            }
        }
        println!("{} ns", start.elapsed().as_nanos() / (rounds * users.len() as u128));
    }
}
