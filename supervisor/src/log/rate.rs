//! How much one app may log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use nano_protocol::TokenBucket;

/// Lines a second, and how many at once after a quiet time.
const LINES: (f64, f64) = (1000.0, 2000.0);

/// Bytes a second, and how many at once after a quiet time.
const BYTES: (f64, f64) = (1_048_576.0, 4_194_304.0);

/// Two token buckets, for lines and bytes. What is over them is dropped and counted.
#[derive(Debug)]
pub struct Rate {
    lines: TokenBucket,
    bytes: TokenBucket,
    /// Since the last line that was logged.
    dropped: u64,
    /// Ever, for the metric.
    total: Arc<AtomicU64>,
}

impl Rate {
    /// Full buckets. All that is dropped is added to `total`.
    #[must_use]
    pub fn new(now: Instant, total: Arc<AtomicU64>) -> Self {
        let full = |(per_second, burst)| TokenBucket::full(per_second, burst, now);
        Self { lines: full(LINES), bytes: full(BYTES), dropped: 0, total }
    }

    /// So many lines were dropped before they came here. They are told with the next line that is admitted.
    /// Sums saturate: a worker may claim any number.
    pub fn dropped_before(&mut self, lines: u64) {
        self.dropped = self.dropped.saturating_add(lines);
        let sum = |total: u64| Some(total.saturating_add(lines));
        let _previous = self.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }

    /// Whether a line of so many bytes may be logged now; if so, how many were dropped before it.
    pub fn admit(&mut self, bytes: usize, now: Instant) -> Option<u64> {
        let bytes = bytes as f64;
        if !self.lines.has(1.0, now) || !self.bytes.has(bytes, now) {
            self.dropped_before(1);
            return None;
        }
        self.lines.take(1.0);
        self.bytes.take(bytes);
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        // What was dropped before a line that is dropped itself is told with the next one.
        let later = start + Duration::from_secs(60);
        assert_eq!((0..2000).filter(|_| rate.admit(10, later).is_some()).count(), 2000);
        rate.dropped_before(100);
        assert_eq!(rate.admit(10, later), None);
        assert_eq!(rate.admit(10, later + Duration::from_millis(2)), Some(101));
        // A worker claims what it likes.
        (0..2).for_each(|_| rate.dropped_before(u64::MAX));
        assert_eq!(rate.admit(10, later + Duration::from_millis(4)), Some(u64::MAX));
        assert_eq!(total.load(Ordering::Relaxed), u64::MAX);
    }

    #[test]
    fn few_long_lines_are_a_flood_too() {
        let start = Instant::now();
        let mut rate = Rate::new(start, Arc::default());
        let passed = (0..1000).filter(|_| rate.admit(64 * 1024, start).is_some()).count();
        assert_eq!(passed, 64);
    }
}
