//! How long to wait before a worker is started again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

/// The second failure in a row waits this long; each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A worker that was ready this long was healthy: the count of failures begins anew.
pub(super) const HEALTHY_AFTER: Duration = Duration::from_secs(10);

/// After so many failures in a row the app is in a crash loop, and its requests are refused instead of queued.
const LOOP_AFTER: u32 = 4;

/// So many workers in a row that were killed from outside are restarted at once.
const KILLS: u32 = 10;

/// After each such interval one more may be restarted at once.
const KILL_EVERY: Duration = Duration::from_secs(1);

/// The wait between restarts when the kills continue.
const KILL_LOOP_WAIT: Duration = Duration::from_secs(1);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    kills: Kills,
}

/// The budget of immediate restarts after kills.
#[derive(Debug, Default)]
struct Kills {
    used: u32,
    since: Option<Instant>,
}

impl Kills {
    /// Whether one more worker may be restarted at once.
    fn one_more(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let back = now.saturating_duration_since(since).as_secs() / KILL_EVERY.as_secs();
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        if back > 0 {
            self.used = self.used.saturating_sub(back);
            self.since = Some(if self.used == 0 { now } else { since + KILL_EVERY.saturating_mul(back) });
        }
        let left = self.used < KILLS;
        self.used += u32::from(left);
        left
    }
}

impl Backoff {
    /// A worker failed after it had been ready for `healthy_for`. The first failure costs no wait.
    pub(super) fn failed(&mut self, healthy_for: Duration) -> Duration {
        self.failed_with_jitter(healthy_for, random_fraction())
    }

    /// Jitter shortens the wait by up to a fifth, so that workers that died together are not restarted together.
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
                FIRST_WAIT.saturating_mul(factor).min(MAX_WAIT).mul_f64(1.0 - 0.2 * jitter)
            }
        }
    }

    /// A worker was killed from outside nano. If it had shown that it works, by an answer or by its age, that is no
    /// failure: the next one is started at once, or soon if the kills continue. If it had not, it may have been killed
    /// for what it does.
    pub(super) fn killed(&mut self, healthy_for: Duration, answered: bool, now: Instant) -> Duration {
        if !answered && healthy_for < HEALTHY_AFTER {
            return self.failed(healthy_for);
        }
        self.failures = 0;
        if self.kills.one_more(now) { Duration::ZERO } else { KILL_LOOP_WAIT }
    }

    /// Whether the app is in a crash loop.
    pub(super) fn is_loop(&self) -> bool {
        self.failures >= LOOP_AFTER
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// From 0 to 1. Every `RandomState` has new keys, which is random enough to spread timers.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
