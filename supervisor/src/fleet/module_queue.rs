//! Modules that a worker requests while it serves: handed out one after the other, at a rate that does not load the
//! spawner. An app can request modules that do not exist, again and again.

use std::collections::VecDeque;
use std::time::Instant;

use nano_protocol::limits::MAX_MODULE_REQUESTS;

use crate::rate::PacedRate;

/// Modules per second in the long run.
const PER_SECOND: u32 = 200;

/// Modules that are handed out without delay: enough for an app that loads the rest of itself with its first requests.
const AT_ONCE: u32 = 2000;

/// The queue of requested modules, and its rate.
#[derive(Debug)]
pub(super) struct ModuleQueue {
    waiting: VecDeque<(u32, String)>,
    rate: PacedRate,
}

impl ModuleQueue {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), rate: PacedRate::new(PER_SECOND, AT_ONCE) }
    }

    /// False if the queue is full: a correct worker waits for answers.
    pub(super) fn push(&mut self, id: u32, path: String) -> bool {
        let room = self.waiting.len() < MAX_MODULE_REQUESTS;
        if room {
            self.waiting.push_back((id, path));
        }
        room
    }

    /// When the next one is due, if one waits.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| self.rate.earliest().unwrap_or_else(Instant::now))
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<(u32, String)> {
        let next = self.waiting.pop_front()?;
        self.rate.take(now);
        Some(next)
    }
}

#[cfg(test)]
mod tests;
