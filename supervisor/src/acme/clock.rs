//! Whether the clock was set back. What is to be done at a time by the clock would be done as much later: an order that
//! failed while the clock was a year ahead would be tried again in a year.

use std::time::{Duration, Instant, SystemTime};

/// Less is as good as nothing.
const NOTABLE: Duration = Duration::from_secs(60);

/// The time by the clock, and by one that nobody sets.
#[derive(Debug)]
pub(super) struct Clock {
    wall: SystemTime,
    steady: Instant,
}

impl Clock {
    pub(super) fn new(wall: SystemTime, steady: Instant) -> Self {
        Self { wall, steady }
    }

    /// By how much it was set back since the last look, if it was. Small steps are added up.
    pub(super) fn set_back(&mut self, wall: SystemTime, steady: Instant) -> Option<Duration> {
        let expected = self.wall + steady.saturating_duration_since(self.steady);
        let by = expected.duration_since(wall).unwrap_or_default();
        if by < NOTABLE && wall < expected {
            return None;
        }
        *self = Self { wall, steady };
        Some(by).filter(|by| *by >= NOTABLE)
    }
}

#[cfg(test)]
mod tests;
