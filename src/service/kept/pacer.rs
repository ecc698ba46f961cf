//! How fast a job goes.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How fast a job may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    AsFastAsPossible,
    /// At most so many rows a second.
    RowsPerSecond(u32),
    RowsPerMinute(u32),
}

impl Pace {
    /// The time that a row takes.
    fn of_a_row(self) -> Duration {
        match self {
            Self::AsFastAsPossible => Duration::ZERO,
            Self::RowsPerSecond(rate) => Duration::from_secs(1) / rate.max(1),
            Self::RowsPerMinute(rate) => Duration::from_secs(60) / rate.max(1),
        }
    }
}

/// Keeps a job at its pace. Time that was lost is not made good: after a stall it goes on at its pace, and not faster.
pub(super) struct Pacer {
    row: Duration,
    due: Instant,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self { row: pace.of_a_row(), due: Instant::now() }
    }

    /// Waits until so many rows may have been worked on since the last time.
    pub(super) async fn after(&mut self, rows: usize) {
        self.due += self.row * u32::try_from(rows).unwrap_or(u32::MAX);
        sleep_until(self.due).await;
        self.due = self.due.max(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_keeps_its_pace_and_does_not_catch_up_after_a_stall() {
        let (mut pacer, started) = (Pacer::new(Pace::RowsPerSecond(100)), Instant::now());
        pacer.after(10).await;
        assert!(started.elapsed() >= Duration::from_millis(100), "{:?}", started.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
        // The first may go at once.
        pacer.after(1).await;
        let stalled = Instant::now();
        pacer.after(10).await;
        assert!(stalled.elapsed() >= Duration::from_millis(100), "{:?}", stalled.elapsed());
    }
}
