//! How much one app may log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Lines a second, and how many at once after a quiet time.
const LINES: Budget = Budget { per_second: 1000.0, burst: 2000.0 };

/// Bytes a second, and how many at once after a quiet time.
const BYTES: Budget = Budget { per_second: 1_048_576.0, burst: 4_194_304.0 };

#[derive(Debug, Clone, Copy)]
struct Budget {
    per_second: f64,
    burst: f64,
}

impl Budget {
    fn refilled(self, left: f64, after: Duration) -> f64 {
        (left + self.per_second * after.as_secs_f64()).min(self.burst)
    }
}

/// Two token buckets, for lines and bytes. What is over them is dropped and counted.
#[derive(Debug)]
pub struct Rate {
    lines: f64,
    bytes: f64,
    refilled: Instant,
    /// Since the last line that was logged.
    dropped: u64,
    /// Ever, for the metric.
    total: Arc<AtomicU64>,
}

impl Rate {
    /// Full buckets. All that is dropped is added to `total`.
    #[must_use]
    pub fn new(now: Instant, total: Arc<AtomicU64>) -> Self {
        Self { lines: LINES.burst, bytes: BYTES.burst, refilled: now, dropped: 0, total }
    }

    /// So many lines were dropped before they came here.
    pub fn dropped_before(&self, lines: u64) {
        self.total.fetch_add(lines, Ordering::Relaxed);
    }

    /// Whether a line of so many bytes may be logged now; if so, how many were dropped before it.
    pub fn admit(&mut self, bytes: usize, now: Instant) -> Option<u64> {
        let after = now.saturating_duration_since(self.refilled);
        self.refilled = now;
        self.lines = LINES.refilled(self.lines, after);
        self.bytes = BYTES.refilled(self.bytes, after);
        let bytes = bytes as f64;
        if self.lines < 1.0 || self.bytes < bytes {
            self.dropped += 1;
            self.total.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.lines -= 1.0;
        self.bytes -= bytes;
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let start = Instant::now();
        let total = Arc::new(AtomicU64::new(0));
        let mut rate = Rate::new(start, Arc::clone(&total));
        let passed = (0..5000).filter(|_| rate.admit(10, start).is_some()).count();
        assert_eq!(passed, 2000);
        assert_eq!(rate.admit(10, start + Duration::from_millis(2)), Some(3000));
        assert_eq!(rate.admit(10, start + Duration::from_millis(4)), Some(0));
        rate.dropped_before(7);
        assert_eq!(total.load(Ordering::Relaxed), 3007);
    }

    #[test]
    fn few_long_lines_are_a_flood_too() {
        let start = Instant::now();
        let mut rate = Rate::new(start, Arc::default());
        let passed = (0..1000).filter(|_| rate.admit(64 * 1024, start).is_some()).count();
        assert_eq!(passed, 64);
    }
}
