//! What is counted about generating.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::ssh::Algorithm;

/// Seconds, as generating takes between 0.05 ms and some seconds.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    durations: HistogramVec,
    waits: Histogram,
    depth: IntGauge,
    ready: IntGaugeVec,
    draws: IntCounterVec,
    discarded: IntCounterVec,
}

/// Why a key that nobody had asked for was thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Discarded {
    Age,
    ClockJump,
}

/// What a request for a key found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    Hit,
    Miss,
}

impl Metrics {
    /// Counters of a service of its own, shown by `registry`.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let seconds = |name: &str, help: &str| HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        let help = "How long requests that found no key ready took to generate one.";
        let durations = HistogramVec::new(seconds("keypair_generate_duration_seconds", help), &["algorithm"])?;
        let help = "How long requests waited for a thread that generates.";
        let waits = Histogram::with_opts(seconds("keypair_generate_wait_duration_seconds", help))?;
        let depth = IntGauge::new("keypair_generate_queue_depth", "Requests that wait for a thread that generates.")?;
        let help = "Keys that are ready to be handed out.";
        let ready = IntGaugeVec::new(Opts::new("keypair_pool_keys", help), &["algorithm"])?;
        let help = "Requests for an RSA key, by whether one was ready.";
        let draws = IntCounterVec::new(Opts::new("keypair_pool_draws_total", help), &["algorithm", "result"])?;
        let help = "Keys that were thrown away before anybody asked for them.";
        let discarded = IntCounterVec::new(Opts::new("keypair_pool_discarded_total", help), &["reason"])?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(waits.clone()))?;
        registry.register(Box::new(depth.clone()))?;
        registry.register(Box::new(ready.clone()))?;
        registry.register(Box::new(draws.clone()))?;
        registry.register(Box::new(discarded.clone()))?;
        Ok(Self { durations, waits, depth, ready, draws, discarded })
    }

    pub(super) fn generated(&self, algorithm: Algorithm, took: Duration) {
        self.durations.with_label_values(&[algorithm.as_str()]).observe(took.as_secs_f64());
    }

    pub(super) fn waited(&self, time: Duration) {
        self.waits.observe(time.as_secs_f64());
    }

    pub(super) fn wait(&self, requests: usize) {
        self.depth.set(number(requests));
    }

    pub(super) fn ready(&self, algorithm: Algorithm, keys: usize) {
        self.ready.with_label_values(&[algorithm.as_str()]).set(number(keys));
    }

    pub(super) fn drawn(&self, algorithm: Algorithm, draw: Draw) {
        let result = match draw {
            Draw::Hit => "hit",
            Draw::Miss => "miss",
        };
        self.draws.with_label_values(&[algorithm.as_str(), result]).inc();
    }

    pub(super) fn discarded(&self, reason: Discarded, keys: usize) {
        let word = match reason {
            Discarded::Age => "age",
            Discarded::ClockJump => "clock-jump",
        };
        self.discarded.with_label_values(&[word]).inc_by(keys as u64);
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
