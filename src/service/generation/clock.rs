//! The two clocks by which a copied or suspended machine is noticed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time on both clocks at once.
pub(super) type Clock = Box<dyn Fn() -> Moment + Send + Sync>;

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The monotonic clock, which stands still while the machine does.
    pub(super) running: Duration,
    /// Time since 1970, which somebody sets.
    pub(super) wall: Duration,
}

impl Moment {
    /// How much more or less time one clock has counted since `earlier` than the other.
    pub(super) fn apart_from(self, earlier: Self) -> Duration {
        (self.wall + earlier.running).abs_diff(earlier.wall + self.running)
    }
}

/// The machine's clocks.
pub(super) fn machine() -> Clock {
    let start = Instant::now();
    Box::new(move || Moment {
        running: start.elapsed(),
        wall: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
    })
}
