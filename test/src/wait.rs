//! Waiting for a condition: polled, with a deadline, and a failure that says what was waited for.

use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);
/// Only guards against hanging: far more than a slow, crowded machine needs, and less than a test may take in all.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Polls `condition` until it gives a value, for at most [`PATIENCE`].
pub fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, condition)
}

/// Polls `condition` until it gives a value, for at most `limit`.
pub fn until_within<T>(limit: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain: {what}");
        thread::sleep(POLL);
    }
}
