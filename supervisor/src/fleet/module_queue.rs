//! Modules that a worker asked for while it serves: handed out one after the other, and no faster than the spawner opens
//! files without being noticed. An app can ask for modules that are not there, again and again.

use std::collections::VecDeque;
use std::time::Instant;

use nano_protocol::limits::MAX_MODULE_REQUESTS;

use crate::rate::Rate;

/// Modules in a second, for long.
const PER_SECOND: u32 = 200;

/// Modules that are handed out without waiting: those of an app that loads the rest of itself with its first requests.
const AT_ONCE: u32 = 2000;

/// Modules that wait, and how fast they may go.
#[derive(Debug)]
pub(super) struct ModuleQueue {
    waiting: VecDeque<(u32, String)>,
    rate: Rate,
}

impl ModuleQueue {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), rate: Rate::new(PER_SECOND, AT_ONCE) }
    }

    /// False if as many wait as may: an honest worker waits for answers.
    pub(super) fn push(&mut self, id: u32, path: String) -> bool {
        let room = self.waiting.len() < MAX_MODULE_REQUESTS;
        if room {
            self.waiting.push_back((id, path));
        }
        room
    }

    /// When the next one is to be handed out, if one waits.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| self.rate.earliest().unwrap_or_else(Instant::now))
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<(u32, String)> {
        let next = self.waiting.pop_front()?;
        self.rate.next(now);
        Some(next)
    }
}

#[cfg(test)]
mod tests;
