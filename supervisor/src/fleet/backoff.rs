//! How long to wait before a worker is started again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The second failure in a row waits this long; each further one twice as long.
const FIRST: Duration = Duration::from_millis(100);

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// A worker that lived this long was healthy: the next failure is a first one again.
pub(super) const HEALTHY_AFTER: Duration = Duration::from_secs(10);

/// From so many failures in a row on, the app is in a crash loop and its requests need not wait.
const LOOP_AFTER: u32 = 4;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A worker failed after it had been ready for `healthy_for`. The first failure costs no wait.
    pub(super) fn failed(&mut self, healthy_for: Duration) -> Duration {
        self.failed_with_jitter(healthy_for, random_fraction())
    }

    /// Jitter takes off up to a fifth, so that workers that died together do not come back together.
    fn failed_with_jitter(&mut self, healthy_for: Duration, jitter: f64) -> Duration {
        if healthy_for >= HEALTHY_AFTER {
            self.failures = 0;
        }
        let earlier = self.failures;
        self.failures = self.failures.saturating_add(1);
        match earlier.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => {
                let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
                FIRST.saturating_mul(factor).min(LONGEST).mul_f64(1.0 - 0.2 * jitter)
            }
        }
    }

    /// Whether it fails again and again.
    pub(super) fn is_loop(&self) -> bool {
        self.failures >= LOOP_AFTER
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// From 0 to 1. Every `RandomState` has fresh keys; that is random enough to spread timers.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(backoff: &mut Backoff, count: usize) -> Vec<u128> {
        (0..count).map(|_| backoff.failed_with_jitter(Duration::ZERO, 0.0).as_millis()).collect()
    }

    #[test]
    fn doubles_up_to_the_longest() {
        let mut backoff = Backoff::default();
        assert_eq!(waits(&mut backoff, 5), [0, 100, 200, 400, 800]);
        assert!(backoff.is_loop());
        assert_eq!(waits(&mut backoff, 7), [1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
        assert_eq!(waits(&mut backoff, 60).last(), Some(&30_000));
    }

    #[test]
    fn health_resets() {
        let mut backoff = Backoff::default();
        waits(&mut backoff, 6);
        assert_eq!(backoff.failed_with_jitter(HEALTHY_AFTER, 0.0), Duration::ZERO);
        assert!(!backoff.is_loop());
        assert_eq!(waits(&mut backoff, 1), [100]);
    }

    #[test]
    fn jitter_only_shortens() {
        for _ in 0..1000 {
            let mut backoff = Backoff { failures: 20 };
            let wait = backoff.failed(Duration::ZERO);
            assert!(wait <= LONGEST && wait >= LONGEST.mul_f64(0.8), "{wait:?}");
        }
    }
}
