//! The cost of a worker's frames: how much one turn of the link's task processes, and how many useless frames a worker
//! may send before it counts as hostile.
//!
//! A frame is useless when it is about a request that is over, gives less credit than a correct worker ever gives, or
//! holds statistics. Correct workers send some: those that were in flight when a client left, and statistics with each
//! response that counted something. They send no more than that, and what is in flight is bounded (a socket's buffer
//! and a megabyte before it). So each request that was given up, each that was sent and each fetch allows a
//! number, each stream that ended here first allows as many as its window has bytes, and time allows some more. Small
//! chunks of a body that is read are useful, however small and many.

use std::time::Instant;

use nano_protocol::Frame;
use nano_protocol::limits::SOCKET_CREDIT;

use super::Violation;

/// Frames that a link processes before other tasks of the shard get their turn.
const FRAMES_PER_TURN: u32 = 512;
/// The same for bytes.
const BYTES_PER_TURN: usize = 512 * 1024;

/// How many frames a `FetchHead` counts for.
const FETCH_FRAMES: u32 = 32;

/// Useless frames that are allowed in a burst.
const BURST: u64 = 256 * 1024;
/// No allowance grows beyond this.
const MAX_ALLOWANCE: u64 = 4 * BURST;
/// Useless frames that each second allows.
const PER_SECOND: u64 = 10_000;
/// Useless frames that each sent request allows: statistics come with responses.
const PER_REQUEST: u64 = 4;
/// Useless frames that each request allows that was given up before its response was complete.
const PER_ABANDONED: u64 = 4096;
/// Useless frames that each fetch allows: it may be over before the worker knows.
const PER_FETCH: u64 = 64;

/// What one turn may still process.
#[derive(Debug)]
pub(super) struct Turn {
    frames: u32,
    bytes: usize,
}

impl Default for Turn {
    fn default() -> Self {
        Self { frames: FRAMES_PER_TURN, bytes: BYTES_PER_TURN }
    }
}

impl Turn {
    pub(super) fn read(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Takes one frame out of the budget, if there is one.
    pub(super) fn take_frame(&mut self) -> bool {
        let left = self.frames.checked_sub(1);
        self.frames = left.unwrap_or(0);
        left.is_some()
    }

    /// Charges a fetch's cost beyond a frame: a task is made, its head checked.
    pub(super) fn opens_fetch(&mut self) {
        self.frames = self.frames.saturating_sub(FETCH_FRAMES - 1);
    }

    pub(super) fn is_spent(&self) -> bool {
        self.frames == 0 || self.bytes == 0
    }
}

/// A link's account of useless frames.
#[derive(Debug)]
pub(super) struct Waste {
    left: u64,
    filled: Instant,
    /// Since the last settlement.
    useless: u64,
}

impl Waste {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, filled: now, useless: 0 }
    }

    /// Counts a useless frame.
    pub(super) fn count(&mut self) {
        self.useless += 1;
    }

    /// Called at the end of a turn. `sent`, `abandoned`: requests since the last settlement. `late`: bytes that may
    /// still come of streams that ended here first; each may be a frame.
    pub(super) fn settle(&mut self, now: Instant, sent: u64, abandoned: u64, late: u64) -> Result<(), Violation> {
        let micros = u64::try_from(now.saturating_duration_since(self.filled).as_micros()).unwrap_or(u64::MAX);
        let by_time = micros.saturating_mul(PER_SECOND) / 1_000_000;
        if by_time > 0 {
            self.filled = now;
        }
        let earned = by_time
            .saturating_add(sent.saturating_mul(PER_REQUEST))
            .saturating_add(abandoned.saturating_mul(PER_ABANDONED))
            .saturating_add(late);
        self.left = self.left.saturating_add(earned).min(MAX_ALLOWANCE);
        let useless = std::mem::take(&mut self.useless);
        self.left = self.left.checked_sub(useless).ok_or(Violation::Useless)?;
        Ok(())
    }

    /// The worker opened a fetch.
    pub(super) fn fetch_opened(&mut self) {
        self.left = self.left.saturating_add(PER_FETCH).min(MAX_ALLOWANCE);
    }
}

/// Whether a frame is useless whatever stream it is about. Statistics that changed are news, but no correct worker has
/// that many.
pub(super) fn says_little(frame: &Frame) -> bool {
    match frame {
        Frame::Credit { bytes, .. } => *bytes < SOCKET_CREDIT,
        Frame::Stats(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
