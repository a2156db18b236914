//! Token buckets: a rate per second in the long run, with bursts after a quiet time.

use std::time::Instant;

/// The tokens that are left. Amounts are bytes, frames or whatever is counted.
#[derive(Debug, Clone, Copy)]
struct TokenBucket {
    per_second: f64,
    burst: f64,
    left: f64,
    filled: Instant,
}

impl TokenBucket {
    fn full((per_second, burst): (f64, f64), now: Instant) -> Self {
        Self { per_second, burst, left: burst, filled: now }
    }

    /// Whether so much may be used now.
    fn has(&mut self, amount: f64, now: Instant) -> bool {
        let new = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.filled = now;
        self.left = (self.left + new).min(self.burst);
        self.left >= amount
    }

    /// Takes so many tokens; call [`TokenBucket::has`] first.
    fn take(&mut self, amount: f64) {
        self.left -= amount;
    }
}

/// How many messages, and how many bytes of them, are let through. Both buckets count.
#[derive(Debug, Clone, Copy)]
pub struct MessageRate {
    messages: TokenBucket,
    bytes: TokenBucket,
}

impl MessageRate {
    /// For `messages` and `bytes`, each as (per second, at once after a quiet time). The buckets are full.
    #[must_use]
    pub fn full(messages: (f64, f64), bytes: (f64, f64), now: Instant) -> Self {
        Self { messages: TokenBucket::full(messages, now), bytes: TokenBucket::full(bytes, now) }
    }

    /// Whether a message of so many bytes is let through now. One that is not takes nothing.
    pub fn admit(&mut self, bytes: usize, now: Instant) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "messages are far below 2^52 bytes")]
        let bytes = bytes as f64;
        let admitted = self.messages.has(1.0, now) && self.bytes.has(bytes, now);
        if admitted {
            self.messages.take(1.0);
            self.bytes.take(bytes);
        }
        admitted
    }
}

#[cfg(test)]
mod tests;
