//! When a certificate is ordered again: at two thirds of its life, and after failures.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::downstream::tls::CertificateFacts;

/// Waits after the first failure in a row, and the longest, by what failed. An authority that cannot be reached is asked
/// again soon. One that has refused counts refusals: Let's Encrypt takes five in an hour for a name.
const UNREACHED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10 * 60));
const REFUSED: (Duration, Duration) = (Duration::from_secs(5 * 60), Duration::from_secs(6 * 60 * 60));

/// The longest wait that an authority may ask for.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An order is not tried again sooner, also if an operator asks.
const MIN_WAIT: Duration = Duration::from_secs(60);

/// A certificate is not renewed sooner after it was issued, whatever its dates are.
const MIN_LIFE: Duration = Duration::from_secs(10);

/// When a certificate is to be renewed: at two thirds of its life, or up to 3 % of it earlier, so that certificates that
/// were issued together are not renewed together. The same for each look at the same certificate.
pub(super) fn renewal(facts: &CertificateFacts) -> SystemTime {
    let (Some(begins), Some(expires)) = (facts.begins, facts.expires) else { return SystemTime::UNIX_EPOCH };
    let life = expires.duration_since(begins).unwrap_or_default();
    let hash = facts.hostname.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let early = life.mul_f64(0.03 * f64::from(hash % 1000) / 1000.0);
    begins + (life * 2 / 3).saturating_sub(early)
}

/// The wait after this many failures in a row, at least one. `jitter`, from 0 to 1, makes it up to a fifth longer.
pub(super) fn wait(is_unreached: bool, failures: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
    let (first, longest) = if is_unreached { UNREACHED } else { REFUSED };
    let factor = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let own = first.saturating_mul(factor).min(longest).mul_f64(1.0 + 0.2 * jitter);
    own.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
}

/// How much of a wait there is in any case, if an operator asks for a try at once, which again and again would use up what
/// the authority allows.
pub(super) fn soonest(wait: Duration, retry_after: Option<Duration>) -> Duration {
    (wait / 5).max(MIN_WAIT).max(retry_after.unwrap_or_default()).min(wait)
}

/// When a certificate that was issued now is to be renewed. By a clock that is wrong, its time for that may have come
/// already, or its end be near: a part of its life passes before the next is ordered.
pub(super) fn first_renewal(facts: &CertificateFacts, now: SystemTime) -> SystemTime {
    let left = facts.expires.and_then(|expires| expires.duration_since(now).ok()).unwrap_or_default();
    let life = facts.begins.zip(facts.expires).and_then(|(begins, expires)| expires.duration_since(begins).ok());
    renewal(facts).max(now + (left / 3).max(life.unwrap_or_default() / 9).max(MIN_LIFE))
}

/// From 0 to 1. Every `RandomState` has new keys, which is random enough to spread timers.
pub(super) fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
