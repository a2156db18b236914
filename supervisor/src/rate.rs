//! How often something may be done: so many times at once, then at a steady rate. What is too early waits its time.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The account of one app or worker.
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    burst: Duration,
    /// When all that was done so far would have been due at the steady rate.
    due: Cell<Instant>,
}

impl Rate {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: interval * burst, due: Cell::new(Instant::now()) }
    }

    /// Takes the next turn; when it is.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        let at = self.earliest().map_or(now, |at| at.max(now));
        self.due.set(self.due.get().max(now) + self.interval);
        at
    }

    /// When the next turn would be, mostly in the past; `None`: before the clock began, which is as good as now.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.due.get().checked_sub(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let rate = Rate::new(100, 10);
        let now = Instant::now() + Duration::from_secs(1);
        let waits: Vec<_> = (0..20).map(|_| rate.next(now) - now).collect();
        assert!(waits.iter().take(11).all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits.last(), Some(&Duration::from_millis(90)));
        // What was not used for a while is there again, and no more than that.
        let later = now + Duration::from_secs(60);
        let waits: Vec<_> = (0..20).map(|_| rate.next(later) - later).collect();
        assert_eq!(waits.last(), Some(&Duration::from_millis(90)));
    }
}
