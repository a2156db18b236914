//! A token bucket: a rate per second in the long run, with bursts after a quiet time.

use std::time::Instant;

/// The tokens that are left. Amounts are bytes, frames or whatever is counted.
#[derive(Debug, Clone, Copy)]
pub struct TokenBucket {
    per_second: f64,
    burst: f64,
    left: f64,
    filled: Instant,
}

impl TokenBucket {
    /// A full one.
    #[must_use]
    pub fn full(per_second: f64, burst: f64, now: Instant) -> Self {
        Self { per_second, burst, left: burst, filled: now }
    }

    /// Whether so much may be used now.
    pub fn has(&mut self, amount: f64, now: Instant) -> bool {
        let new = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.filled = now;
        self.left = (self.left + new).min(self.burst);
        self.left >= amount
    }

    /// Takes so many tokens; call [`TokenBucket::has`] first.
    pub fn take(&mut self, amount: f64) {
        self.left -= amount;
    }
}

#[cfg(test)]
mod tests;
