//! A paced rate: a burst at once, then one turn after the other at a steady rate. A turn that is too early waits until
//! it is due.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The rate of one app or worker.
#[derive(Debug)]
pub(crate) struct PacedRate {
    interval: Duration,
    burst: Duration,
    /// When all turns so far would have been due at the steady rate.
    due: Cell<Instant>,
}

impl PacedRate {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: interval * burst, due: Cell::new(Instant::now()) }
    }

    /// Takes the next turn.
    pub(crate) fn take(&self, now: Instant) {
        self.due.set(self.due.get().max(now) + self.interval);
    }

    /// When the next turn is due, mostly in the past; `None`: before the clock began, which means now.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.due.get().checked_sub(self.burst)
    }
}

#[cfg(test)]
mod tests;
