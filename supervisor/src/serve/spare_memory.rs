//! Gives memory that a peak took back to the system when it is over.

use std::time::Duration;

use nano_spawner::heap;

use crate::telemetry::resident;

/// How often is looked, and how rarely at most where giving back has brought little: what there is is in use.
const OFTEN: Duration = Duration::from_secs(4);
const RARELY: Duration = Duration::from_secs(60);

/// Bytes that are worth it.
const WORTH: u64 = 8 << 20;

/// What is known of the process's memory.
#[derive(Debug)]
struct SpareMemory {
    /// The least that it ever had.
    least: u64,
    pause: Duration,
}

impl SpareMemory {
    /// Whether there may be something to give back, of so many resident bytes.
    fn is_due(&mut self, resident: u64) -> bool {
        self.least = self.least.min(resident);
        let is_due = resident - self.least >= WORTH;
        if !is_due {
            self.pause = OFTEN;
        }
        is_due
    }

    /// It was given back.
    fn given(&mut self, before: u64, after: u64) {
        self.least = self.least.min(after);
        let little = before.saturating_sub(after) < WORTH / 2;
        self.pause = if little { (self.pause * 2).min(RARELY) } else { OFTEN };
    }
}

/// Looks again and again.
pub(super) async fn give_back() {
    let own = std::process::id();
    let mut memory = SpareMemory { least: u64::MAX, pause: OFTEN };
    loop {
        tokio::time::sleep(memory.pause).await;
        // Without /proc it is not known.
        let Some(before) = resident(own) else { return };
        if memory.is_due(before) {
            heap::trim();
            memory.given(before, resident(own).unwrap_or(before));
        }
    }
}

#[cfg(test)]
mod tests;
