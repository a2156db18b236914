//! How much one app may log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use nano_protocol::MessageRate;

/// Lines per second, and in a burst.
const LINES: (f64, f64) = (1000.0, 2000.0);

/// Bytes per second, and in a burst.
const BYTES: (f64, f64) = (1_048_576.0, 4_194_304.0);

/// The rate of lines and of their bytes. Lines over it are dropped and counted.
#[derive(Debug)]
pub struct LogRate {
    lines: MessageRate,
    /// Since the last line that was logged.
    dropped: u64,
    /// In all, for the metric.
    total: Arc<AtomicU64>,
}

impl LogRate {
    /// Begins with full buckets. Dropped lines are added to `total`.
    #[must_use]
    pub fn new(now: Instant, total: Arc<AtomicU64>) -> Self {
        Self { lines: MessageRate::full(LINES, BYTES, now), dropped: 0, total }
    }

    /// Counts lines that the worker dropped. They are reported with the next admitted line.
    pub fn dropped_before(&mut self, lines: u64) {
        self.dropped = self.dropped.saturating_add(lines);
        let sum = |total: u64| Some(total.saturating_add(lines));
        let _previous = self.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }

    /// Whether a line of so many bytes may be logged now; if so, how many were dropped before it.
    pub fn admit(&mut self, bytes: usize, now: Instant) -> Option<u64> {
        if !self.lines.admit(bytes, now) {
            self.dropped_before(1);
            return None;
        }
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests;
