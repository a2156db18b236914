//! Whether a client keeps a minimum rate in the middle of a body, in one direction.
//!
//! An account: each tick of waiting for the client costs as many bytes as the slowest accepted client moves in it, and
//! each byte that is moved is credited. A client whose account is empty is cut. So a client may pause for a while,
//! longer if it has moved more before, but it cannot hold the connection by moving a byte now and then. Waiting for an
//! app costs nothing.

use std::cell::Cell;
use std::time::Duration;

/// The rates of one shard, in thousandths of a byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateBudget {
    /// The cost of one tick.
    tick: u64,
    /// The maximum of an account.
    most: u64,
    /// The initial credit of an upload.
    upload: u64,
}

impl RateBudget {
    /// `rate` in bytes per second; the pauses are those of a client that moves nothing.
    pub(super) fn new(rate: u32, tick: Duration, longest_pause: Duration, first_pause: Duration) -> Self {
        let price = |time: Duration| {
            let price = time.as_millis().max(1).saturating_mul(rate.max(1).into());
            u64::try_from(price).unwrap_or(u64::MAX)
        };
        let most = price(longest_pause);
        Self { tick: price(tick), most, upload: price(first_pause).min(most) }
    }
}

/// The account of one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct MinRate {
    left: Cell<u64>,
    waiting: Cell<bool>,
}

impl MinRate {
    /// A request's body begins.
    pub(super) fn begin_upload(&self, budget: &RateBudget) {
        self.waiting.set(false);
        self.left.set(budget.upload);
    }

    /// A response begins.
    pub(super) fn begin_download(&self, budget: &RateBudget) {
        self.waiting.set(false);
        self.left.set(budget.most);
    }

    /// Waiting for the client begins.
    pub(super) fn wait(&self) {
        self.waiting.set(true);
    }

    /// The client has moved bytes.
    pub(super) fn moved(&self, bytes: usize, budget: &RateBudget) {
        self.waiting.set(false);
        let paid = (bytes as u64).saturating_mul(1000);
        self.left.set(self.left.get().saturating_add(paid).min(budget.most));
    }

    /// Forgets that the client is waited for.
    pub(super) fn forget(&self) {
        self.waiting.set(false);
    }

    /// Called on each tick: whether the client is too slow.
    pub(super) fn is_behind(&self, budget: &RateBudget) -> bool {
        if !self.waiting.get() {
            return false;
        }
        let left = self.left.get().checked_sub(budget.tick);
        self.left.set(left.unwrap_or(0));
        left.is_none()
    }
}

#[cfg(test)]
mod tests;
