//! How often one app may do something: so many times at once, then at a steady rate. Who is too early waits its time.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// See the file's head.
#[derive(Debug)]
pub(super) struct Rate {
    interval: Duration,
    burst: Duration,
    /// When all that was done so far would have been due at the steady rate.
    due: Cell<Instant>,
}

impl Rate {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: interval * burst, due: Cell::new(Instant::now()) }
    }

    /// Takes the next turn; when it is.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let due = self.due.get().max(now);
        self.due.set(due + self.interval);
        due.checked_sub(self.burst).map_or(now, |at| at.max(now))
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
