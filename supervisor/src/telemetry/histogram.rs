//! A histogram of durations in plain atomics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
    30_000_000,
];

/// Counts durations by size.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    sum_micros: AtomicU64,
}

/// The state of a histogram at one moment.
pub(super) struct Snapshot {
    /// Upper bound in seconds, and how many were at most that long.
    pub(super) cumulative: Vec<(f64, u64)>,
    /// How many there were.
    pub(super) count: u64,
    /// All together, in seconds.
    pub(super) sum: f64,
}

impl Histogram {
    pub(super) fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets.get(bucket).unwrap_or(&self.beyond).fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Upper bounds in microseconds, and how many are between the bound before and this one; only those that occurred.
    pub(super) fn buckets(&self) -> Vec<(u64, u64)> {
        let counts = self.buckets.iter().chain(std::iter::once(&self.beyond));
        let bounds = BOUNDS.iter().copied().chain(std::iter::once(u64::MAX));
        bounds
            .zip(counts)
            .map(|(bound, count)| (bound, count.load(Ordering::Relaxed)))
            .filter(|(_, n)| *n > 0)
            .collect()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let cumulative = BOUNDS
            .iter()
            .zip(&self.buckets)
            .map(|(bound, bucket)| {
                count += bucket.load(Ordering::Relaxed);
                (seconds(*bound), count)
            })
            .collect();
        count += self.beyond.load(Ordering::Relaxed);
        Snapshot { cumulative, count, sum: seconds(self.sum_micros.load(Ordering::Relaxed)) }
    }
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests;
